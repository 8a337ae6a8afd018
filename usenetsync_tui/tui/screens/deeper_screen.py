"""The screens one goes down to from the dashboard: where one is on top, keys below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.strip import Strip
from textual.widget import Widget

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.ports import Browser
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineStatus, FolderStatus
from usenetsync_tui.tui.actions.context import AnyList, AtHand
from usenetsync_tui.tui.actions.registry import DEEPER
from usenetsync_tui.tui.commands.action_screen import ActionScreen
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.kit.action import Action, bindings
from usenetsync_tui.tui.kit.inks import Line, width_of
from usenetsync_tui.tui.kit.key_bar import KeyBar
from usenetsync_tui.tui.kit.lines_view import InkedView, LinesView
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.kit.version_words import is_being_built
from usenetsync_tui.tui.panes.status_line import deeper_banner

Crumbs = tuple[str, ...]
"""Where a screen is, the outermost first; safe to look at."""
_LEAST = 8


def crumb_line(crumbs: Sequence[str], width: int) -> Line:
    """``photos › version 12 › 1998/IMG.CR3``; the longest ones give way."""
    shown = list(crumbs)
    while width_of(_joined(shown)) > width:
        longest = max(range(len(shown)), key=lambda at: width_of(((shown[at], "plain"),)))
        cells = width_of(((shown[longest], "plain"),))
        if cells <= _LEAST:
            break
        over = width_of(_joined(shown)) - width
        shown[longest] = cut_middle(shown[longest], max(_LEAST, cells - over))
    return _joined(shown)


def _joined(crumbs: Sequence[str]) -> Line:
    line: Line = ()
    for crumb in crumbs[:-1]:
        line = (*line, (crumb, "muted"), (" › ", "track"))
    return (*line, (crumbs[-1], "strong"))


class Breadcrumb(InkedView, can_focus=False):
    """One line: where one is."""

    def __init__(self, crumbs: Crumbs) -> None:
        super().__init__(id="breadcrumb")
        self._crumbs = crumbs

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        return self.draw(crumb_line(self._crumbs, width) if y == 0 else ())


BACK_ACTIONS: tuple[Action[DeeperScreen], ...] = (
    Action(
        "deeper.back",
        "Back",
        lambda screen: screen.go_back(),
        keys="escape,backspace,q",
        key_display="esc",
        footer=True,
    ),
)


class DeeperScreen(ActionScreen):
    """A breadcrumb, what must be known before anything else, one thing to look at, the keys.

    They act on the folder it is about.
    """

    BINDING_GROUP_TITLE = "Screen"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = BACK_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings((*DEEPER, *BACK_ACTIONS))

    def __init__(
        self, crumbs: Crumbs, *, browser: Browser | None = None, folder: Folder | None = None
    ) -> None:
        super().__init__()
        self.crumbs = crumbs
        self._browser = browser
        self._folder = folder

    @property
    def browser(self) -> Browser | None:
        """What answered when the screen was opened."""
        return self._browser

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder the screen is about, as of the latest status."""
        folder = self._folder
        if folder is None:
            return None
        known = self.status.folders if self.status is not None else ()
        same = (each for each in known if each.folder.id == folder.id)
        return next(same, FolderStatus(folder))

    @property
    def files(self) -> FilesTable | None:
        """Those listed here."""
        return next(iter(self.query(FilesTable)), None)

    @property
    def rows(self) -> AnyList | None:
        """The list that fills the screen."""
        return next(iter(self.query(PagedTable)), None)

    def as_it_is(self, at: AtHand) -> AtHand:
        """The same part of the folder; whether its version is finished as of the latest status."""
        building = at.version is not None and is_being_built(at.version, self.chosen)
        return replace(at, unfinished=building)

    def content(self) -> Widget:
        """What fills the screen, and has the focus."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield Breadcrumb(self.crumbs)
        yield LinesView(deeper_banner, id="banner")
        yield self.content()
        yield KeyBar()

    def on_mount(self) -> None:
        """Bars take no focus; what there is to say, `show` says."""
        banner = self.query_one("#banner")
        banner.can_focus = banner.display = False

    def show(self, status: EngineStatus) -> None:
        """Learn how the engine is doing, and say what it waits for."""
        super().show(status)
        banner = self.query_one("#banner", LinesView)
        height = min(3, len(deeper_banner(status, 0, 0)))
        # Said, not left to the style sheet: what has no lines yet gets no room to make some for.
        if height and banner.size.height != height:
            banner.styles.height = height
        if banner.display != bool(height):
            banner.display = bool(height)
        banner.show(status)

    def go_back(self) -> None:
        """To the screen above."""
        self.dismiss(None)


def crumbs_of(folder: str, *deeper: str | bytes) -> Crumbs:
    """A folder's name and what lies below it, made safe."""
    return tuple(safe_name(part) or "." for part in (folder, *deeper))
