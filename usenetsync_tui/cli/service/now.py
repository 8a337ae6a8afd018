"""What an engine does now, in one line for `systemctl status`. Pure."""

from __future__ import annotations

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.figures import duration, percent, rate

_WORDS = {
    EngineState.STARTING: "Opening the catalogue.",
    EngineState.PAUSED: "All jobs paused.",
    EngineState.DRAINING: "Finishing articles in flight.",
    EngineState.STOPPED: "Stopped.",
}


def now_in_words(status: EngineStatus) -> str:
    """What it waits for, what its jobs do, or that there are none."""
    if status.state in (EngineState.FAILED, EngineState.REFUSED):
        return status.message
    if status.waiting is not None:
        return f"{str(status.waiting)[:1].upper()}{str(status.waiting)[1:]}"
    running = [job for job in status.jobs if job.state is JobState.RUNNING and job.elapsed]
    if status.state is EngineState.RUNNING and running:
        return "; ".join(map(_job, running))
    return _WORDS.get(status.state, "Idle.")


def _job(job: JobStatus) -> str:
    words = f"{job.verb} of {job.folder}: {job.phase}"
    if job.scanned and job.total_bytes:
        words += f", {percent(job.done_bytes / job.total_bytes)}"
    if job.bytes_per_second:
        words += f", {rate(job.bytes_per_second)}"
    return words if job.eta is None else f"{words}, {duration(job.eta)} left"
