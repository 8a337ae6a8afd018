"""The jobs, with one of them chosen."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region
from textual.message import Message

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status import EngineStatus, JobStatus
from usenetsync_tui.tui.inks import Line
from usenetsync_tui.tui.job_lines import empty_lines, job_lines
from usenetsync_tui.tui.lines_view import LinesView


class JobsPane(LinesView, inherit_bindings=False):
    """A list of jobs; the chosen one is what the job keys and the file list mean."""

    HELP = "Keys act on the job marked `>`; its files are listed. `?` closes this help."
    BINDING_GROUP_TITLE = "Jobs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "up", show=False, id="jobs.up"),
        Binding("down,j", "choose(1)", "down", show=False, id="jobs.down"),
        Binding("pageup", "choose(-4)", "a page up", show=False, id="jobs.page_up"),
        Binding("pagedown", "choose(4)", "a page down", show=False, id="jobs.page_down"),
        Binding("home,g", "choose(-1000000)", "to the top", show=False, id="jobs.home"),
        Binding("end,G", "choose(1000000)", "to the end", show=False, id="jobs.end"),
    ]

    @dataclass
    class Chosen(Message):
        """Another job, or none, is the chosen one."""

        job: JobStatus | None

    def __init__(self, *, id: str) -> None:
        super().__init__(self._compose_jobs, id=id)
        self._jobs: tuple[JobStatus, ...] = ()
        self._chosen: int | None = None
        self._begins: list[int] = []
        """The line each job begins at."""

    @property
    def chosen(self) -> JobStatus | None:
        """The job the user is at."""
        return next((job for job in self._jobs if job.id == self._chosen), None)

    def show(self, status: EngineStatus) -> None:
        """Draw the jobs of this status; choose the first one running when none is chosen."""
        self._jobs = status.jobs
        if self.chosen is None:
            running = (job for job in status.jobs if job.state is JobState.RUNNING)
            self._choose(next(running, next(iter(status.jobs), None)))
        super().show(status)

    def _compose_jobs(self, status: EngineStatus, width: int, height: int) -> list[Line]:
        lines: list[Line] = []
        self._begins = []
        for job in status.jobs:
            self._begins.append(len(lines))
            lines += job_lines(job, width, chosen=job.id == self._chosen)
        return lines or empty_lines(status)

    def _choose(self, job: JobStatus | None) -> None:
        chosen = None if job is None else job.id
        if chosen != self._chosen:
            self._chosen = chosen
            self.post_message(self.Chosen(job))

    def on_click(self, event: Click) -> None:
        """Choose the job under the pointer."""
        offset = event.get_content_offset(self)
        if offset is not None:
            self._go_to(bisect_right(self._begins, offset.y + self.scroll_offset.y) - 1)

    def action_choose(self, by: int) -> None:
        """Move the choice up or down."""
        at = next((n for n, job in enumerate(self._jobs) if job.id == self._chosen), 0)
        self._go_to(at + by)

    def _go_to(self, number: int) -> None:
        if not self._jobs:
            return
        number = min(len(self._jobs) - 1, max(0, number))
        self._choose(self._jobs[number])
        self.recompose_lines()
        begin = self._begins[number]
        end = [*self._begins, self.virtual_size.height][number + 1]
        self.scroll_to_region(Region(0, begin, 1, end - begin), animate=False, force=True)
