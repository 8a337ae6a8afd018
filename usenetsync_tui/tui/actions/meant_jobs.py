"""The jobs that keys act on: those of the folders that are meant, or all; and their conditions."""

from __future__ import annotations

from collections.abc import Callable

from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.tui.actions.context import Context

_RETRIABLE = (JobState.FAILED, JobState.INCOMPLETE, JobState.CANCELLED)
_NO_JOB = "There is no job to act on."


def jobs(here: Context) -> list[JobStatus]:
    """The open or latest job of each folder that is meant."""
    return [each.job for each in here.meant if each.job is not None]


def open_jobs(here: Context) -> list[JobStatus]:
    """Of these, the jobs that a command can still reach."""
    return [job for job in jobs(here) if not job.state.is_over]


def every_open_job(here: Context) -> list[JobStatus]:
    """The open jobs of all folders."""
    known = here.status.jobs if here.status is not None else ()
    return [job for job in known if not job.state.is_over]


def is_paused(job: JobStatus) -> bool:
    """Whether a job is paused."""
    return job.state is JobState.PAUSED


def is_retriable(job: JobStatus) -> bool:
    """Whether a job is over and has something left to do."""
    return job.state in _RETRIABLE


def moved(job: JobStatus, by: int) -> Priority:
    """The priority of a job that moves up (-1) or down (1) the queue."""
    return Priority(min(max(Priority), max(min(Priority), job.priority + by)))


# Conditions


def has_open(here: Context) -> str:
    """A job is open."""
    if open_jobs(here):
        return ""
    over = jobs(here)
    if not over:
        return _NO_JOB
    return "This job is over." if len(over) == 1 else "These jobs are over."


def has_any_open(here: Context) -> str:
    """A job of any folder is open."""
    return "" if every_open_job(here) else _NO_JOB


def can_pause(here: Context) -> str:
    """An open job is not paused."""
    return "It is paused already." if all(map(is_paused, open_jobs(here))) else ""


def can_resume(here: Context) -> str:
    """An open job is paused."""
    return "" if any(map(is_paused, open_jobs(here))) else "It is not paused."


def can_pause_any(here: Context) -> str:
    """An open job of any folder is not paused."""
    return "All jobs are paused already." if all(map(is_paused, every_open_job(here))) else ""


def can_resume_any(here: Context) -> str:
    """A job of any folder is paused."""
    return "" if any(map(is_paused, every_open_job(here))) else "No job is paused."


def can_retry(here: Context) -> str:
    """A job can be tried again."""
    over = jobs(here)
    if not over:
        return _NO_JOB
    if any(map(is_retriable, over)):
        return ""
    return "Only a failed, incomplete or cancelled job can be tried again."


def can_move(by: int) -> Callable[[Context], str]:
    """A job can move up (-1) or down (1) the queue."""

    def condition(here: Context) -> str:
        if any(moved(job, by) != job.priority for job in open_jobs(here)):
            return ""
        return f"Its priority is {open_jobs(here)[0].priority.name.lower()} already."

    return condition
