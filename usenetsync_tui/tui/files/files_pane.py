"""The files pane: the list, and under it the line for its filter."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input, Static

from usenetsync_tui.model.lists.files import FileFilter
from usenetsync_tui.model.lists.filter_words import parse_filter, words_of
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.kit.slim_titles import SlimTitles

DEBOUNCE = 0.2
"""Seconds from the last key until the list is filtered."""
_HINT = 'words  "two words"  *.cr3  is:failed  >10M  <1K'


class FilterInput(Input, inherit_bindings=True):
    """The input for a filter."""

    HELP = (
        "Words must all occur in the path. `*.cr3`, `IMG_[0-4]*`: globs of the name; with a slash, "
        "as in `2024/**/x?`, of the path. Capital letters in a glob count. "
        "`is:queued`, `is:posting`, `is:done`, `is:failed`; `>10M`, `<1K`; quotes keep spaces. "
        "Enter keeps the filter, Esc drops it."
    )
    BINDING_GROUP_TITLE = "Filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "drop", "Drop", id="filter.drop"),
        Binding("down", "submit", "to the list", show=False, id="filter.keep"),
    ]

    def action_drop(self) -> None:
        """Clear the filter and go back to the list."""
        self.value = ""
        self.post_message(self.Submitted(self, ""))


class FilesPane(Vertical, SlimTitles):
    """A frame around the list and its filter; the list takes the focus and the keys."""

    def __init__(
        self, *, id: str = "files-pane", table_id: str = "files", name_of_pane: str = "2 Files"
    ) -> None:
        super().__init__(id=id)
        self.table = FilesTable(id=table_id, name_of_pane=name_of_pane)
        self.table.frame = self
        self._typed: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.table
        with Horizontal(id="filter"):
            yield Static("/", markup=False, id="filter-sign")
            yield FilterInput(
                placeholder=_HINT, compact=True, select_on_focus=False, id="filter-words"
            )
            yield Static(markup=False, id="filter-problem")

    def on_mount(self) -> None:
        """Hide the filter until the user types one."""
        self.query_one("#filter").display = False

    def on_files_table_filter_requested(self, event: FilesTable.FilterRequested) -> None:
        """Show the filter and focus it."""
        event.stop()
        self.query_one("#filter").display = True
        line = self.query_one(FilterInput)
        line.focus()
        line.cursor_position = len(line.value)

    def on_files_table_filter_changed(self, event: FilesTable.FilterChanged) -> None:
        """Show the filter in force, whether typed here or set by a command."""
        event.stop()
        line = self.query_one(FilterInput)
        if self._parsed(line.value) != event.filter:
            with self.prevent(Input.Changed):
                line.value = words_of(event.filter)
            self._complain("")
        self.query_one("#filter").display = bool(line.value) or line.has_focus

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter the list once the user stops typing."""
        event.stop()
        if self._typed is not None:
            self._typed.stop()
        self._typed = self.set_timer(DEBOUNCE, self._apply)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter, and go to the list."""
        event.stop()
        if self._apply():
            self.table.focus()
            self.query_one("#filter").display = bool(event.value.strip())

    def _apply(self) -> bool:
        """Filter the list; on an invalid filter show why and return False."""
        if self._typed is not None:
            self._typed.stop()
            self._typed = None
        try:
            wanted = parse_filter(self.query_one(FilterInput).value)
        except ValueError as error:
            self._complain(str(error))
            return False
        self._complain("")
        self.table.filter_by(wanted)
        return True

    def _complain(self, problem: str) -> None:
        self.query_one("#filter-problem", Static).update(problem)

    def _parsed(self, text: str) -> FileFilter | None:
        try:
            return parse_filter(text)
        except ValueError:
            return None
