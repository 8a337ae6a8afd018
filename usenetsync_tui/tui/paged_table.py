"""The file list: any number of rows, only those on the screen in hand."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.strip import Strip

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports import Browser
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineState, EngineStatus, JobStatus
from usenetsync_tui.tui.file_lines import file_line, header_line, position, reason, waiting_line
from usenetsync_tui.tui.inks import Line, cut_middle
from usenetsync_tui.tui.lines_view import InkedView
from usenetsync_tui.tui.paging import FilePages

HEADER = 1
"""Lines above the rows, which do not scroll."""
REFRESH = 1.0
"""Seconds between two looks at the rows on the screen while a job runs."""


class PagedTable(InkedView):
    """The files of the chosen job's version. Never waits: what is missing is drawn as such."""

    HELP = "The files of the chosen job, in path order. `?` closes this help."
    BINDING_GROUP_TITLE = "Files"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="files.up"),
        Binding("down,j", "move(1)", "down", show=False, id="files.down"),
        Binding("pageup", "page(-1)", "a page up", show=False, id="files.page_up"),
        Binding("pagedown", "page(1)", "a page down", show=False, id="files.page_down"),
        Binding("home,g", "top", "to the top", show=False, id="files.home"),
        Binding("end,G", "bottom", "to the end", show=False, id="files.end"),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._pages = FilePages(self._pages_changed)
        self._source: tuple[Browser, int, int] | None = None
        self._job: JobStatus | None = None
        self._stage: tuple[str, bool] = ("", False)
        self._starting = True
        self._job_runs = False
        self._to_bottom = False
        self._heading = "2 Files"
        self.cursor = 0
        """The row the cursor is on, from 0."""

    @property
    def row_count(self) -> int:
        """Rows known to be there."""
        return self._pages.count

    def on_mount(self) -> None:
        """Start the fetcher."""
        self.run_worker(self._pages.run(), name="file pages", group="file pages")
        self.set_interval(REFRESH, self._refresh_pages, name="file list")

    def show(self, status: EngineStatus, job: JobStatus | None, browser: Browser | None) -> None:
        """List the files of this job's version."""
        self._starting = status.state is EngineState.STARTING
        self._job_runs = job is not None and job.state is JobState.RUNNING
        self._job = job
        source = None
        if job is not None and job.version is not None and browser is not None:
            source = (browser, job.folder_id, job.version)
        stage = ("", False) if job is None else (f"{job.state}{job.phase}", job.scanned)
        if source != self._source:
            self._source = source
            self._turn_to(job)
        elif stage != self._stage:
            # Between its phases the rows of a version come and go; within one they stay.
            self._pages.refresh_all(at_once=True)
        self._stage = stage
        if not self._pages.loaded:
            self.refresh_line(0)
        self._entitle()

    def _turn_to(self, job: JobStatus | None) -> None:
        if self._source is None or job is None:
            self._pages.close()
            self._heading = "2 Files"
        else:
            self._pages.open(*self._source)
            name = cut_middle(safe_name(job.folder), 40)
            self._heading = f"2 Files · {name} · version {job.version}"
        self.cursor = 0
        self._to_bottom = False
        self._pages_changed()
        self.scroll_to(y=0, animate=False)
        self._look()

    def _refresh_pages(self) -> None:
        if not self._job_runs or not self.display:
            return
        if self._job is not None and not self._job.scanned:
            # The list is still growing.
            self._pages.refresh_all(at_once=False)
        else:
            self._pages.refresh()

    def _pages_changed(self) -> None:
        width = self.scrollable_content_region.width
        size = Size(width, self._pages.count + HEADER)
        if size != self.virtual_size:
            self.virtual_size = size
        self.cursor = max(0, min(self.cursor, self._pages.count - 1))
        if self._to_bottom and self._pages.exact:
            self.action_bottom()
        self.refresh()
        self._entitle()

    def _entitle(self) -> None:
        where = position(self.cursor, self._pages.count, exact=self._pages.exact)
        trouble = reason(self._pages.row(self.cursor))
        parts = [cut_middle(trouble, max(20, self.size.width - 44))] if trouble else []
        self.title(self._heading, " · ".join(filter(None, [*parts, where])))

    def _look(self) -> None:
        first = self.scroll_offset.y
        self._pages.look(first, first + max(1, self.size.height - HEADER) - 1)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._look()

    def on_resize(self, event: Resize) -> None:
        """More rows may be on the screen."""
        self._pages_changed()
        self._look()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if not self._pages.loaded or not self._pages.count:
            return self.draw(self._empty() if y == 0 else ())
        if y < HEADER:
            return self.draw(header_line(width))
        number = self.scroll_offset.y + y - HEADER
        if number >= self._pages.count:
            return self.draw(())
        row = self._pages.row(number)
        at = number == self.cursor
        line = waiting_line() if row is None else file_line(row, width, cursor=at)
        return self.draw(line, cursor=at and self.has_focus)

    def _empty(self) -> Line:
        if self._pages.problem:
            return ((safe_name(self._pages.problem), "bad"), (" Trying again…", "muted"))
        if self._source is not None and not self._pages.loaded:
            return (("Reading the list…", "muted"),)
        if self._source is not None:
            return (("No files in this version yet; the walk has just begun.", "muted"),)
        if self._job is not None:
            return (("Files are listed once the walk has begun.", "muted"),)
        if self._starting:
            return (("Opening the catalogue…", "muted"),)
        return (("The files of the chosen job are listed here.", "muted"),)

    def go_to(self, number: int) -> None:
        """Put the cursor on a row, in sight. Rows outside the list become its ends."""
        before, self.cursor = self.cursor, max(0, min(number, self._pages.count - 1))
        room = max(1, self.size.height - HEADER)
        first = self.scroll_offset.y
        if self.cursor < first:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= first + room:
            self.scroll_to(y=self.cursor - room + 1, animate=False)
        for at in {before, self.cursor}:
            self.refresh_line(at + HEADER)
        self._entitle()

    def action_move(self, by: int) -> None:
        """Some rows up or down."""
        self._to_bottom = False
        self.go_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Pages up or down: the picture moves with the cursor."""
        self._to_bottom = False
        room = max(1, self.size.height - HEADER)
        self.scroll_to(y=self.scroll_offset.y + by * room, animate=False)
        self.go_to(self.cursor + by * room)

    def action_top(self) -> None:
        """The first row."""
        self._to_bottom = False
        self.go_to(0)

    def action_bottom(self) -> None:
        """The last row; if the list's end is not known yet, as soon as it is."""
        self._to_bottom = not self._pages.exact
        self.go_to(self._pages.count - 1)

    def on_click(self, event: Click) -> None:
        """Put the cursor on the row under the pointer."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y >= HEADER:
            self.action_move(self.scroll_offset.y + offset.y - HEADER - self.cursor)
