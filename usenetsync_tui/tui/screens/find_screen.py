"""Files of all folders and versions that match a pattern; Enter goes to one in its last version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.lists.files import FileFilter
from usenetsync_tui.model.lists.filter_words import parse_filter
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.history import FindKey, FindQuery, FoundFile, version_runs
from usenetsync_tui.tui.actions.context import AtHand
from usenetsync_tui.tui.files.files_pane import FilterInput
from usenetsync_tui.tui.kit.action import Action, bindings, copy_path
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.list_source import Directory
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.screens.deeper_screen import DeeperScreen
from usenetsync_tui.tui.screens.files_screen import FilesScreen
from usenetsync_tui.tui.screens.question_lines import found_header, found_line

_HINT = "a pattern: words, *.jpg, >10M; enter finds it in all folders and versions"
_COUNTED = 10
"""Pages read for one count."""


@value_object
class FoundSource:
    """What matches; the key of a page is that of the row before it."""

    browser: Browser
    query: FindQuery

    async def page(self, start: FindKey | None, limit: int) -> Sequence[FoundFile]:
        """The rows after the key `start`."""
        return await self.browser.find(self.query, start, limit)

    async def directory(self, page_size: int, start: FindKey | None) -> Directory[FindKey | None]:
        """The keys of the next pages, at most `_COUNTED`."""
        most = _COUNTED * page_size
        rows = await self.page(start, most)
        keys = [start, *(row.key for row in rows[page_size - 1 : -1 : page_size])]
        return Directory(len(rows), tuple(keys) if rows else (), len(rows) < most)

    def before(self, page: Sequence[FoundFile], key: FindKey | None) -> Sequence[FoundFile]:
        """The rows of a page up to the one with the key."""
        at = next((n for n, row in enumerate(page, 1) if row.key == key), len(page))
        return page[:at]


def _has_found(table: FoundTable) -> str:
    return "" if table.cursor_row is not None else "Nothing is found."


FOUND_ACTIONS: tuple[Action[FoundTable], ...] = (
    Action(
        "found.open",
        "Open",
        lambda table: table.open(),
        (_has_found,),
        keys="enter",
        tooltip="it in its last version",
        footer=True,
    ),
    Action(
        "found.pattern",
        "Pattern",
        lambda table: table.ask(),
        keys="slash",
        key_display="/",
        tooltip="find another one",
        footer=True,
    ),
    Action("found.copy", "copy the path", lambda table: table.copy(), (_has_found,), keys="y"),
)


class FoundTable(PagedTable[FoundFile, FindKey | None]):
    """What was found."""

    HELP = "Enter lists the file in the last version that has it. `?` closes this help."
    BINDING_GROUP_TITLE = "Found files"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = FOUND_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(FOUND_ACTIONS)

    @dataclass
    class Opened(Message):
        """The user goes to a file."""

        row: FoundFile

    asked = False
    """Whether a pattern was entered."""

    def header(self, width: int) -> Line:
        return found_header(width)

    def compose_row(self, row: FoundFile, width: int, number: int) -> Line:
        return found_line(row, width, cursor=number == self.cursor)

    def empty(self) -> Line:
        if not self.asked:
            return (("Type a pattern above, and press enter.", "muted"),)
        words = "Nothing matches." if self.pages.loaded else "Searching…"
        return ((words, "muted"),)

    def heading(self) -> str:
        return "Found · newest first"

    def remarks(self) -> list[str]:
        row = self.cursor_row
        if row is None:
            return []
        gone = " · not in the newest version" if row.is_gone else ""
        return [f"versions {cut_middle(version_runs(row.versions), 40)}{gone}"]

    def open(self) -> None:
        """Go to the file under the cursor."""
        if self.cursor_row is not None:
            self.post_message(self.Opened(self.cursor_row))

    def ask(self) -> None:
        """Go back to the pattern."""
        self.screen.query_one(FilterInput).focus()

    def copy(self) -> None:
        """Put the path on the terminal's clipboard."""
        if self.cursor_row is not None:
            copy_path(self, self.cursor_row.path)


class FindPane(Vertical):
    """The pattern, and below it what it finds."""

    def __init__(self, words: str) -> None:
        super().__init__(id="find-pane")
        self._words = words

    def compose(self) -> ComposeResult:
        with Horizontal(id="filter"):
            yield Static("/ ", id="filter-sign", markup=False)
            yield FilterInput(
                self._words, placeholder=_HINT, compact=True, select_on_focus=False, id="pattern"
            )
            yield Static(markup=False, id="filter-problem")
        yield FoundTable(id="found")


class FindScreen(DeeperScreen):
    """Finds files; keys act on the file under the cursor."""

    def __init__(self, browser: Browser, words: str = "") -> None:
        super().__init__(("find",), browser=browser)
        self._ports = browser
        self._words = words

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder of the file under the cursor."""
        row = self._row
        known = self.status.folders if self.status is not None else ()
        return next((f for f in known if row is not None and f.folder.id == row.folder_id), None)

    @property
    def at_hand(self) -> AtHand:
        """The file under the cursor, in the last version that has it."""
        row = self._row
        return AtHand() if row is None else AtHand(row.last, row.path.rstrip(b"/"))

    @property
    def _row(self) -> FoundFile | None:
        return next((table.cursor_row for table in self.query(FoundTable)), None)

    def content(self) -> Widget:
        return FindPane(self._words)

    def on_mount(self) -> None:
        """Find what the line named, or ask for a pattern."""
        if not (self._words and self._find(self._words)):
            self.query_one(FilterInput).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Find the pattern; an empty one, as escape leaves it, goes back."""
        event.stop()
        if event.value.strip():
            self._find(event.value)
        elif self.query_one(FoundTable).asked:
            self.query_one(FoundTable).focus()
        else:
            self.go_back()

    def _find(self, words: str) -> bool:
        """List what matches; for words that are no pattern show why, and return False."""
        table, problem = self.query_one(FoundTable), ""
        try:
            wanted = parse_filter(words)
            if wanted.view is not None:
                problem = "is: is for the files of one version."
        except ValueError as error:
            problem = str(error)
        self.query_one("#filter-problem", Static).update(problem)
        if problem or not words.strip():
            return False
        table.asked = True
        table.turn_to(FoundSource(self._ports, FindQuery(wanted)))
        table.focus()
        return True

    def on_found_table_opened(self, event: FoundTable.Opened) -> None:
        """Open the files of the version, with the file alone in the list."""
        folder = self.chosen
        if folder is not None:
            path = event.row.path.rstrip(b"/")
            wanted = FileFilter(words=(path,))
            self.go_down(FilesScreen(self._ports, folder.folder, event.row.last, wanted=wanted))
