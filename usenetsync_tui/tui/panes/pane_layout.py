"""Decides which panes of the dashboard are displayed, and the texts of their frames and tabs.

Knows sizes, names and counts. Refuses to know what a pane shows and what keys do.
"""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen

from usenetsync_tui.model.status import EngineStatus
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.panes.folders_pane import FoldersPane
from usenetsync_tui.tui.panes.pane_order import LABELS, LOWER, PANES, UPPER

FRAMES = {"files": "files-pane"}
"""The ids of the frames around panes, for panes that have one."""
ALL_PANES = (100, 32)
"""The columns and rows from which several panes are displayed at a time."""
ANY_PANE = (60, 15)
"""The columns and rows below which no pane is displayed."""


def _size_name(size: Size) -> str:
    columns, rows = size
    if columns < ANY_PANE[0] or rows < ANY_PANE[1]:
        return "tiny"
    return "full" if columns >= ALL_PANES[0] and rows >= ALL_PANES[1] else "compact"


class PaneLayout:
    """Displays several panes, one or none, depending on the size of the screen."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self._status: EngineStatus | None = None
        self._pane = "files"
        self._lower = "workers"
        self._size_name = ""
        """``tiny``, ``compact`` or ``full``."""
        self._entitled: tuple[bool | str, ...] = ()
        """The drawn titles of the lower panes, because setting a title redraws its whole pane."""

    def show(self, status: EngineStatus) -> None:
        """Take the latest status: titles show the counts of folders, errors and servers."""
        self._status = status
        self._entitle()

    def tab_lines(self, status: EngineStatus, width: int, height: int) -> list[Line]:
        """The names of all panes in one line, for a screen that displays one pane at a time."""
        line: Line = ()
        for pane in PANES:
            text = f" {self._label(pane)} "
            line = (*line, (text, "accent" if pane == self._pane else "muted"), (" ", "plain"))
        return [line]

    def pane_after(self, by: int) -> str:
        """The pane `by` steps after the displayed one; negative: before it."""
        return PANES[(PANES.index(self._pane) + by) % len(PANES)]

    def go_to(self, pane: str) -> None:
        """Display a pane."""
        if pane == self._pane:
            return
        self._pane = pane
        if pane in LOWER:
            self._lower = pane
        self.arrange()

    def begin(self, size: Size) -> None:
        """Choose how many panes to display, before any is mounted; `arrange` displays them."""
        self._size_name = _size_name(size)
        self._screen.add_class(self._size_name, update=False)

    def resize(self, size: Size) -> None:
        """Choose how many panes to display."""
        name = _size_name(size)
        if name != self._size_name:
            self._size_name = name
            for each in ("tiny", "compact", "full"):
                self._screen.set_class(each == name, each)
            self.arrange()

    def display(self, selector: str, shown: bool) -> None:
        """Show or hide a widget; does nothing if that changes nothing."""
        widget = self._screen.query_one(selector)
        if widget.display != shown:
            widget.display = shown

    def arrange(self) -> None:
        """Display the panes that fit. Uses no classes: changing one re-matches every style rule."""
        full, compact = self._size_name == "full", self._size_name == "compact"
        at = {self._pane} if compact else {*UPPER, self._lower} if full else set()
        for pane in PANES:
            self.display(f"#{FRAMES.get(pane, pane)}", pane in at)
        self.display("#work", bool(at & {*UPPER}))
        self.display("#throughput", full or at == {"folders"})
        self.display("#tabs", compact)
        self.display("#enlarge", not at)
        self.display("#keys", bool(at))
        self._screen.query_one("#tabs", LinesView).recompose_lines()
        self._entitle()

    def _label(self, pane: str) -> str:
        count = self._count(pane)
        name = "DB" if pane == "database" and self._size_name == "compact" else LABELS[pane]
        return f"{PANES.index(pane) + 1} {name}" + (f" {count:,}" if count else "")

    def _count(self, pane: str) -> int:
        if self._status is None:
            return 0
        match pane:
            case "folders":
                return len(self._status.folders)
            case "errors":
                return sum(f.job.errors for f in self._status.folders if f.job)
            case "servers":
                return len(self._status.servers)
        return 0

    def _entitle(self) -> None:
        """Set the titles. The frame of the lower pane lists all lower panes."""
        self._screen.query_one(FoldersPane).title(self._label("folders"))
        compact = self._size_name == "compact"
        entitled: tuple[bool | str, ...] = (compact, self._lower, *map(self._label, LOWER))
        if entitled == self._entitled:
            return
        self._entitled = entitled
        parts: list[Content] = []
        for pane in LOWER:
            style = "bold $foreground" if pane == self._lower else "$ink-muted not bold"
            parts.append(Content.styled(self._label(pane), style))
        tabs = Content("   ").join(parts)
        for pane in LOWER:
            title = Content(self._label(pane)) if compact else tabs
            self._screen.query_one(f"#{pane}").border_title = title
