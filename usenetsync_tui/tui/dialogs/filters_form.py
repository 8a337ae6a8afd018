"""The filters of a folder: a form, and below it a preview of what they leave out, and why.

The engine looks, while the form is open; leaving the form stops it. Knows fields and words; refuses
to know what a pattern matches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.folders import Choose, FolderChoices, PreviewFilters, StopPreview
from usenetsync_tui.model.dry_runs import Preview
from usenetsync_tui.model.filters import FilterChoices, Filters, name_problem, size_typed
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.dialogs.filter_lines import preview_lines
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.kit.form import Field, line_input
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.lines_view import LinesView, page_keys
from usenetsync_tui.tui.kit.options import Options, Pick
from usenetsync_tui.tui.kit.pattern_words import typed, words
from usenetsync_tui.tui.kit.preview_form import PreviewForm

_TAKEN, _EXCLUDED = "taken", "out"
_CACHES = (
    Pick(_TAKEN, "backed up", "Directories with a CACHEDIR.TAG are backed up like others."),
    Pick(_EXCLUDED, "excluded", "What is in a directory with a CACHEDIR.TAG is excluded."),
)
_MOUNTS = (
    Pick(_TAKEN, "backed up", "What is mounted in the folder is backed up too."),
    Pick(_EXCLUDED, "excluded", "Only the folder's own file system: mount points stay empty."),
)
_PATTERNS_HINT = "Patterns as in .gitignore, with spaces between them: *.o build/ !keep.o"
_FILES_HINT = "Files with such patterns, one a line; each upload reads them again."
_PRESENT_HINT = "A directory with one of these names in it is excluded: .nobackup"
_SIZE_HINT = "Files larger than this are excluded: 500M, 2GiB. Empty: none."


class FiltersForm(PreviewForm[Choose]):
    """Dismissed with a `Choose` of exactly these filters, or with None. Shows a preview."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "preview", "preview", id="filters.preview", tooltip="what is excluded"),
        *page_keys("filters", "scroll the preview"),
    ]

    def __init__(self, folder: Folder) -> None:
        super().__init__(f"What to exclude from {cut_middle(safe_name(folder.name), 40)}")
        self._folder = folder
        self._asked: Filters | None = None
        self._seen: Preview | None = None

    def fields(self) -> ComposeResult:
        f = self._folder.filters
        yield Field(
            "Patterns", line_input("exclude", typed(f.exclude, escaped=True)), hint=_PATTERNS_HINT
        )
        yield Field("From files", line_input("files", typed(f.exclude_files)), hint=_FILES_HINT)
        present = line_input("present", typed(f.exclude_if_present))
        yield Field("If present", present, hint=_PRESENT_HINT)
        larger = str(f.exclude_larger_than) if f.exclude_larger_than else ""
        yield Field("Larger than", line_input("larger", larger), hint=_SIZE_HINT)
        caches = _EXCLUDED if f.exclude_caches else _TAKEN
        yield Field("Caches", Options(_CACHES, caches, id="caches"))
        mounts = _EXCLUDED if f.one_file_system else _TAKEN
        yield Field("Mounts", Options(_MOUNTS, mounts, id="mounts"))

    def after(self) -> ComposeResult:
        yield LinesView(self._lines, id="filter-preview")

    def on_mount(self) -> None:
        """Name the key of the preview beside the others."""
        frame = self.query_one("#form")
        frame.border_subtitle = Content("ctrl+r preview · ctrl+s save · esc back")

    def on_unmount(self) -> None:
        """However the form is closed, the engine stops looking."""
        if self._asked is not None:
            self._want(StopPreview())

    def show(self, status: EngineStatus) -> None:
        """Show what the engine found of these filters."""
        found = status.preview
        mine = found is not None and found.folder_id == self._folder.id
        if found is not None and mine and found.filters == self._asked and found != self._seen:
            self._seen = found
        self.query_one("#filter-preview", LinesView).show(status)

    def _lines(self, status: EngineStatus, width: int, height: int) -> Sequence[Line]:
        return preview_lines(self._seen, width)

    def action_preview(self) -> None:
        """Have the engine find what these filters leave out."""
        filters = self._filters()
        if filters is not None:
            self._asked, self._seen = filters, Preview(0, self._folder.id, filters)
            self._want(PreviewFilters(self._folder.id, filters))
            self.query_one("#filter-preview", LinesView).recompose_lines()

    def action_scroll(self, by: int) -> None:
        """Scroll the preview down (`by` > 0) or up, a page."""
        view = self.query_one("#filter-preview", LinesView)
        view.action_page_down() if by > 0 else view.action_page_up()

    def accept(self) -> None:
        filters = self._filters()
        if filters is None:
            return
        is_new = filters != self._folder.filters
        choices = FolderChoices(filters=FilterChoices.of(filters))
        self.end(Choose(self._folder.id, choices) if is_new else None)

    def _filters(self) -> Filters | None:
        """The answers; None after complaints about them."""
        complaints, size = {}, 0
        names = words(self.text("present"))
        if problem := next(filter(None, map(name_problem, names)), ""):
            complaints["present"] = problem
        try:
            size = size_typed(self.text("larger") or "0")
        except ValueError as error:
            complaints["larger"] = str(error)
        files = words(self.text("files"))
        if not all(path.startswith(b"/") for path in files):
            complaints["files"] = "Type whole paths, from / on."
        self.complain(complaints)
        if complaints:
            return None
        return Filters(
            words(self.text("exclude"), escaped=True),
            files,
            names,
            self.choice("caches") == _EXCLUDED,
            size,
            self.choice("mounts") == _EXCLUDED,
        )

    def _want(self, command: Command) -> None:
        self.app.post_message(CommandRequest(command))
