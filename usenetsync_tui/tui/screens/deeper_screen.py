"""The base of the screens over the dashboard: a breadcrumb on top, the keys at the bottom."""

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
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.text.safe_name import safe_name
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
"""The path to a screen, the folder first; safe to show."""
_LEAST = 8


def crumb_line(crumbs: Sequence[str], width: int) -> Line:
    """``photos › version 12 › 1998/IMG.CR3``; if too wide, the longest crumb is cut first."""
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
    """One line with the path to this screen."""

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
    """A breadcrumb, a banner for urgent news, one widget that fills the screen, and the keys.

    The keys act on the folder of the screen.
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
        """The browser that the screen was opened with."""
        return self._browser

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder of the screen, from the latest status."""
        folder = self._folder
        if folder is None:
            return None
        known = self.status.folders if self.status is not None else ()
        same = (each for each in known if each.folder.id == folder.id)
        return next(same, FolderStatus(folder))

    @property
    def files(self) -> FilesTable | None:
        """The table of files, if this screen has one."""
        return next(iter(self.query(FilesTable)), None)

    @property
    def rows(self) -> AnyList | None:
        """The list that fills the screen."""
        return next(iter(self.query(PagedTable)), None)

    def as_it_is(self, at: AtHand) -> AtHand:
        """A copy of `at` with `unfinished` from the latest status."""
        building = at.version is not None and is_being_built(at.version, self.chosen)
        return replace(at, unfinished=building)

    def content(self) -> Widget:
        """The widget that fills the screen; subclasses give it the focus."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield Breadcrumb(self.crumbs)
        yield LinesView(deeper_banner, id="banner")
        yield self.content()
        yield KeyBar()

    def on_mount(self) -> None:
        """Hide the banner until `show` has something for it; bars take no focus."""
        banner = self.query_one("#banner")
        banner.can_focus = banner.display = False

    def show(self, status: EngineStatus) -> None:
        """Take the latest status, and show in the banner what the engine waits for."""
        super().show(status)
        banner = self.query_one("#banner", LinesView)
        height = min(3, len(deeper_banner(status, 0, 0)))
        # Set here, not in the style sheet: a view without lines gets no room, and without room it
        # composes no lines.
        if height and banner.size.height != height:
            banner.styles.height = height
        if banner.display != bool(height):
            banner.display = bool(height)
        banner.show(status)

    def go_back(self) -> None:
        """Close this screen."""
        self.dismiss(None)


def crumbs_of(folder: str, *deeper: str | bytes) -> Crumbs:
    """Crumbs of a folder's name and the names below it, made safe to show."""
    return tuple(safe_name(part) or "." for part in (folder, *deeper))
