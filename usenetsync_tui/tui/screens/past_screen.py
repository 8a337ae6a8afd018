"""The history of one file: each version in which it changed; Enter restores that state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.history import PastState
from usenetsync_tui.tui.actions.context import AtHand
from usenetsync_tui.tui.actions.restore_actions import restore
from usenetsync_tui.tui.kit.action import Action, bindings
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.list_source import Directory
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.screens.deeper_screen import DeeperScreen, crumbs_of
from usenetsync_tui.tui.screens.question_lines import past_header, past_line


@value_object
class PastSource:
    """The states of one path, newest first; a key is a row's number."""

    browser: Browser
    folder_id: int
    path: bytes

    async def page(self, start: int | None, limit: int) -> Sequence[PastState]:
        """Up to `limit` states from row `start` on: a path has at most one for each version."""
        first = start or 0
        return (await self.browser.file_history(self.folder_id, self.path))[first : first + limit]

    async def directory(self, page_size: int, start: int | None) -> Directory[int]:
        """The row numbers at which pages begin."""
        first = start or 0
        count = len(await self.browser.file_history(self.folder_id, self.path))
        return Directory(count - first, tuple(range(first, count, page_size)))

    def before(self, page: Sequence[PastState], key: int) -> Sequence[PastState]:
        """The page unchanged: with row numbers as keys, pages never overlap."""
        return page


def _has_state(table: PastTable) -> str:
    return "" if table.cursor_row is not None else "No finished version has this file."


PAST_ACTIONS: tuple[Action[PastTable], ...] = (
    Action(
        "past.restore",
        "Restore",
        lambda table: table.restore(),
        (_has_state,),
        keys="enter",
        tooltip="this state",
        footer=True,
    ),
)


class PastTable(PagedTable[PastState, int]):
    """The versions in which a file changed."""

    HELP = "Enter restores the file as this version has it. `?` closes this help."
    BINDING_GROUP_TITLE = "File history"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = PAST_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(PAST_ACTIONS)

    def header(self, width: int) -> Line:
        return past_header(width)

    def compose_row(self, row: PastState, width: int, number: int) -> Line:
        return past_line(row, width, cursor=number == self.cursor)

    def empty(self) -> Line:
        if not self.pages.loaded:
            return (("Reading the versions…", "muted"),)
        return (("No finished version has this file.", "muted"),)

    def heading(self) -> str:
        return "File history · newest first"

    def remarks(self) -> list[str]:
        row = self.cursor_row
        return ["enter restores the state before"] if row and row.is_gone else []

    def restore(self) -> None:
        """Ask where to restore the state under the cursor."""
        if isinstance(self.screen, PastScreen):
            restore(self.screen)


class PastScreen(DeeperScreen):
    """The history of one file."""

    def __init__(self, browser: Browser, folder: Folder, path: bytes) -> None:
        super().__init__(crumbs_of(folder.name, path, "history"), browser=browser, folder=folder)
        self._listed = PastSource(browser, folder.id, path)
        self._table = PastTable(id="past")

    @property
    def at_hand(self) -> AtHand:
        """The file in the version under the cursor; one that is gone in the version before."""
        row = self._table.cursor_row
        if row is None:
            return AtHand(path=self._listed.path)
        version = row.version - row.is_gone
        return AtHand(version, row.path.rstrip(b"/"))

    def content(self) -> Widget:
        return self._table

    def on_mount(self) -> None:
        """List the states."""
        self._table.turn_to(self._listed)
        self._table.focus()
