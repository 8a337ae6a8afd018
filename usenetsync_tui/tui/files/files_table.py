"""The files of a version: listed, sorted, filtered, marked, and live while a job changes them.

Draws what its parts say: `Marking` knows the marks, `LiveFiles` what a job does to the rows,
`file_actions` what keys do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.message import Message

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.files import FileFilter, FileKey, FileOrder, FileQuery, FileSelection
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.ports import Browser, FileRow
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineStatus
from usenetsync_tui.tui.files.file_actions import FILE_ACTIONS
from usenetsync_tui.tui.files.file_lines import (
    Columns,
    file_line,
    header_line,
    reason,
    sorted_words,
)
from usenetsync_tui.tui.files.file_source import FileSource
from usenetsync_tui.tui.files.filter_words import parse_filter
from usenetsync_tui.tui.files.live_files import LiveFiles
from usenetsync_tui.tui.files.marking import Marking
from usenetsync_tui.tui.files.marks import Marks
from usenetsync_tui.tui.kit.action import Action, bindings, say
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.kit.slim_titles import SlimTitles
from usenetsync_tui.tui.kit.version_words import version_name

REFRESH = 1.0
"""Seconds between two looks at the rows on the screen while a job runs."""
_NAME = 40
"""Cells of the frame's title a folder's name may take."""


class FilesTable(PagedTable[FileRow, FileKey]):
    """The files of one version of one folder."""

    HELP = "Keys act on the marked files, or on the one under the cursor. `?` closes this help."
    BINDING_GROUP_TITLE = "Files"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = FILE_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(FILE_ACTIONS)

    @dataclass
    class FilterAsked(Message):
        """The user wants to type a filter."""

    @dataclass
    class FilterChanged(Message):
        """Another filter is in force."""

        filter: FileFilter

    @dataclass
    class Opened(Message):
        """The articles of a file are wanted."""

        browser: Browser
        folder: Folder
        version: int
        row: FileRow

    def __init__(self, *, id: str, name_of_pane: str = "2 Files") -> None:
        super().__init__(id=id)
        self._name_of_pane = name_of_pane
        self._order = FileOrder.PATH
        self._backwards = False
        self._columns = Columns.BASIC
        self._unfinished = False
        self.browser: Browser | None = None
        self.folder: Folder | None = None
        """Whose files are listed, or will be."""
        self.query_now: FileQuery | None = None
        """What is listed; None: nothing is."""
        self.frame: SlimTitles = self
        """Whose border bears the titles."""
        self.marking = Marking()
        self.live = LiveFiles()

    def on_mount(self) -> None:
        """Look again while a job runs."""
        self.set_interval(REFRESH, self._poll, name="file list")

    # What is listed

    @property
    def is_read_only(self) -> bool:
        """Whether the engine takes no commands."""
        return self.live.is_read_only

    @property
    def wanted(self) -> FileFilter:
        """The filter in force."""
        return self.query_now.filter if self.query_now else FileFilter()

    def open(
        self,
        browser: Browser | None,
        folder: Folder | None,
        version: int | None,
        *,
        unfinished: bool = False,
    ) -> None:
        """List a version of a folder; the same one again costs nothing.

        `unfinished`: it is under construction, which the heading says.
        """
        now, query = self.query_now, None
        if browser is not None and folder is not None and version is not None:
            kept = self.wanted if now and now.folder_id == folder.id else FileFilter()
            query = FileQuery(folder.id, version, kept, self._order, self._backwards)
        same = browser is self.browser and query == now
        renamed = folder != self.folder or unfinished != self._unfinished
        self.browser, self.folder, self._unfinished = browser, folder, unfinished
        if not same:
            self.ask_for(query)
        elif renamed:
            self.refresh()
            self.entitle()

    def ask_for(self, query: FileQuery | None) -> None:
        """List what a query finds."""
        if self.marking.turn_to(self.query_now, query):
            say(self, "Another filter: nothing is marked any more.")
        before, self.query_now = self.wanted, query
        if query is None or self.browser is None:
            self.turn_to(None)
        else:
            self._order, self._backwards = query.order, query.reverse
            self.turn_to(FileSource(self.browser, query))
        if self.wanted != before:
            self.post_message(self.FilterChanged(self.wanted))

    def filter_by_words(self, words: str) -> str:
        """List only what matches the words of a filter; a sentence if they are none."""
        try:
            self.filter_by(parse_filter(words))
        except ValueError as error:
            return str(error)
        return ""

    def filter_by(self, wanted: FileFilter) -> None:
        """List only what matches."""
        if self.query_now is not None and wanted != self.wanted:
            self.ask_for(replace(self.query_now, filter=wanted))

    def sort_by(self, order: FileOrder, *, reverse: bool = False) -> None:
        """List in another order."""
        query = self.query_now
        if query is not None and (order, reverse) != (query.order, query.reverse):
            self.ask_for(replace(query, order=order, reverse=reverse))

    def header(self, width: int) -> Line:
        return header_line(width, self._columns)

    def compose_row(self, row: FileRow, width: int, number: int) -> Line:
        return file_line(
            row,
            width,
            cursor=number == self.cursor,
            marked=self.marking.is_marked(row, number, self.cursor),
            columns=self._columns,
        )

    def empty(self) -> Line:
        if self.query_now is None and self.live.is_starting:
            return (("Opening the catalogue…", "muted"),)
        if self.query_now is None and self.folder is not None:
            return (("Files are listed once the walk has begun.", "muted"),)
        if self.query_now is None:
            return (("The files of the chosen folder are listed here.", "muted"),)
        if not self.pages.loaded:
            return (("Reading the list…", "muted"),)
        if self.wanted:
            return (("No file matches. Esc drops the filter.", "muted"),)
        if self.live.job is not None:
            return (("No files in this version yet; the walk has just begun.", "muted"),)
        return (("No files in this version.", "muted"),)

    def heading(self) -> str:
        query = self.query_now
        if query is None or self.folder is None:
            return self._name_of_pane
        name = cut_middle(safe_name(self.folder.name), _NAME)
        order = sorted_words(query.order, reverse=query.reverse)
        version = version_name(query.version, unfinished=self._unfinished)
        parts = (self._name_of_pane, name, version, order)
        return " · ".join(filter(None, parts))

    def name_frame(self, title: str, foot: str) -> None:
        self.frame.put_titles(title, foot)

    def remarks(self) -> list[str]:
        marked = self.marking.remark(self.pages.count, exact=self.pages.exact)
        return [words for words in (reason(self.cursor_row), marked) if words]

    def turn_columns(self) -> None:
        """One column more, or the first ones again."""
        self._columns = self._columns.following()
        self.refresh()

    def ask_filter(self) -> None:
        """Have the pane ask for a filter."""
        self.post_message(self.FilterAsked())

    # What the keys act on

    @property
    def marks(self) -> Marks:
        """What is marked; nothing: the row under the cursor is meant."""
        return self.marking.marks

    def selection(self) -> FileSelection | None:
        """The marked files, else the one under the cursor."""
        return self.marking.selection(self.query_now, self.cursor_row)

    def amount(self) -> str:
        """How many files that is, in words."""
        return self.marking.amount(self.cursor_row, self.pages.count, exact=self.pages.exact)

    def put_marks(self, marks: Marks) -> None:
        """Mark this, and nothing else."""
        self.marking.put(marks)
        self._redraw_marks()

    def mark_range(self) -> None:
        """Begin a range at the cursor, or end it there."""
        query, row = self.query_now, self.cursor_row
        if query is None or row is None:
            return
        if self.marking.anchor is None:
            self.marking.anchor = (self.cursor, row.path)
        else:
            self.marking.end_range(query, row, self.cursor, self.pages.count)
        self._redraw_marks()

    def _redraw_marks(self) -> None:
        self.refresh()
        self.entitle()

    def go_to(self, number: int) -> None:
        super().go_to(number)
        if self.marking.anchor is not None:
            self.refresh()

    def open_articles(self) -> None:
        """Have the application show the articles of the file under the cursor."""
        row, query, browser, folder = self.cursor_row, self.query_now, self.browser, self.folder
        if row is not None and query is not None and browser is not None and folder is not None:
            self.post_message(self.Opened(browser, folder, query.version, row))

    # What a job does to it

    def show(self, status: EngineStatus) -> None:
        """Learn whether a job changes these files."""
        was_starting = self.live.is_starting
        if self.live.look(status, self.query_now):
            self.pages.refresh_all(at_once=True)
        if was_starting != self.live.is_starting and not self.row_count:
            self.refresh()

    def _poll(self) -> None:
        if self.live.job is None or not self.is_displayed or not self.screen.is_current:
            return
        if self.live.changes_rows(self.query_now):
            self.pages.refresh_all(at_once=False)
        else:
            self.pages.refresh()
