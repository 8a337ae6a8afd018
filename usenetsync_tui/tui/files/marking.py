"""The marks in a list of files, and the files that keys act on.

Knows rows, paths and filters. Refuses to know the widget that draws them.
"""

from __future__ import annotations

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.lists.files import FileQuery, FileSelection, all_in
from usenetsync_tui.model.ports.browser import FileRow
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.files.file_lines import filter_words, marked_words
from usenetsync_tui.tui.files.marks import MarkedRange, Marks, all_of

_NAME = 40
"""The most cells of a file's path in a sentence."""


class Marking:
    """The marks of one list, and its unfinished range."""

    def __init__(self) -> None:
        self.marks = Marks()
        """The marked files; none: keys act on the row under the cursor."""
        self.anchor: tuple[int, bytes] | None = None
        """The start of an unfinished range: a row's number and its path."""

    def change_query(self, before: FileQuery | None, query: FileQuery | None) -> bool:
        """Change the query; keep the marks if they still name the same files.

        Returns whether a change of the filter cleared marks.
        """
        marked, self.anchor = bool(self.marks), None
        if before is None or query is None:
            self.marks = Marks()
        elif (before.folder_id, before.version) != (query.folder_id, query.version):
            self.marks = Marks()
        elif before.filter != query.filter:
            self.marks = self.marks.after_filter(query.filter)
            return marked and not self.marks
        return False

    def put(self, marks: Marks) -> None:
        """Replace the marks, and cancel an unfinished range."""
        self.marks, self.anchor = marks, None

    def end_range(self, query: FileQuery, row: FileRow, number: int, count: int) -> None:
        """Mark the files from the anchor to row `number`, in a list of `count` rows."""
        if self.anchor is None:
            return
        last = count - 1
        ends = [self.anchor, (number, row.path)]
        (begin, first), (end, until) = sorted(
            ((last - at if query.reverse else at, path) for at, path in ends),
            key=lambda end: end[1],
        )
        marked = MarkedRange(first, until, begin, end)
        self.put(self.marks.with_range(marked, query.filter))

    def mark_all(self, query: FileQuery, count: int) -> None:
        """Mark all that match, or all in the open directory; `count`: rows of the list."""
        if query.under:
            marked = MarkedRange(*all_in(query.under), 0, count - 1)
            self.put(Marks().with_range(marked, query.filter))
        else:
            self.put(all_of(query.filter))

    def is_marked(self, row: FileRow, number: int, cursor: int) -> bool:
        """Whether to draw a row as marked, as all rows between anchor and cursor are."""
        if self.anchor is not None:
            begin, end = sorted((self.anchor[0], cursor))
            if begin <= number <= end:
                return True
        return self.marks.holds(row.path)

    def selection(self, query: FileQuery | None, row: FileRow | None) -> FileSelection | None:
        """The marked files, else the file under the cursor; None: no file."""
        if query is None:
            return None
        if self.marks:
            return self.marks.selection(query.folder_id, query.version)
        if row is None:
            return None
        alone = all_in(row.path) if query.is_tree else (row.path, row.path)
        return FileSelection(query.folder_id, query.version, ranges=(alone,))

    def amount(self, row: FileRow | None, count: int, *, exact: bool) -> str:
        """The number of files that keys act on, in words.

        `count`: the rows of the list, of which `exact` tells whether the number is final.
        """
        if not self.marks:
            return cut_middle(safe_name(row.path), _NAME) if row else "nothing"
        amount = plural(self.marks.count(count), "file")
        if self.marks.everything and not exact:
            amount = amount.replace(" ", "+ ")
        words = filter_words(self.marks.filter)
        return f"{amount} of {words}" if words else amount

    def remark(self, count: int, *, exact: bool) -> str:
        """The words about the marks for the frame's foot; `count` and `exact` as in `amount`."""
        if self.anchor is not None:
            return "a range: v ends it"
        if not self.marks:
            return ""
        marks = self.marks
        number = marks.count(count)
        return marked_words(number, marks.filter, everything=marks.everything, exact=exact)
