"""The one screen: status above, panes below, keys for the chosen job.

Wide terminals show all panes, narrow ones one at a time, tiny ones only ask for room.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import DescendantFocus, Resize
from textual.screen import Screen
from textual.widgets import Footer, Static

from usenetsync_tui.model.commands import (
    Cancel,
    Command,
    LimitBandwidth,
    Pause,
    Resume,
    SetPriority,
)
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports import EngineHandle
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineStatus, JobStatus
from usenetsync_tui.tui.ask import Ask, Choice
from usenetsync_tui.tui.inks import Line, cut_middle
from usenetsync_tui.tui.jobs_pane import JobsPane
from usenetsync_tui.tui.lines_view import LinesView
from usenetsync_tui.tui.notices import notice_lines
from usenetsync_tui.tui.paged_table import PagedTable
from usenetsync_tui.tui.stages import stage_lines
from usenetsync_tui.tui.status_line import banner_lines, status_lines
from usenetsync_tui.tui.throughput import Throughput
from usenetsync_tui.tui.words import plural, rate

PANES = ("jobs", "files", "stages", "notices")
_LABELS = {"jobs": "Jobs", "files": "Files", "stages": "Stages", "notices": "Notices"}
ALL_PANES = (100, 32)
"""Columns and rows from which all panes fit."""
_LOOKING_ON = "Read-only: another usenetsync runs the jobs."
_SPEEDS = tuple(
    Choice(str(key), label, hint, str(speed))
    for key, (label, hint, speed) in enumerate(
        (
            ("as fast as it goes", "", 0),
            ("1 MB/s", "8 Mbit/s", 1_000_000),
            ("5 MB/s", "40 Mbit/s", 5_000_000),
            ("10 MB/s", "80 Mbit/s", 10_000_000),
            ("25 MB/s", "200 Mbit/s", 25_000_000),
            ("50 MB/s", "400 Mbit/s", 50_000_000),
            ("100 MB/s", "800 Mbit/s", 100_000_000),
        )
    )
)
ANY_PANE = (60, 15)
"""Columns and rows below which none does."""


class Dashboard(Screen[None], inherit_bindings=False):
    """Lays out the panes and turns keys into commands."""

    BINDING_GROUP_TITLE = "Screen"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause", id="job.pause", tooltip="or resume the chosen job"),
        Binding("x", "cancel", "Cancel", id="job.cancel", tooltip="the chosen job; asks"),
        Binding("plus,equals_sign", "priority(-1)", "Sooner", key_display="+", id="job.sooner"),
        Binding("minus", "priority(1)", "Later", key_display="-", id="job.later"),
        Binding("b", "bandwidth", "Limit", show=False, id="servers.bandwidth", tooltip="how fast"),
        Binding("tab", "turn(1)", "Pane", id="panes.next"),
        Binding("shift+tab", "turn(-1)", "pane before", show=False, id="panes.previous"),
        *(
            Binding(
                f"{number},alt+{number}",
                f"pane('{pane}')",
                _LABELS[pane].lower(),
                show=False,
                id=f"panes.{pane}",
            )
            for number, pane in enumerate(PANES, 1)
        ),
    ]

    def __init__(self, handle: EngineHandle) -> None:
        super().__init__()
        self._handle = handle
        self._status: EngineStatus | None = None
        self._pane = "files"

    def compose(self) -> ComposeResult:
        yield LinesView(status_lines, id="status")
        yield LinesView(banner_lines, id="banner")
        yield LinesView(self._tab_lines, id="tabs")
        yield Throughput(id="throughput")
        with Horizontal(id="work"):
            yield JobsPane(id="jobs")
            yield LinesView(stage_lines, id="stages")
        yield PagedTable(id="files")
        yield LinesView(notice_lines, id="notices")
        yield Static("Enlarge the terminal to 60×15 or more.", markup=False, id="enlarge")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Bars are no places to be."""
        for name in ("status", "banner", "tabs"):
            self.query_one(f"#{name}").can_focus = False
        self.action_pane(self._pane)

    def show(self, status: EngineStatus) -> None:
        """Hand a status to every pane."""
        self._status = status
        self.query_one("#banner").display = bool(banner_lines(status, 0, 0))
        for view in self.query(LinesView):
            view.show(status)
        self.query_one(Throughput).show(status)
        self._show_files(status)
        self._entitle(status)

    def _show_files(self, status: EngineStatus) -> None:
        chosen = self.query_one(JobsPane).chosen
        self.query_one(PagedTable).show(status, chosen, self._handle.browser)

    def on_jobs_pane_chosen(self, event: JobsPane.Chosen) -> None:
        """Other files."""
        if self._status is not None:
            self._show_files(self._status)

    def _entitle(self, status: EngineStatus) -> None:
        jobs = len(status.jobs)
        self.query_one("#jobs", LinesView).title("1 Jobs", f"{jobs} jobs" if jobs > 1 else "")
        self.query_one("#stages", LinesView).title("3 Stages")
        count = f" {status.notice_count:,}" if status.notice_count else ""
        self.query_one("#notices", LinesView).title(f"4 Notices{count}")

    def _tab_lines(self, status: EngineStatus, width: int, height: int) -> list[Line]:
        line: Line = ()
        for number, pane in enumerate(PANES, 1):
            count = f" {status.notice_count:,}" if pane == "notices" and status.notice_count else ""
            text = f" {number} {_LABELS[pane]}{count} "
            line = (*line, (text, "accent" if pane == self._pane else "muted"), (" ", "plain"))
        return [line]

    def on_resize(self, event: Resize) -> None:
        """Choose between all panes, one pane and none."""
        columns, rows = event.size
        tiny = columns < ANY_PANE[0] or rows < ANY_PANE[1]
        full = columns >= ALL_PANES[0] and rows >= ALL_PANES[1]
        self.set_class(tiny, "tiny")
        self.set_class(full, "full")
        self.set_class(not tiny and not full, "compact")

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The pane with the focus is the one shown where there is room for one."""
        if event.widget.id in PANES:
            self._set_pane(event.widget.id)

    def _set_pane(self, pane: str) -> None:
        self._pane = pane
        for name in PANES:
            self.set_class(name == pane, f"at-{name}")
        self.query_one("#tabs", LinesView).recompose_lines()

    def action_pane(self, pane: str) -> None:
        """Go to a pane."""
        # Shown first: what is not displayed cannot take the focus.
        self._set_pane(pane)
        self.call_after_refresh(self.query_one(f"#{pane}").focus)

    def action_turn(self, by: int) -> None:
        """Go to the next pane or the one before."""
        self.action_pane(PANES[(PANES.index(self._pane) + by) % len(PANES)])

    def action_pause(self) -> None:
        """Hold the chosen job, or let it go on."""
        job = self._going_job()
        if job is not None:
            self._submit(Resume(job.id) if job.state is JobState.PAUSED else Pause(job.id))

    def action_priority(self, by: int) -> None:
        """Move the chosen job in the queue."""
        job = self._going_job()
        if job is None:
            return
        priority = Priority(min(max(Priority), max(min(Priority), job.priority + by)))
        if priority != job.priority:
            self._submit(SetPriority(job.id, priority))
        self._say(f"Priority {priority.name.lower()}.")

    def action_cancel(self) -> None:
        """Ask, then end the chosen job."""
        job = self._going_job()
        if job is None:
            return
        left = plural(max(0, job.total_files - job.done_files), "file")
        name = cut_middle(safe_name(job.folder), 30)
        choices = (
            Choice("y", f"Cancel the {job.verb}", "what is posted is kept", "yes"),
            Choice("n", "Go on", "", "no"),
        )

        def answered(choice: str | None) -> None:
            if choice == "yes":
                self._submit(Cancel(job.id))

        self.app.push_screen(Ask(f"Cancel {name} with {left} to go?", choices), answered)

    def action_bandwidth(self) -> None:
        """Ask how fast to post, to all servers together."""
        if self._status is None or not self._status.servers:
            self._say("There is no server to post to.")
        elif self._status.read_only:
            self._say(_LOOKING_ON)
        else:
            now = self._status.bandwidth_limit
            words = f"Now at most {rate(now)}." if now else "Now as fast as it goes."
            self.app.push_screen(Ask(f"How fast to post? {words}", _SPEEDS), self._limit)

    def _limit(self, choice: str | None) -> None:
        if choice is not None:
            self._submit(LimitBandwidth(int(choice)))

    def _going_job(self) -> JobStatus | None:
        """The chosen job if a command can still reach it; else say why not."""
        job = self.query_one(JobsPane).chosen
        if self._status is not None and self._status.read_only:
            self._say(_LOOKING_ON)
        elif job is None:
            self._say("There is no job to act on.")
        elif job.state.is_over:
            self._say("This job is over.")
        else:
            return job
        return None

    def _submit(self, command: Command) -> None:
        self._handle.submit(command)

    def _say(self, text: str) -> None:
        self.notify(text, timeout=3, markup=False)
