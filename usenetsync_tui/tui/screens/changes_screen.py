"""The screen of the differences between two versions of a folder, in path order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.lists.files import FileSelection
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.text.figures import NOTHING, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import CHANGE_WORDS
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.changes import Change, ChangeRow
from usenetsync_tui.tui.actions.context import AtHand
from usenetsync_tui.tui.kit.action import Action, bindings, copy_path
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.list_lines import MARK, mark
from usenetsync_tui.tui.kit.list_source import Directory
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.screens.deeper_screen import DeeperScreen, crumbs_of
from usenetsync_tui.tui.screens.question_lines import CHANGE_INKS

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


def change_line(row: ChangeRow, width: int, *, cursor: bool, marked: bool = False) -> Line:
    """How a path changed, the path, and its sizes before and after."""
    word, ink = CHANGE_WORDS[row.change], CHANGE_INKS[row.change]
    room = max(0, width - MARK - _CHANGE - 2 * _SIZE)
    old, new = (NOTHING if n is None else size(n) for n in (row.old_size, row.new_size))
    why = f"  {row.rule}" if row.rule is not None else ""
    path = cut_middle(safe_name(row.path) or ".", max(room - len(why), room // 2))
    return (
        *mark(cursor=cursor, marked=marked),
        (f"{word:<{_CHANGE}}", ink),
        (cut(f"{path}{why}", room), "plain"),
        (f"{old:>{_SIZE}}{new:>{_SIZE}}", "muted"),
    )


def _has_change(table: ChangesTable) -> str:
    return "" if table.cursor_row is not None else "Nothing differs."


def _is_markable(table: ChangesTable) -> str:
    row, version = table.cursor_row, table.marked_version
    if row is None or version is None or table.version_of(row) == version:
        return _has_change(table)
    return f"Only files of version {version} are marked; this one is in another. u unmarks all."


def _has_marks(table: ChangesTable) -> str:
    return "" if table.marked else "Nothing is marked."


CHANGE_ACTIONS: tuple[Action[ChangesTable], ...] = (
    Action(
        "changes.mark",
        "Mark",
        lambda table: table.mark(),
        (_is_markable,),
        keys="space",
        tooltip="to restore",
        footer=True,
    ),
    Action(
        "changes.unmark",
        "unmark",
        lambda table: table.unmark(),
        (_has_marks,),
        keys="u",
        tooltip="all",
    ),
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

    def __init__(self, older: int, newer: int) -> None:
        super().__init__(id="changes")
        self._older, self._newer = older, newer
        self._marked: dict[bytes, int] = {}

    def header(self, width: int) -> Line:
        return changes_header(width)

    def compose_row(self, row: ChangeRow, width: int, number: int) -> Line:
        marked = row.path in self._marked
        return change_line(row, width, cursor=number == self.cursor, marked=marked)

    def empty(self) -> Line:
        if not self.pages.loaded:
            return (("Comparing…", "muted"),)
        return (("Nothing differs.", "muted"),)

    def heading(self) -> str:
        return "Changes"

    def remarks(self) -> list[str]:
        row, version = self.cursor_row, self.marked_version
        words = [] if version is None else [f"{len(self._marked):,} of version {version} marked"]
        differs = row is not None and bool(row.kinds)
        return [f"differs in {', '.join(row.kinds)}", *words] if row and differs else words

    # Marks

    def version_of(self, row: ChangeRow) -> int:
        """The version that has the path: the newer one; of a removed path the older one."""
        return self._older if row.change in (Change.REMOVED, Change.EXCLUDED) else self._newer

    @property
    def marked(self) -> tuple[bytes, ...]:
        """The marked paths, sorted; all are in `marked_version`."""
        return tuple(sorted(self._marked))

    @property
    def marked_version(self) -> int | None:
        """The version of the marked paths, from which a restore takes them; None: no path."""
        return next(iter(self._marked.values()), None)

    def mark(self) -> None:
        """Mark or unmark the path under the cursor, and move on."""
        row = self.cursor_row
        if row is not None:
            if self._marked.pop(row.path, None) is None:
                self._marked[row.path] = self.version_of(row)
            self._redraw()
            self.action_move(1)

    def unmark(self) -> None:
        """Unmark every path."""
        self._marked = {}
        self._redraw()

    def _redraw(self) -> None:
        self.refresh()
        self.entitle()

    def copy(self) -> None:
        """Put the path on the terminal's clipboard."""
        row = self.cursor_row
        if row is not None:
            copy_path(self, row.path)


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
        self._table = ChangesTable(older, newer)

    @property
    def at_hand(self) -> AtHand:
        """The marked paths, else the one under the cursor, in the version that has them."""
        table, row = self._table, self._table.cursor_row
        version = table.marked_version
        if version is None:
            version = self._listed.newer if row is None else table.version_of(row)
        unfinished = self._unfinished and version == self._listed.newer
        if not table.marked:
            return AtHand(version, b"" if row is None else row.path, unfinished)
        ranges = tuple((path, path) for path in table.marked)
        selection = FileSelection(self._listed.folder_id, version, ranges=ranges)
        return AtHand(version, b"", unfinished, selection)

    def content(self) -> Widget:
        return self._table

    def on_mount(self) -> None:
        """List the changes."""
        table = self._table
        table.turn_to(self._listed)
        table.focus()
