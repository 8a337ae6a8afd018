"""Tables for people: a head, aligned columns, and never wider than the terminal.

Knows cells (East Asian characters take two) and how to fit a table: first it cuts long texts in
their middle, then it prints each row as several lines. Refuses to know the contents of cells. In a
pipe it cuts nothing.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence

import click
from rich.cells import cell_len

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.value_object import value_object

_GAP = "  "


@value_object
class Column:
    """One column: its head, and how far its texts may be cut."""

    head: str
    right: bool = False
    """Figures are aligned to the right."""
    least: int = 0
    """Least cells to which its texts may be cut; 0: they are never cut."""


def terminal_width() -> int | None:
    """Cells of a line on standard output; None if that is not a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], width: int | None
) -> Iterator[str]:
    """The lines of a table. A cell may have click's styles if its column is never cut."""
    every = list(rows)
    widths = fitted(columns, every, width)
    if widths is None:
        yield from _stacked(columns, every)
        return
    yield line(columns, [c.head for c in columns], widths)
    for row in every:
        yield line(columns, row, widths)


def fitted(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None
) -> list[int] | None:
    """The cells of each column; None when the columns do not fit side by side."""
    cells = ((column.head, *(row[i] for row in rows)) for i, column in enumerate(columns))
    widths = [max(map(_cells, texts)) for texts in cells]
    if width is None:
        return widths
    excess = sum(widths) + len(_GAP) * (len(columns) - 1) - width
    flexible = [i for i, column in enumerate(columns) if column.least]
    while excess > 0:
        # Narrow the widest column by a cell at a time, so that long texts are cut first.
        widest = max(flexible, key=lambda i: widths[i], default=None)
        if widest is None or widths[widest] <= columns[widest].least:
            return None
        widths[widest] -= 1
        excess -= 1
    return widths


def line(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> str:
    """One line of a table."""
    cells = zip(columns, row, widths, strict=True)
    return _GAP.join(_cell(*cell) for cell in cells).rstrip()


def _cell(column: Column, text: str, width: int) -> str:
    if _cells(text) > width:
        text = cut_middle(text, width)
    padding = " " * (width - _cells(text))
    return padding + text if column.right else text + padding


def _stacked(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        if number:
            yield ""
        for column, text in zip(columns, row, strict=True):
            yield f"{column.head}: {text}"


def _cells(text: str) -> int:
    return cell_len(click.unstyle(text))
