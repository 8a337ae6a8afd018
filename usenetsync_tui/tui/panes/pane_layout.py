"""Decides which panes of the dashboard are displayed, and the texts of their frames.

Knows sizes, names and counts. Refuses to know what a pane shows and what keys do.
"""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.style import Style

from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.tui.panes.folders_pane import FoldersPane
from usenetsync_tui.tui.panes.pane_order import LABELS, LOWER, PANES, UPPER
from usenetsync_tui.tui.panes.pane_tabs import PaneTabs

FRAMES = {"files": "files-pane"}
"""The ids of the frames around panes, for panes that have one."""
ALL_PANES = (100, 32)
"""The columns and rows from which several panes are displayed at a time."""
ANY_PANE = (60, 15)
"""The columns and rows below which no pane is displayed."""
_FOR_GRAPH = 20
"""The rows below which the graph leaves its own to the folders."""


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
        self._has_graph = True
        self._entitled: tuple[bool | str, ...] = ()
        """The drawn titles of the lower panes, because setting a title redraws its whole pane."""

    def show(self, status: EngineStatus) -> None:
        """Take the latest status: titles show the counts of folders, errors and servers."""
        self._status = status
        self._entitle()

    @property
    def shown(self) -> str:
        """The pane that is displayed, or, of several, the one that the user went to last."""
        return self._pane

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
        self._size_name, self._has_graph = _size_name(size), size.height >= _FOR_GRAPH
        self._screen.add_class(self._size_name, update=False)

    def resize(self, size: Size) -> None:
        """Choose how many panes to display."""
        name, has_graph = _size_name(size), size.height >= _FOR_GRAPH
        if (name, has_graph) != (self._size_name, self._has_graph):
            self._size_name, self._has_graph = name, has_graph
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
        self.display("#throughput", self._has_graph and (full or at == {"folders"}))
        self.display("#tabs", compact)
        self.display("#enlarge", not at)
        self.display("#keys", bool(at))
        self._screen.query_one(PaneTabs).recompose_lines()
        self._entitle()

    def _label(self, pane: str) -> str:
        count = self.count(pane)
        return f"{PANES.index(pane) + 1} {LABELS[pane]}" + (f" {count:,}" if count else "")

    def count(self, pane: str) -> int:
        """How many folders, errors or servers there are; 0 for a pane without a count."""
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
            # A click on the name in the frame runs the screen's action.
            click = Style.from_meta({"@click": f"screen.show_pane({pane!r})"})
            label = self._label(pane)
            parts.append(Content.styled(label, style).stylize(click))
        tabs = Content("   ").join(parts)
        for pane in LOWER:
            title = Content(self._label(pane)) if compact else tabs
            self._screen.query_one(f"#{pane}").border_title = title
