"""The list of a version's files: what is asked for, in which order, and how it looks.

Knows the `Browser` port and nothing of marks, jobs and commands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.files import FileFilter, FileKey, FileOrder, FileQuery
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.ports import Browser, FileRow
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.files.file_lines import (
    Columns,
    file_line,
    header_line,
    reason,
    sorted_words,
)
from usenetsync_tui.tui.files.file_source import FileSource
from usenetsync_tui.tui.files.filter_words import parse_filter
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.kit.slim_titles import SlimTitles
from usenetsync_tui.tui.kit.version_words import version_name

_NAME = 40
"""Cells of the frame's title a folder's name may take."""


class FileList(PagedTable[FileRow, FileKey]):
    """The files of one version of one folder, sorted and filtered."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="files.filter"),
        Binding("escape", "clear", "no filter", show=False, id="files.clear"),
        Binding("s", "sort", "sort", show=False, id="files.sort", tooltip="by path or by size"),
        Binding("S", "reverse", "reverse the order", show=False, id="files.reverse"),
        Binding(
            "c", "columns", "columns", show=False, id="files.columns", tooltip="more, or fewer"
        ),
    ]

    @dataclass
    class FilterAsked(Message):
        """The user wants to type a filter."""

    @dataclass
    class FilterChanged(Message):
        """Another filter is in force."""

        filter: FileFilter

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
            marked=self.is_marked(row, number),
            columns=self._columns,
        )

    def is_marked(self, row: FileRow, number: int) -> bool:
        """Whether a row bears the mark."""
        return False

    def empty(self) -> Line:
        if self.query_now is None:
            return (("The files of the chosen folder are listed here.", "muted"),)
        if not self.pages.loaded:
            return (("Reading the list…", "muted"),)
        if self.wanted:
            return (("No file matches. Esc drops the filter.", "muted"),)
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
        words = reason(self.cursor_row)
        return [words] if words else []

    def action_sort(self) -> None:
        """By the next column that never changes: path, size."""
        if self.query_now is not None:
            orders = list(FileOrder)
            self.sort_by(orders[(orders.index(self.query_now.order) + 1) % len(orders)])

    def action_reverse(self) -> None:
        """The same order from its other end."""
        if self.query_now is not None:
            self.sort_by(self.query_now.order, reverse=not self.query_now.reverse)

    def action_columns(self) -> None:
        """One column more, or the first ones again."""
        self._columns = self._columns.following()
        self.refresh()

    def action_filter(self) -> None:
        """Type a filter."""
        if self.query_now is not None:
            self.post_message(self.FilterAsked())

    def action_clear(self) -> None:
        """Drop the filter; without one the key means what it means elsewhere."""
        if not self.wanted:
            raise SkipAction
        self.filter_by(FileFilter())
