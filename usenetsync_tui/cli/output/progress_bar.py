"""The progress bar of a run on a terminal, with the figures and the current file.

A module of its own, as the library takes longer to import than many a command takes to run.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio
from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.figures import NOTHING, duration, number, percent, rate
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waiting

_EVERY = 0.25
_BAR = 24
"""Cells."""
_WIDE = 60
"""Cells of a terminal from which the second line is indented below the bar."""


async def show(
    figures: Callable[[], JobStatus | None], waiting: Callable[[], Waiting | None]
) -> bool:
    """Show the running job, or what the program waits for, until cancelled.

    False if the terminal cannot move its cursor.
    """
    console = Console(stderr=True)
    if console.is_dumb_terminal:
        return False
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while True:
            job = figures()
            shown = _waiting(waiting()) if job is None else _table(job, console.width)
            live.update(shown, refresh=True)
            await anyio.sleep(_EVERY)


def _waiting(now: Waiting | None) -> Text:
    return Text("" if now is None else safe_name(str(now)), overflow="ellipsis", no_wrap=True)


def _table(job: JobStatus, width: int) -> Table:
    """Two lines: the bar with its figures, and the current file or wait.

    A narrow terminal shows fewer figures, the most useful ones; the line never wraps.
    """
    done, total = job.done_bytes, job.total_bytes
    share = f"{percent(min(1.0, done / total)):>4}" if total else f"{NOTHING:>4}"
    files = f"{number(job.done_files)}/{number(job.total_files)} files" if job.total_files else ""
    bar = ProgressBar(total=max(total, 1), completed=done, width=_BAR)
    cells: list[tuple[int, Text | ProgressBar, int]] = [
        (0, Text(f"{job.phase:8}"), 8),
        (4, bar, _BAR),
        (1, *_text(share + ("" if job.scanned else "+"))),
        (2, *_text(rate(job.bytes_per_second))),
        (5, *_text(files)),
        (3, *_text(f"ETA {duration(job.eta)}")),
    ]
    while sum(room + 1 for _, _, room in cells) > width and len(cells) > 2:
        cells.remove(max(cells, key=lambda cell: cell[0]))
    grid = Table.grid(padding=(0, 1))
    grid.add_row(*(shown for _, shown, _ in cells))
    lines = Table.grid()
    lines.add_row(grid)
    in_hand = safe_name(job.current if job.waiting is None else str(job.waiting))
    indent = " " * 9 if width >= _WIDE else ""
    lines.add_row(Text(f"{indent}{in_hand}", overflow="ellipsis", no_wrap=True))
    return lines


def _text(text: str) -> tuple[Text, int]:
    """A text and its width in cells."""
    return Text(text), cell_len(text)
