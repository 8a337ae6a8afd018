"""Files of the list marked for what is to be done to them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.figures import plural
from usenetsync_tui.model.files import FileOrder, FileQuery, FileSelection
from usenetsync_tui.model.ports import FileRow
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.files.file_lines import filter_words, marked_words
from usenetsync_tui.tui.files.file_list import FileList
from usenetsync_tui.tui.files.marks import MarkedRange, Marks, all_of


class MarkedFiles(FileList):
    """A list of files with marks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", id="files.mark"),
        Binding("A", "mark_all", "mark all that match", show=False, id="files.mark_all"),
        Binding("u", "unmark", "unmark all", show=False, id="files.unmark"),
        Binding("v", "mark_run", "mark a range", show=False, id="files.range", tooltip="v ends it"),
    ]

    def __init__(self, *, id: str, name_of_pane: str = "2 Files") -> None:
        super().__init__(id=id, name_of_pane=name_of_pane)
        self.marks = Marks()
        """What is marked; nothing: the row under the cursor is meant."""
        self._anchor: tuple[int, bytes] | None = None
        """Where a range begins: a row's number and its path."""

    def ask_for(self, query: FileQuery | None) -> None:
        """List what a query finds; marks stay as long as they mean the same."""
        before, self._anchor, marked = self.query_now, None, bool(self.marks)
        if before is None or query is None:
            self.marks = Marks()
        elif (before.folder_id, before.version) != (query.folder_id, query.version):
            self.marks = Marks()
        elif before.filter != query.filter:
            self.marks = self.marks.under(query.filter)
            if marked and not self.marks:
                self.say("Another filter: nothing is marked any more.")
        super().ask_for(query)

    def selection(self) -> FileSelection | None:
        """What the keys act on: the marked files, else the one under the cursor."""
        query, row = self.query_now, self.cursor_row
        if query is None:
            return None
        if self.marks:
            return self.marks.selection(query.folder_id, query.version)
        if row is None:
            return None
        return FileSelection(query.folder_id, query.version, ranges=((row.path, row.path),))

    def amount(self) -> str:
        """How many files the keys act on, in words."""
        if not self.marks:
            row = self.cursor_row
            return cut_middle(safe_name(row.path), 40) if row else "nothing"
        amount = plural(self.marks.count(self.pages.count), "file")
        if self.marks.everything and not self.pages.exact:
            amount = amount.replace(" ", "+ ")
        words = filter_words(self.marks.filter)
        return f"{amount} of {words}" if words else amount

    def is_marked(self, row: FileRow, number: int) -> bool:
        if self._anchor is not None:
            begin, end = sorted((self._anchor[0], self.cursor))
            if begin <= number <= end:
                return True
        return self.marks.holds(row.path)

    def remarks(self) -> list[str]:
        words = super().remarks()
        if self._anchor is not None:
            return [*words, "a range: v ends it"]
        if not self.marks:
            return words
        marks, exact = self.marks, self.pages.exact
        number = marks.count(self.pages.count)
        return [
            *words,
            marked_words(number, marks.filter, everything=marks.everything, exact=exact),
        ]

    def go_to(self, number: int) -> None:
        super().go_to(number)
        if self._anchor is not None:
            self.refresh()

    def remark(self, marks: Marks) -> None:
        """Mark this, and nothing else."""
        self.marks, self._anchor = marks, None
        self.refresh()
        self.entitle()

    def action_clear(self) -> None:
        """Drop the range begun, else the filter."""
        if self._anchor is not None:
            self.remark(self.marks)
        else:
            super().action_clear()

    def action_mark(self) -> None:
        """Mark or unmark the file under the cursor, and move on."""
        row = self.cursor_row
        if row is not None:
            self.remark(self.marks.toggled(row.path, self.wanted))
            self.action_move(1)

    def action_mark_all(self) -> None:
        """Mark everything that matches."""
        if self.query_now is not None:
            self.remark(all_of(self.wanted))

    def action_unmark(self) -> None:
        """Mark nothing."""
        self.remark(Marks())

    def action_mark_run(self) -> None:
        """Begin a range at the cursor, or end it there."""
        query, row = self.query_now, self.cursor_row
        if query is None or row is None:
            return
        if query.order is not FileOrder.PATH:
            self.say("A range goes by path: s sorts by path.")
        elif self._anchor is None:
            self._anchor = (self.cursor, row.path)
            self.refresh()
            self.entitle()
        else:
            last = self.pages.count - 1
            ends = [self._anchor, (self.cursor, row.path)]
            (begin, first), (end, until) = sorted(
                ((last - number if query.reverse else number, path) for number, path in ends),
                key=lambda end: end[1],
            )
            self.remark(self.marks.with_run(MarkedRange(first, until, begin, end), self.wanted))

    def say(self, text: str) -> None:
        """A short toast."""
        self.notify(text, timeout=3, markup=False)
