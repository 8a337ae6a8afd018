"""What keys do to jobs: those of the folders that are meant, or all; and how fast they go."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands import (
    MOST_WORKERS,
    Cancel,
    Choose,
    Command,
    FolderChoices,
    Pause,
    PauseAll,
    Resume,
    ResumeAll,
    Retry,
    SetPriority,
    SetWorkers,
)
from usenetsync_tui.model.figures import plural
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import FolderStatus, JobStatus
from usenetsync_tui.tui.commands.key_actions import KeyActions
from usenetsync_tui.tui.dialogs.choices_dialog import NumberDialog
from usenetsync_tui.tui.dialogs.shrink_dialog import ShrinkDialog, can_be_allowed
from usenetsync_tui.tui.dialogs.speed_choices import ask_speed
from usenetsync_tui.tui.kit.question import Ask, Choice

_RETRIABLE = (JobState.FAILED, JobState.INCOMPLETE, JobState.CANCELLED)

KEYS = (
    Binding("p", "pause", "Pause", id="job.pause", tooltip="or resume the folder's job"),
    Binding("P", "pause_all", "pause all", show=False, id="jobs.pause", tooltip="or resume all"),
    Binding("x", "cancel", "Cancel", id="job.cancel", tooltip="the folder's job; asks"),
    Binding("R", "retry", "Retry", show=False, id="job.retry", tooltip="the folder's job"),
    Binding(
        "plus,equals_sign", "priority(-1)", "sooner", show=False, key_display="+", id="job.sooner"
    ),
    Binding("minus", "priority(1)", "later", show=False, key_display="-", id="job.later"),
    Binding("b", "bandwidth", "limit", show=False, id="servers.bandwidth", tooltip="how fast"),
    Binding("w", "workers", "workers", show=False, id="workers.count", tooltip="how many"),
)


class JobKeys(KeyActions):
    """The part of the dashboard that acts on jobs."""

    def action_pause(self) -> None:
        """Hold the jobs that are meant; or let them go on, when none is left to hold."""
        going = self._going()
        if going and all(job.state is JobState.PAUSED for job in going):
            self.go_on()
        elif going:
            self.hold()

    def hold(self) -> None:
        """Pause the jobs that are meant."""
        going = self._going()
        jobs = [job for job in going if job.state is not JobState.PAUSED]
        if going and not jobs:
            self.say("It is paused already.")
        self.want_each([Pause(job.id) for job in jobs], _several(jobs, "held"))

    def go_on(self) -> None:
        """Resume the jobs that are meant."""
        going = self._going()
        jobs = [job for job in going if job.state is JobState.PAUSED]
        if going and not jobs:
            self.say("It is not paused.")
        self.want_each([Resume(job.id) for job in jobs], _several(jobs, "resumed"))

    def action_pause_all(self) -> None:
        """Hold every job; or let all go on, when none is left to hold."""
        jobs = self.status.jobs if self.status else ()
        going = [job for job in jobs if not job.state.is_over]
        held = [job for job in going if job.state is JobState.PAUSED]
        if not going:
            self.say("There is no job to act on.")
        elif len(held) == len(going):
            self.want(ResumeAll(), f"{plural(len(held), 'job')} resumed.")
        else:
            self.want(PauseAll(), "All jobs paused. P resumes.")

    def action_priority(self, by: int) -> None:
        """Move the jobs that are meant in the queue."""
        moved = [
            (job, Priority(min(max(Priority), max(min(Priority), job.priority + by))))
            for job in self._going()
        ]
        commands = [SetPriority(job.id, to) for job, to in moved if to != job.priority]
        if moved:
            one = len(moved) == 1
            said = _priority(moved[0][1]) if one else f"{plural(len(commands), 'job')} moved."
            self.want_each(commands, said)

    def prioritise(self, priority: Priority) -> None:
        """Give the jobs that are meant a priority; where there is none, the folder itself."""
        if self.folder() is None:
            return
        wanted = [_prioritised(each, priority) for each in self.meant]
        commands = [command for command in wanted if command is not None]
        self.want_each(commands, _priority(priority))

    def action_retry(self) -> None:
        """The jobs that are meant again."""
        jobs = self._jobs()
        refused = [job for job in jobs if can_be_allowed(job)]
        again = [job for job in jobs if job.state in _RETRIABLE and job not in refused]
        if refused:
            self.ask_to_allow(refused)
        if not again and refused:
            return
        if not jobs:
            self.say("There is no job to act on.")
        elif not again:
            self.say("Only what failed, or is not whole, is tried again.")
        elif len(again) == 1:
            self.want(Retry(again[0].id), f"The {again[0].verb} is queued again.")
        else:
            said = f"{plural(len(again), 'job')} are queued again."
            self.want_each([Retry(job.id) for job in again], said)

    def ask_to_allow(self, jobs: Sequence[JobStatus]) -> None:
        """Ask whether folders that were refused are taken as they are."""

        def answered(answer: str) -> None:
            if answer == "yes":
                commands = [Retry(job.id, allow_shrink=True) for job in jobs]
                self.want_each(commands, f"{plural(len(jobs), 'upload')} begins again.")

        self.ask(ShrinkDialog(jobs), answered)

    def action_cancel(self) -> None:
        """Ask, then end the jobs that are meant."""
        going = self._going()
        if not going:
            return
        left = sum(max(0, job.total_files - job.done_files) for job in going)
        one = going[0] if len(going) == 1 else None
        name = cut_middle(safe_name(one.folder), 30) if one else plural(len(going), "job")
        what = f"the {one.verb}" if one else "them"
        choices = (
            Choice("y", f"Cancel {what}", "what is done is kept", "yes"),
            Choice("n", "Go on", "", "no"),
        )
        commands = [Cancel(job.id) for job in going]

        def answered(choice: str) -> None:
            if choice == "yes":
                self.want_each(commands, "")

        self.ask(Ask(f"Cancel {name} with {plural(left, 'file')} to go?", choices), answered)

    # How fast

    def action_bandwidth(self) -> None:
        """Ask how fast to post to all servers together, or to fetch from them."""
        if self.status is None or not self.status.servers:
            self.say("There is no server to post to or fetch from.")
            return
        ask_speed(self, self.status.bandwidth_limit, self.status.fetch_limit)

    def action_workers(self) -> None:
        """Ask how many threads read and compress."""
        now = self.status.workers_allowed if self.status else 0
        dialog = NumberDialog("Workers", "Threads", now or 1, most=MOST_WORKERS)
        self.ask(dialog, self._set_workers)

    def _set_workers(self, count: int) -> None:
        self.want(SetWorkers(count), f"{plural(count, 'worker')} from now on.")

    # What they act on

    def _jobs(self) -> list[JobStatus]:
        """The open or latest job of each folder that is meant."""
        return [each.job for each in self.meant if each.job is not None]

    def _going(self) -> list[JobStatus]:
        """Those of them a command can still reach; else say why there is none."""
        jobs = self._jobs()
        going = [job for job in jobs if not job.state.is_over]
        if not jobs:
            self.say("There is no job to act on.")
        elif not going:
            self.say("This job is over." if len(jobs) == 1 else "These jobs are over.")
        return going


def _prioritised(each: FolderStatus, priority: Priority) -> Command | None:
    job = each.job
    if job is None or job.state.is_over:
        return Choose(each.folder.id, FolderChoices(priority=priority))
    return SetPriority(job.id, priority) if priority != job.priority else None


def _priority(priority: Priority) -> str:
    return f"Priority {priority.name.lower()}."


def _several(jobs: Sequence[JobStatus], done: str) -> str:
    return f"{plural(len(jobs), 'job')} {done}." if len(jobs) > 1 else ""
