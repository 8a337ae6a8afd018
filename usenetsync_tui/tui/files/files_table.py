"""The files of a version: listed, sorted, filtered, marked, and live while a job changes them.

Knows the query and how to draw its rows. Refuses to know marks (`marking`), how a job changes the
rows (`live_files`) and what keys do (`file_actions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.message import Message

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.lists.files import (
    FileFilter,
    FileKey,
    FileOrder,
    FileQuery,
    FileSelection,
)
from usenetsync_tui.model.lists.filter_words import parse_filter
from usenetsync_tui.model.ports.browser import Browser, FileRow
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.files.file_actions import FILE_ACTIONS
from usenetsync_tui.tui.files.file_conditions import is_flat
from usenetsync_tui.tui.files.file_lines import (
    Columns,
    file_line,
    header_line,
    order_at,
    reason,
    sorted_words,
)
from usenetsync_tui.tui.files.file_source import FileSource
from usenetsync_tui.tui.files.live_files import LiveFiles
from usenetsync_tui.tui.files.marking import Marking
from usenetsync_tui.tui.files.marks import Marks
from usenetsync_tui.tui.kit.action import Action, bindings, say
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.kit.slim_titles import SlimTitles
from usenetsync_tui.tui.kit.version_words import version_name

REFRESH = 1.0
"""Seconds between two reads of the displayed rows while a job runs."""
_NAME = 40
"""The most cells of a folder's name in the frame's title."""


class FilesTable(PagedTable[FileRow, FileKey]):
    """The files of one version of one folder."""

    HELP = "Keys act on the marked files, or on the one under the cursor. `?` closes this help."
    BINDING_GROUP_TITLE = "Files"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = FILE_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(FILE_ACTIONS)

    @dataclass
    class FilterRequested(Message):
        """The user wants to type a filter."""

    @dataclass
    class FilterChanged(Message):
        """The list has another filter."""

        filter: FileFilter

    @dataclass
    class Opened(Message):
        """The user asks for the articles of a file."""

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
        self._tree: bytes | None = None
        """The directory that the tree shows, with a slash; None: the list is flat."""
        self._above: list[int] = []
        """The rows on which the directories above it were opened."""
        self.browser: Browser | None = None
        self.folder: Folder | None = None
        """The folder whose files are listed, or will be."""
        self.current_query: FileQuery | None = None
        """The listed query; None: the list is empty."""
        self.frame: SlimTitles = self
        """The widget whose border shows the titles."""
        self.marking = Marking()
        self.live = LiveFiles()

    def on_mount(self) -> None:
        """Poll for changed rows while a job runs."""
        self.set_interval(REFRESH, self._poll, name="file list")

    # The query

    @property
    def is_read_only(self) -> bool:
        """Whether the engine takes no commands."""
        return self.live.is_read_only

    @property
    def wanted(self) -> FileFilter:
        """The current filter."""
        return self.current_query.filter if self.current_query else FileFilter()

    def open(
        self,
        browser: Browser | None,
        folder: Folder | None,
        version: int | None,
        *,
        unfinished: bool = False,
    ) -> None:
        """List a version of a folder; does nothing if it is listed already.

        `unfinished`: the version is under construction; the heading shows that.
        """
        now, query = self.current_query, None
        if browser is not None and folder is not None and version is not None:
            kept = self.wanted if now and now.folder_id == folder.id else FileFilter()
            if self._tree and (now is None or now.folder_id != folder.id):
                self._tree, self._above = b"", []
            query = self._query(folder.id, version, kept)
        same = browser is self.browser and query == now
        renamed = folder != self.folder or unfinished != self._unfinished
        self.browser, self.folder, self._unfinished = browser, folder, unfinished
        if not same:
            self.list_query(query)
        elif renamed:
            self.refresh()
            self.entitle()

    def _query(self, folder: int, version: int, wanted: FileFilter) -> FileQuery:
        return FileQuery(folder, version, wanted, self._order, self._backwards, self._tree)

    def list_query(self, query: FileQuery | None) -> None:
        """List the files that a query finds; None: no files."""
        if self.marking.change_query(self.current_query, query):
            say(self, "The filter changed: all marks are cleared.")
        before, self.current_query = self.wanted, query
        if query is None or self.browser is None:
            self.turn_to(None)
        else:
            self._order, self._backwards = query.order, query.reverse
            self._tree = query.under
            self.turn_to(FileSource(self.browser, query))
        if self.wanted != before:
            self.post_message(self.FilterChanged(self.wanted))

    def filter_by_words(self, words: str) -> str:
        """Filter the list by a typed filter; returns a sentence if it is invalid, else nothing."""
        try:
            self.filter_by(parse_filter(words))
        except ValueError as error:
            return str(error)
        return ""

    def filter_by(self, wanted: FileFilter) -> None:
        """Filter the list."""
        if self.current_query is not None and wanted != self.wanted:
            self.list_query(replace(self.current_query, filter=wanted))

    def sort_by(self, order: FileOrder, *, reverse: bool = False) -> None:
        """Sort the list."""
        query = self.current_query
        if query is not None and (order, reverse) != (query.order, query.reverse):
            self.list_query(replace(query, order=order, reverse=reverse))

    # The tree

    def turn_tree(self) -> None:
        """Turn from the flat list to the directory of the file under the cursor, or back."""
        row = self.cursor_row
        at = row.path.rstrip(b"/").rfind(b"/") + 1 if row is not None else 0
        self._above = []
        self._go_to_directory(None if self._tree is not None else row.path[:at] if row else b"")

    def go_into(self) -> None:
        """Show the directory under the cursor."""
        row = self.cursor_row
        if row is not None:
            self._above.append(self.cursor)
            self._go_to_directory(row.path)

    def go_up(self) -> None:
        """Show the directory above, with the cursor where it was."""
        shown = (self._tree or b"").rstrip(b"/")
        self._go_to_directory(shown[: shown.rfind(b"/") + 1])
        if self._above:
            self.aim(self._above.pop())

    def _go_to_directory(self, directory: bytes | None) -> None:
        query, self._tree = self.current_query, directory
        if query is not None:
            self.list_query(self._query(query.folder_id, query.version, query.filter))

    def on_head(self, x: int, width: int) -> None:
        """Sort by the clicked column; a second click reverses."""
        order, query = order_at(x, width, self._columns), self.current_query
        reason = is_flat(self)
        if reason:
            say(self, reason)
        elif order is not None and query is not None:
            self.sort_by(order, reverse=query.order is order and not query.reverse)

    def header(self, width: int) -> Line:
        return header_line(width, self._columns)

    def compose_row(self, row: FileRow, width: int, number: int) -> Line:
        return file_line(
            row,
            width,
            cursor=number == self.cursor,
            marked=self.marking.is_marked(row, number, self.cursor),
            columns=self._columns,
            under=self._tree,
        )

    def empty(self) -> Line:
        if self.current_query is None and self.live.is_starting:
            return (("Opening the catalogue…", "muted"),)
        if self.current_query is None and self.folder is not None:
            return (("Files are listed once the walk has started.", "muted"),)
        if self.current_query is None:
            return (("The files of the chosen folder are listed here.", "muted"),)
        if not self.pages.loaded:
            return (("Reading the list…", "muted"),)
        if self.wanted:
            return (("No file matches. Esc drops the filter.", "muted"),)
        if self.live.job is not None:
            return (("No files in this version yet; the walk has just started.", "muted"),)
        return (("No files in this version.", "muted"),)

    def heading(self) -> str:
        query = self.current_query
        if query is None or self.folder is None:
            return self._name_of_pane
        name = cut_middle(safe_name(self.folder.name), _NAME)
        order = "" if query.is_tree else sorted_words(query.order, reverse=query.reverse)
        if query.under is not None:
            order = cut_middle(f"/{safe_name(query.under)}", _NAME) + (f" {order}" if order else "")
        version = version_name(query.version, unfinished=self._unfinished)
        parts = (self._name_of_pane, name, version, order)
        return " · ".join(filter(None, parts))

    def name_frame(self, title: str, foot: str) -> None:
        self.frame.put_titles(title, foot)

    def remarks(self) -> list[str]:
        marked = self.marking.remark(self.pages.count, exact=self.pages.exact)
        return [words for words in (reason(self.cursor_row), marked) if words]

    def turn_columns(self) -> None:
        """Show one column more; after the last set, the basic columns."""
        self._columns = self._columns.following()
        self.refresh()

    def ask_filter(self) -> None:
        """Ask the pane to show its filter."""
        self.post_message(self.FilterRequested())

    # What the keys act on

    @property
    def marks(self) -> Marks:
        """The marked files; none: keys act on the row under the cursor."""
        return self.marking.marks

    def selection(self) -> FileSelection | None:
        """The marked files, else the one under the cursor."""
        return self.marking.selection(self.current_query, self.cursor_row)

    @property
    def marked(self) -> FileSelection | None:
        """The marked files; None: none is marked."""
        return self.selection() if self.marks else None

    @property
    def path_at_hand(self) -> bytes:
        """The path under the cursor, without a slash at its end; in an empty one, the directory."""
        row = self.cursor_row
        return (row.path if row is not None else self._tree or b"").rstrip(b"/")

    def mark_all(self) -> None:
        """Mark all that match, or all in the directory that the tree shows."""
        if self.current_query is not None:
            self.marking.mark_all(self.current_query, self.pages.count)
            self._redraw_marks()

    def amount(self) -> str:
        """The number of files that `selection` holds, in words."""
        return self.marking.amount(self.cursor_row, self.pages.count, exact=self.pages.exact)

    def put_marks(self, marks: Marks) -> None:
        """Replace the marks."""
        self.marking.put(marks)
        self._redraw_marks()

    def mark_range(self) -> None:
        """Begin a range at the cursor, or end it there."""
        query, row = self.current_query, self.cursor_row
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
        """Ask the application to show the articles of the file under the cursor."""
        row, query, browser, folder = self.cursor_row, self.current_query, self.browser, self.folder
        if row is not None and query is not None and browser is not None and folder is not None:
            self.post_message(self.Opened(browser, folder, query.version, row))

    # Changes by a running job

    def show(self, status: EngineStatus) -> None:
        """Take the latest status; read the rows again if a job changed all of them."""
        was_starting = self.live.is_starting
        if self.live.update(status, self.current_query):
            self.pages.refresh_all(at_once=True)
        if was_starting != self.live.is_starting and not self.row_count:
            self.refresh()

    def _poll(self) -> None:
        if self.live.job is None or not self.is_displayed or not self.screen.is_current:
            return
        if self.live.changes_rows(self.current_query):
            self.pages.refresh_all(at_once=False)
        else:
            self.pages.refresh()
