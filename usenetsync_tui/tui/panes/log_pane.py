"""The log pane: the events of the engine, newest last."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from textual.geometry import Size

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.tasks import Event, Severity
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.inks import Ink, Line
from usenetsync_tui.tui.kit.lines_view import LinesView

_MARKS: dict[Severity, tuple[str, Ink]] = {
    Severity.INFO: ("·", "muted"),
    Severity.WARN: ("!", "warn"),
    Severity.BAD: ("!", "bad"),
}
_INKS: dict[Severity, Ink] = {Severity.INFO: "plain", Severity.WARN: "warn", Severity.BAD: "bad"}
_TIME = 12
"""Cells of the time and the mark."""
_KEPT = 1024
"""More than the engine keeps, so that each event is wrapped once."""


@lru_cache(maxsize=_KEPT)
def event_lines(event: Event, width: int) -> tuple[Line, ...]:
    """Local time, mark and text; wrapped lines are indented to the text."""
    mark, ink = _MARKS[event.severity]
    at = datetime.fromtimestamp(event.at).astimezone()
    room = max(8, width - _TIME)
    wrapped = textwrap.wrap(safe_name(event.text), room) or [""]
    words = [cut_middle(line, room) for line in wrapped]
    start: Line = ((f"{at:%H:%M:%S}  ", "muted"), (f"{mark} ", ink))
    first: Line = (*start, (words[0], _INKS[event.severity]))
    return (first, *((((" " * _TIME) + line, _INKS[event.severity]),) for line in words[1:]))


def log_lines(events: Sequence[Event], width: int) -> list[Line]:
    """All events, oldest first."""
    return [line for event in events for line in event_lines(event, width)]


class LogPane(LinesView):
    """Follows the end of the log unless the user has scrolled up."""

    HELP = "Events since the engine started. `G` follows the end. `?` closes this help."
    BINDING_GROUP_TITLE = "Log"

    def __init__(self, *, id: str) -> None:
        super().__init__(self._compose_events, id=id)
        self._events: tuple[Event, ...] = ()
        self._width = 0
        self._made: list[Line] = []

    def _compose_events(self, status: EngineStatus, width: int, height: int) -> list[Line]:
        if not status.events:
            return [(("Nothing has happened yet.", "muted"),)]
        if status.events is not self._events or width != self._width:
            self._events, self._width = status.events, width
            self._made = log_lines(status.events, width)
        return self._made

    def recompose_lines(self) -> None:
        """Draw the events; stay at the end, or at the displayed lines as older events drop out."""
        before, width = self._events, self._width
        at_end = self.scroll_offset.y >= self.max_scroll_y
        super().recompose_lines()
        if at_end:
            self.scroll_end(animate=False, immediate=True, force=True)
        elif width == self._width and before is not self._events:
            gone = sum(len(event_lines(event, width)) for event in _gone(before, self._events))
            if gone:
                self.scroll_to(y=max(0, self.scroll_offset.y - gone), animate=False, force=True)
        self.subtitle("" if at_end else "G follows the end")

    def watch_virtual_size(self, size: Size) -> None:
        """Stay at the end: the first lines arrive before the pane knows its height."""
        if self.scroll_offset.y >= self.max_scroll_y - 1:
            self.scroll_end(animate=False, immediate=True, force=True)


def _gone(before: Sequence[Event], after: Sequence[Event]) -> Sequence[Event]:
    """The events at the front of `before` that `after` no longer has."""
    if not after:
        return before
    return before[: next((n for n, event in enumerate(before) if event == after[0]), len(before))]
