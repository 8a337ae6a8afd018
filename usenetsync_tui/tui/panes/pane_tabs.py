"""The names of the panes in one line, for a terminal that shows one pane at a time.

Every pane is named at each width from 60 columns on: without room, the counts are left out first,
then the gaps. A click on a name asks for its pane.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from textual.events import Click
from textual.message import Message

from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.text.figures import count
from usenetsync_tui.tui.kit.inks import Ink, Line, width_of
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.panes.pane_order import LABELS, PANES

_SHORT = {**LABELS, "database": "DB"}
Counts = Callable[[str], int]
"""What a pane has, by its id: folders, errors, servers; 0: nothing to count."""


def tab_line(shown: str, counts: Counts, width: int) -> Line:
    """``1 Folders 7   2 Files …``: a span for each pane of `PANES`, and one after each."""
    lines = [_line(shown, counts, gap, counted) for gap in (3, 1) for counted in (True, False)]
    return next((line for line in lines if width_of(line) <= width), lines[-1])


def _line(shown: str, counts: Counts, gap: int, counted: bool) -> Line:
    line: Line = ()
    for number, pane in enumerate(PANES, 1):
        many = counts(pane)
        # Errors are never left out: the mark alone then tells that there are some.
        more = f" {count(many)}" if counted and many else "!" if pane == "errors" and many else ""
        ink: Ink = "accent" if pane == shown else "muted"
        line = (*line, (f"{number} {_SHORT[pane]}{more}", ink), (" " * gap, "plain"))
    return line[:-1]


def pane_at(line: Line, x: int) -> str:
    """The pane whose name is at cell `x` of a `tab_line`; empty: none is."""
    ends = [0]
    for span in line:
        ends.append(ends[-1] + width_of((span,)))
    found = (n for n, (begin, end) in enumerate(pairwise(ends)) if begin <= x < end)
    number = next(found, 1)
    return PANES[number // 2] if number % 2 == 0 else ""


class PaneTabs(LinesView, can_focus=False):
    """The line of tabs."""

    @dataclass
    class Clicked(Message):
        """The user clicked the name of a pane."""

        pane: str

    def __init__(self, shown: Callable[[], str], counts: Counts) -> None:
        """`shown` returns the pane that is displayed now."""
        super().__init__(self._compose_tabs, id="tabs")
        self._shown = shown
        self._counts = counts

    def _compose_tabs(self, status: EngineStatus, width: int, height: int) -> list[Line]:
        return [tab_line(self._shown(), self._counts, width)]

    def on_click(self, event: Click) -> None:
        """Ask for the pane under the pointer."""
        offset = event.get_content_offset(self)
        pane = pane_at(self.line_at(0), offset.x) if offset is not None else ""
        if pane:
            self.post_message(self.Clicked(pane))
