"""What a user can do to jobs: those of the folders that are meant, or all."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.jobs import Cancel, Pause, PauseAll, Resume, ResumeAll, Retry
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.actions import meant_jobs
from usenetsync_tui.tui.actions.context import Context, want_each
from usenetsync_tui.tui.dialogs.shrink_dialog import ShrinkDialog, can_be_allowed
from usenetsync_tui.tui.kit.action import Action
from usenetsync_tui.tui.kit.command_request import writable
from usenetsync_tui.tui.kit.question import Ask, Choice

# Pausing, cancelling, trying again


def pause(here: Context) -> None:
    """Pause the jobs that are meant."""
    jobs = [job for job in meant_jobs.open_jobs(here) if not meant_jobs.is_paused(job)]
    want_each(here, [Pause(job.id) for job in jobs], _several(jobs, "paused"))


def resume(here: Context) -> None:
    """Resume the jobs that are meant."""
    jobs = [job for job in meant_jobs.open_jobs(here) if meant_jobs.is_paused(job)]
    want_each(here, [Resume(job.id) for job in jobs], _several(jobs, "resumed"))


def pause_all(here: Context) -> None:
    """Pause every job."""
    here.want(PauseAll(), "All jobs paused. P resumes.")


def resume_all(here: Context) -> None:
    """Resume every job."""
    paused = sum(map(meant_jobs.is_paused, meant_jobs.every_open_job(here)))
    here.want(ResumeAll(), f"{plural(paused, 'job')} resumed.")


def retry(here: Context) -> None:
    """Queue the jobs that are meant again; ask first about folders that were refused."""
    jobs = meant_jobs.jobs(here)
    refused = [job for job in jobs if can_be_allowed(job)]
    again = [job for job in jobs if meant_jobs.is_retriable(job) and job not in refused]
    if refused:
        ask_to_allow(here, refused)
    if again:
        _queue_again(here, again)


def ask_to_allow(here: Context, jobs: Sequence[JobStatus]) -> None:
    """Ask whether to back up folders as they are that the engine has refused."""

    def answered(answer: str) -> None:
        if answer == "yes":
            _queue_again(here, jobs, allow_shrink=True)

    here.ask(ShrinkDialog(jobs), answered)


def _queue_again(here: Context, jobs: Sequence[JobStatus], *, allow_shrink: bool = False) -> None:
    many = f"{plural(len(jobs), 'job')} are queued again."
    said = many if len(jobs) > 1 else f"The {jobs[0].verb} is queued again."
    want_each(here, [Retry(job.id, allow_shrink) for job in jobs], said)


def cancel(here: Context) -> None:
    """Ask, then end the jobs that are meant."""
    jobs = meant_jobs.open_jobs(here)
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


def _several(jobs: Sequence[JobStatus], done: str) -> str:
    return f"{plural(len(jobs), 'job')} {done}." if len(jobs) > 1 else ""


JOB_ACTIONS: tuple[Action[Context], ...] = (
    Action(
        "job.pause",
        "Pause",
        pause,
        (writable, meant_jobs.has_open, meant_jobs.can_pause),
        keys="p",
        tooltip="the folder's job",
        footer=True,
        command="pause",
    ),
    Action(
        "job.resume",
        "Resume",
        resume,
        (writable, meant_jobs.has_open, meant_jobs.can_resume),
        keys="p",
        tooltip="the folder's job",
        footer=True,
        command="resume",
    ),
    Action(
        "jobs.pause",
        "pause all",
        pause_all,
        (writable, meant_jobs.has_any_open, meant_jobs.can_pause_any),
        keys="P",
        tooltip="jobs",
        command="pause-all",
    ),
    Action(
        "jobs.resume",
        "resume all",
        resume_all,
        (writable, meant_jobs.has_any_open, meant_jobs.can_resume_any),
        keys="P",
        tooltip="jobs",
        command="resume-all",
    ),
    Action(
        "job.cancel",
        "Cancel",
        cancel,
        (writable, meant_jobs.has_open),
        keys="x",
        tooltip="the folder's job; asks",
        footer=True,
        command="cancel",
    ),
    Action(
        "job.retry",
        "Retry",
        retry,
        (writable, meant_jobs.can_retry),
        keys="R",
        tooltip="the folder's job",
        footer=True,
        command="retry",
    ),
)
