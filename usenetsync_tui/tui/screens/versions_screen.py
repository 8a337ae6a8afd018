"""The screen of the versions of a folder, newest first; it opens their files and changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.actions.context import AtHand
from usenetsync_tui.tui.kit.action import Action, bindings
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.list_source import Directory
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.kit.version_words import is_unfinished
from usenetsync_tui.tui.screens.changes_screen import ChangesScreen
from usenetsync_tui.tui.screens.deeper_screen import DeeperScreen, crumbs_of
from usenetsync_tui.tui.screens.files_screen import FilesScreen
from usenetsync_tui.tui.screens.version_lines import version_header, version_line, version_remark

REFRESH = 2.0
"""Seconds between two reads."""


@value_object
class VersionSource:
    """The versions of a folder; a key is a row's number."""

    browser: Browser
    folder_id: int

    async def page(self, start: int | None, limit: int) -> Sequence[Snapshot]:
        """Up to `limit` versions from row `start` on, newest first."""
        first = start or 0
        newest_first = (await self.browser.snapshots(self.folder_id))[::-1]
        return newest_first[first : first + limit]

    async def directory(self, page_size: int, start: int | None) -> Directory[int]:
        """The row numbers at which pages begin."""
        first, count = start or 0, len(await self.browser.snapshots(self.folder_id))
        return Directory(count - first, tuple(range(first, count, page_size)))

    def before(self, page: Sequence[Snapshot], key: int) -> Sequence[Snapshot]:
        """The page unchanged: with row numbers as keys, pages never overlap."""
        return page


def _has_version(table: VersionsTable) -> str:
    return "" if table.cursor_row is not None else "There is no version yet."


def _has_other(table: VersionsTable) -> str:
    return "" if table.compared is not None else "There is no version before this one."


VERSION_ACTIONS: tuple[Action[VersionsTable], ...] = (
    Action(
        "versions.open",
        "Files",
        lambda table: table.open(),
        (_has_version,),
        keys="enter",
        tooltip="of this version",
        footer=True,
    ),
    Action(
        "versions.changes",
        "Changes",
        lambda table: table.compare(),
        (_has_version, _has_other),
        keys="d",
        tooltip="since the one before or ●",
        footer=True,
    ),
    Action(
        "versions.mark",
        "Mark",
        lambda table: table.mark(),
        (_has_version,),
        keys="space,m",
        tooltip="to compare with another",
        footer=True,
    ),
)


class VersionsTable(PagedTable[Snapshot, int]):
    """The versions of a folder."""

    HELP = "Enter lists the files of a version; d shows what changed. `?` closes this help."
    BINDING_GROUP_TITLE = "Versions"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = VERSION_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(VERSION_ACTIONS)

    @dataclass
    class Opened(Message):
        """The user opens the files of a version."""

        version: int
        unfinished: bool

    @dataclass
    class Compared(Message):
        """The user opens the changes between two versions."""

        older: int
        newer: int
        unfinished: bool
        """Whether the newer version is unfinished."""

    def __init__(self) -> None:
        super().__init__(id="versions")
        self._marked: int | None = None

    def header(self, width: int) -> Line:
        return version_header(width)

    def compose_row(self, row: Snapshot, width: int, number: int) -> Line:
        marked = row.version == self._marked
        return version_line(row, width, cursor=number == self.cursor, marked=marked)

    def empty(self) -> Line:
        if not self.pages.loaded:
            return (("Reading the versions…", "muted"),)
        return (("No version yet: the first upload creates one.", "muted"),)

    def heading(self) -> str:
        return "Versions"

    def remarks(self) -> list[str]:
        marked = "" if self._marked is None else f"version {self._marked} marked: d compares"
        return [words for words in (version_remark(self.cursor_row), marked) if words]

    @property
    def compared(self) -> tuple[int, int] | None:
        """The two versions to compare, older first: the one under the cursor and the marked one.

        Without a mark, the one under the cursor and the one before it; None if there is none.
        """
        row, before = self.cursor_row, self.pages.row(self.cursor + 1)
        if row is None:
            return None
        if self._marked is not None and self._marked != row.version:
            return min(self._marked, row.version), max(self._marked, row.version)
        return (before.version, row.version) if before is not None else None

    def open(self) -> None:
        """Open the files of the version under the cursor."""
        row = self.cursor_row
        if row is not None:
            self.post_message(self.Opened(row.version, is_unfinished(row)))

    def mark(self) -> None:
        """Mark the version under the cursor instead of any other; if it is marked, unmark it."""
        row = self.cursor_row
        if row is not None:
            self._marked = None if self._marked == row.version else row.version
            self.refresh()
            self.entitle()

    def compare(self) -> None:
        """Open the changes between the two versions of `compared`."""
        if self.compared is not None:
            older, newer = self.compared
            # Only the newest version, in the first row, can be unfinished.
            first = self.pages.row(0)
            unfinished = first is not None and first.version == newer and is_unfinished(first)
            self.post_message(self.Compared(older, newer, unfinished))


class VersionsScreen(DeeperScreen):
    """All versions of one folder."""

    def __init__(self, browser: Browser, folder: Folder) -> None:
        super().__init__(crumbs_of(folder.name, "versions"), browser=browser, folder=folder)
        self._listed = (browser, folder)
        self._table = VersionsTable()

    @property
    def at_hand(self) -> AtHand:
        """The version under the cursor."""
        row = self._table.cursor_row
        return AtHand() if row is None else AtHand(row.version, unfinished=is_unfinished(row))

    def content(self) -> Widget:
        return self._table

    def on_mount(self) -> None:
        """List the versions, and read them again regularly: an upload may be building one."""
        table = self._table
        table.turn_to(VersionSource(self._listed[0], self._listed[1].id))
        table.focus()
        self.set_interval(REFRESH, self._look_again, name="versions")

    def _look_again(self) -> None:
        if self.is_current:
            self._table.pages.refresh_all(at_once=True)

    def on_versions_table_opened(self, event: VersionsTable.Opened) -> None:
        """Open the screen of the files."""
        self.go_down(FilesScreen(*self._listed, event.version, unfinished=event.unfinished))

    def on_versions_table_compared(self, event: VersionsTable.Compared) -> None:
        """Open the screen of the changes."""
        older, newer = event.older, event.newer
        self.go_down(ChangesScreen(*self._listed, older, newer, unfinished=event.unfinished))
