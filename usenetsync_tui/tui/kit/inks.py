"""Lines of text in inks: pure functions compose them and `LinesView` draws them.

An ink names a meaning, not a colour; the style sheet gives it a colour. The text is never parsed
for markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from usenetsync_tui.cells import cut

Ink = Literal["plain", "strong", "muted", "track", "accent", "good", "busy", "warn", "bad"]
INKS: tuple[Ink, ...] = get_args(Ink)

Span = tuple[str, Ink]
Line = tuple[Span, ...]


def width_of(line: Line) -> int:
    """The width of a line, in cells."""
    return sum(cell_len(text) for text, _ in line)


def fit(line: Iterable[Span], width: int) -> Line:
    """The line cut to `width` cells; neighbouring spans of one ink become one span."""
    out: list[Span] = []
    left = width
    for text, ink in line:
        if left <= 0:
            break
        shown = text if cell_len(text) <= left else cut(text, left)
        left -= cell_len(shown)
        if out and out[-1][1] == ink:
            out[-1] = (out[-1][0] + shown, ink)
        elif shown:
            out.append((shown, ink))
    return tuple(out)


def flow(fields: Iterable[Line], width: int, rows: int, gap: int = 3) -> list[Line]:
    """Lay out fields one after another on at most `rows` lines; fields without room are dropped."""
    lines: list[Line] = []
    current: Line = ()
    for field in fields:
        joined = (*current, (" " * gap, "plain"), *field) if current else fit(field, width)
        if width_of(joined) <= width:
            current = joined
        elif len(lines) + 1 < rows:
            lines.append(current)
            current = fit(field, width)
    return [*lines, current]


def to_strip(line: Line, width: int, styles: Mapping[Ink, Style], base: Style) -> Strip:
    """Draw a line in exactly `width` cells over the style `base`.

    Neighbours of one style become one segment, which keeps an update small.
    """
    strip = Strip([Segment(text, base + styles[ink]) for text, ink in line])
    return strip.adjust_cell_length(width, base).simplify()
