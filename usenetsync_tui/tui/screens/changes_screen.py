"""The screen of the differences between two versions of a folder, in path order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.figures import NOTHING, size
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.history import Change, ChangeRow
from usenetsync_tui.model.ports import Browser
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.actions.context import AtHand
from usenetsync_tui.tui.kit.action import Action, bindings, copy
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.list_lines import MARK, mark
from usenetsync_tui.tui.kit.list_source import Directory
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.kit.paste_safe import copyable
from usenetsync_tui.tui.screens.deeper_screen import DeeperScreen, crumbs_of
from usenetsync_tui.tui.screens.question_lines import CHANGES

_CHANGE = 12
_SIZE = 10
_COUNTED = 10
"""Pages read for one count: the catalogue cannot count changes without reading them."""


@value_object
class ChangeSource:
    """The changes from one version to another; the key of a page is the path before its rows."""

    browser: Browser
    folder_id: int
    older: int
    newer: int

    async def page(self, start: bytes | None, limit: int) -> Sequence[ChangeRow]:
        """The changes after the path `start`."""
        return await self.browser.changes(self.folder_id, self.older, self.newer, start, limit)

    async def directory(self, page_size: int, start: bytes | None) -> Directory[bytes | None]:
        """The keys of the next pages, at most `_COUNTED`."""
        most = _COUNTED * page_size
        rows = await self.page(start, most)
        keys = [start, *(row.path for row in rows[page_size - 1 : -1 : page_size])]
        return Directory(len(rows), tuple(keys) if rows else (), len(rows) < most)

    def before(self, page: Sequence[ChangeRow], key: bytes | None) -> Sequence[ChangeRow]:
        """The changes of a page up to the path `key`."""
        return tuple(row for row in page if key is None or row.path <= key)


def changes_header(width: int) -> Line:
    """The names of the columns."""
    name = max(0, width - MARK - _CHANGE - 2 * _SIZE)
    text = f"{' ' * MARK}{'CHANGE':<{_CHANGE}}{cut('NAME', name)}{'BEFORE':>{_SIZE}}"
    return ((cut(f"{text}{'AFTER':>{_SIZE}}", width), "muted"),)


def change_line(row: ChangeRow, width: int, *, cursor: bool) -> Line:
    """How a path changed, the path, and its sizes before and after."""
    word, ink = CHANGES[row.change]
    room = max(0, width - MARK - _CHANGE - 2 * _SIZE)
    old, new = (NOTHING if n is None else size(n) for n in (row.old_size, row.new_size))
    return (
        *mark(cursor=cursor),
        (f"{word:<{_CHANGE}}", ink),
        (cut(cut_middle(safe_name(row.path) or ".", room), room), "plain"),
        (f"{old:>{_SIZE}}{new:>{_SIZE}}", "muted"),
    )


def _has_change(table: ChangesTable) -> str:
    return "" if table.cursor_row is not None else "Nothing differs."


CHANGE_ACTIONS: tuple[Action[ChangesTable], ...] = (
    Action(
        "changes.copy",
        "Copy",
        lambda table: table.copy(),
        (_has_change,),
        keys="y",
        tooltip="the path",
        footer=True,
    ),
)


class ChangesTable(PagedTable[ChangeRow, bytes | None]):
    """The paths that differ."""

    HELP = "What differs between two versions, in path order. `?` closes this help."
    BINDING_GROUP_TITLE = "Changes"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = CHANGE_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(CHANGE_ACTIONS)

    def header(self, width: int) -> Line:
        return changes_header(width)

    def compose_row(self, row: ChangeRow, width: int, number: int) -> Line:
        return change_line(row, width, cursor=number == self.cursor)

    def empty(self) -> Line:
        if not self.pages.loaded:
            return (("Comparing…", "muted"),)
        return (("Nothing differs.", "muted"),)

    def heading(self) -> str:
        return "Changes"

    def remarks(self) -> list[str]:
        row = self.cursor_row
        return [f"differs in {', '.join(row.kinds)}"] if row is not None and row.kinds else []

    def copy(self) -> None:
        """Put the path on the terminal's clipboard."""
        row = self.cursor_row
        if row is not None:
            copy(self, copyable(row.path), cut_middle(safe_name(row.path), 60))


class ChangesScreen(DeeperScreen):
    """The changes from an older version to a newer one."""

    def __init__(
        self, browser: Browser, folder: Folder, older: int, newer: int, *, unfinished: bool = False
    ) -> None:
        """`unfinished`: the newer version is not finished yet."""
        words = f"changes from version {older} to {newer}"
        crumbs = crumbs_of(folder.name, words + (" (unfinished)" if unfinished else ""))
        super().__init__(crumbs, browser=browser, folder=folder)
        self._listed = ChangeSource(browser, folder.id, older, newer)
        self._unfinished = unfinished
        self._table = ChangesTable(id="changes")

    @property
    def at_hand(self) -> AtHand:
        """The path under the cursor, in the newer version; a removed path in the older one."""
        row = self._table.cursor_row
        if row is not None and row.change is Change.REMOVED:
            return AtHand(self._listed.older, row.path)
        path = row.path if row is not None else b""
        return AtHand(self._listed.newer, path, self._unfinished)

    def content(self) -> Widget:
        return self._table

    def on_mount(self) -> None:
        """List the changes."""
        table = self._table
        table.turn_to(self._listed)
        table.focus()
