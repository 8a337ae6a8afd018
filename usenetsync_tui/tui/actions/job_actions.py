"""What can be done to jobs: those of the folders that are meant, or all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands import (
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
)
from usenetsync_tui.model.figures import plural
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import FolderStatus, JobStatus
from usenetsync_tui.tui.actions.context import Context, want_each, writable
from usenetsync_tui.tui.dialogs.shrink_dialog import ShrinkDialog, can_be_allowed
from usenetsync_tui.tui.kit.action import Action, first_reason
from usenetsync_tui.tui.kit.question import Ask, Choice

_RETRIABLE = (JobState.FAILED, JobState.INCOMPLETE, JobState.CANCELLED)
_NO_JOB = "There is no job to act on."

# What they act on


def _jobs(here: Context) -> list[JobStatus]:
    """The open or latest job of each folder that is meant."""
    return [each.job for each in here.meant if each.job is not None]


def _open(here: Context) -> list[JobStatus]:
    """Those of them a command can still reach."""
    return [job for job in _jobs(here) if not job.state.is_over]


def _every_open(here: Context) -> list[JobStatus]:
    jobs = here.status.jobs if here.status is not None else ()
    return [job for job in jobs if not job.state.is_over]


def _is_paused(job: JobStatus) -> bool:
    return job.state is JobState.PAUSED


# Conditions


def _has_open(here: Context) -> str:
    if _open(here):
        return ""
    jobs = _jobs(here)
    if not jobs:
        return _NO_JOB
    return "This job is over." if len(jobs) == 1 else "These jobs are over."


def _has_any_open(here: Context) -> str:
    return "" if _every_open(here) else _NO_JOB


def _can_pause(here: Context) -> str:
    return "It is paused already." if all(map(_is_paused, _open(here))) else ""


def _can_resume(here: Context) -> str:
    return "" if any(map(_is_paused, _open(here))) else "It is not paused."


def _can_pause_any(here: Context) -> str:
    return "All jobs are paused already." if all(map(_is_paused, _every_open(here))) else ""


def _can_resume_any(here: Context) -> str:
    return "" if any(map(_is_paused, _every_open(here))) else "No job is paused."


def _can_retry(here: Context) -> str:
    jobs = _jobs(here)
    if not jobs:
        return _NO_JOB
    if any(job.state in _RETRIABLE for job in jobs):
        return ""
    return "Only a failed, incomplete or cancelled job can be tried again."


def _can_move(by: int) -> Callable[[Context], str]:
    """Whether a job can go so far up or down the queue."""

    def why_not(here: Context) -> str:
        if any(_moved(job, by) != job.priority for job in _open(here)):
            return ""
        return f"Its priority is {_open(here)[0].priority.name.lower()} already."

    return why_not


# Pausing, cancelling, trying again


def pause(here: Context) -> None:
    """Pause the jobs that are meant."""
    jobs = [job for job in _open(here) if not _is_paused(job)]
    want_each(here, [Pause(job.id) for job in jobs], _several(jobs, "paused"))


def resume(here: Context) -> None:
    """Resume the jobs that are meant."""
    jobs = [job for job in _open(here) if _is_paused(job)]
    want_each(here, [Resume(job.id) for job in jobs], _several(jobs, "resumed"))


def pause_all(here: Context) -> None:
    """Pause every job."""
    here.want(PauseAll(), "All jobs paused. P resumes.")


def resume_all(here: Context) -> None:
    """Resume every job."""
    held = sum(map(_is_paused, _every_open(here)))
    here.want(ResumeAll(), f"{plural(held, 'job')} resumed.")


def retry(here: Context) -> None:
    """The jobs that are meant again; of those that were refused it is asked first."""
    jobs = _jobs(here)
    refused = [job for job in jobs if can_be_allowed(job)]
    again = [job for job in jobs if job.state in _RETRIABLE and job not in refused]
    if refused:
        ask_to_allow(here, refused)
    if len(again) == 1:
        here.want(Retry(again[0].id), f"The {again[0].verb} is queued again.")
    elif again:
        said = f"{plural(len(again), 'job')} are queued again."
        want_each(here, [Retry(job.id) for job in again], said)


def ask_to_allow(here: Context, jobs: Sequence[JobStatus]) -> None:
    """Ask whether folders that were refused are taken as they are."""

    def answered(answer: str) -> None:
        if answer == "yes":
            commands = [Retry(job.id, allow_shrink=True) for job in jobs]
            want_each(here, commands, f"{plural(len(jobs), 'upload')} begins again.")

    here.ask(ShrinkDialog(jobs), answered)


def cancel(here: Context) -> None:
    """Ask, then end the jobs that are meant."""
    jobs = _open(here)
    left = sum(max(0, job.total_files - job.done_files) for job in jobs)
    one = jobs[0] if len(jobs) == 1 else None
    name = cut_middle(safe_name(one.folder), 30) if one else plural(len(jobs), "job")
    what = f"the {one.verb}" if one else "them"
    choices = (
        Choice("y", f"Cancel {what}", "finished work is kept", "yes"),
        Choice("n", "Keep running", "", "no"),
    )
    commands = [Cancel(job.id) for job in jobs]

    def answered(choice: str) -> None:
        if choice == "yes":
            want_each(here, commands, "")

    here.ask(Ask(f"Cancel {name} with {plural(left, 'file')} to go?", choices), answered)


# Their turn


def move(here: Context, by: int) -> None:
    """Move the jobs that are meant in the queue; ``-1``: one priority up."""
    moved = [(job, _moved(job, by)) for job in _open(here)]
    commands = [SetPriority(job.id, to) for job, to in moved if to != job.priority]
    one = len(moved) == 1
    said = _priority(moved[0][1]) if one else f"{plural(len(commands), 'job')} moved."
    want_each(here, commands, said)


def prioritise(here: Context, priority: Priority) -> None:
    """Give the jobs that are meant a priority; where there is none, the folder itself."""
    wanted = [_prioritised(each, priority) for each in here.meant]
    commands = [command for command in wanted if command is not None]
    want_each(here, commands, _priority(priority))


def _moved(job: JobStatus, by: int) -> Priority:
    return Priority(min(max(Priority), max(min(Priority), job.priority + by)))


def _prioritised(each: FolderStatus, priority: Priority) -> Command | None:
    job = each.job
    if job is None or job.state.is_over:
        return Choose(each.folder.id, FolderChoices(priority=priority))
    return SetPriority(job.id, priority) if priority != job.priority else None


def _priority(priority: Priority) -> str:
    return f"Priority {priority.name.lower()}."


def _several(jobs: Sequence[JobStatus], done: str) -> str:
    return f"{plural(len(jobs), 'job')} {done}." if len(jobs) > 1 else ""


PAUSE = Action(
    "job.pause",
    "Pause",
    pause,
    first_reason(writable, _has_open, _can_pause),
    keys="p",
    tooltip="the folder's job",
    footer=True,
    command="pause",
)
RESUME = Action(
    "job.resume",
    "Resume",
    resume,
    first_reason(writable, _has_open, _can_resume),
    keys="p",
    tooltip="the folder's job",
    footer=True,
    command="resume",
)
PAUSE_ALL = Action(
    "jobs.pause",
    "pause all",
    pause_all,
    first_reason(writable, _has_any_open, _can_pause_any),
    keys="P",
    tooltip="jobs",
    command="pause-all",
)
RESUME_ALL = Action(
    "jobs.resume",
    "resume all",
    resume_all,
    first_reason(writable, _has_any_open, _can_resume_any),
    keys="P",
    tooltip="jobs",
    command="resume-all",
)
CANCEL = Action(
    "job.cancel",
    "Cancel",
    cancel,
    first_reason(writable, _has_open),
    keys="x",
    tooltip="the folder's job; asks",
    footer=True,
    command="cancel",
)
RETRY = Action(
    "job.retry",
    "Retry",
    retry,
    first_reason(writable, _can_retry),
    keys="R",
    tooltip="the folder's job",
    command="retry",
)
SOONER: Action[Context] = Action(
    "job.sooner",
    "sooner",
    lambda here: move(here, -1),
    first_reason(writable, _has_open, _can_move(-1)),
    keys="plus,equals_sign",
    key_display="+",
)
LATER: Action[Context] = Action(
    "job.later",
    "later",
    lambda here: move(here, 1),
    first_reason(writable, _has_open, _can_move(1)),
    keys="minus",
    key_display="-",
)
JOB_ACTIONS = (PAUSE, RESUME, PAUSE_ALL, RESUME_ALL, CANCEL, RETRY, SOONER, LATER)
