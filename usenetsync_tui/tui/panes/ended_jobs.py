"""What to say when jobs end: one toast with figures, however many end at once, and the bell.

Knows the statuses it got. Refuses to know how a toast is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.status.recovery import StringRestoreStatus
from usenetsync_tui.model.text.figures import elapsed, plural, size
from usenetsync_tui.model.text.safe_name import safe_name

Severity = Literal["information", "warning", "error"]
_SEVERITIES: dict[JobState, Severity] = {
    JobState.FAILED: "error",
    JobState.INCOMPLETE: "warning",
}
_NAME, _MESSAGE = 30, 120


class EndedJobs:
    """Finds the jobs that have ended from one status to the next."""

    def __init__(self) -> None:
        self._open: frozenset[int] = frozenset()
        self._restore = 0
        """The restore with a recovery string that was open; 0: none was."""

    def update(self, status: EngineStatus) -> tuple[JobStatus, ...]:
        """The jobs that were open in the status before and are over in this one."""
        ended = tuple(job for job in status.jobs if job.id in self._open and job.state.is_over)
        self._open = frozenset(job.id for job in status.jobs if not job.state.is_over)
        return (*ended, *self._ended_restore(status.string_restore))

    def _ended_restore(self, now: StringRestoreStatus | None) -> tuple[JobStatus, ...]:
        is_open = now is not None and not now.over
        before, self._restore = self._restore, now.number if now is not None and is_open else 0
        ended = now is not None and now.over and now.number == before
        return (now.job,) if now is not None and ended and now.job is not None else ()


def ended_words(jobs: Sequence[JobStatus]) -> str:
    """``photos v12: 1,204 files, 8.10 GB posted, 2m04s``; for several jobs their sums."""
    if len(jobs) == 1:
        return _of_one(jobs[0])
    states = Counter(_state(job) for job in jobs)
    counted = ", ".join(f"{number} {state}" for state, number in states.items())
    return f"{plural(len(jobs), 'job')} ended: {counted}; {_amounts(jobs)}"


def ended_severity(jobs: Sequence[JobStatus]) -> Severity:
    """The severity of the worst end."""
    found = {_SEVERITIES.get(job.state, "information") for job in jobs}
    order: tuple[Severity, ...] = ("error", "warning")
    return next((each for each in order if each in found), "information")


def rings_bell(jobs: Sequence[JobStatus], bell_after: int) -> bool:
    """Whether one of them worked for `bell_after` seconds or longer; 0: never."""
    return bell_after > 0 and any(job.elapsed >= bell_after for job in jobs)


def _of_one(job: JobStatus) -> str:
    version = f" v{job.version}" if job.version is not None else ""
    name = cut_middle(safe_name(job.folder), _NAME) + version
    verb = "" if job.verb is Verb.UPLOAD else f" {job.verb}"
    if job.state is JobState.COMPLETED:
        return f"{name}{verb}: {_amounts([job])}, {elapsed(job.elapsed)}"
    why = f": {cut_middle(safe_name(job.message), _MESSAGE)}" if job.message else ""
    if job.state is JobState.INCOMPLETE and not why:
        why = f": {plural(job.errors, 'error')}, {_amounts([job])}"
    return f"{name} {job.verb} {_state(job)} after {elapsed(job.elapsed)}{why}"


def _state(job: JobStatus) -> str:
    return "done" if job.state is JobState.COMPLETED else str(job.state)


def _amounts(jobs: Sequence[JobStatus]) -> str:
    files = plural(sum(job.done_files for job in jobs), "file")
    posted = sum(job.posted_bytes for job in jobs)
    if posted or all(job.verb is Verb.UPLOAD for job in jobs):
        return f"{files}, {size(posted)} posted"
    return f"{files}, {size(sum(job.done_bytes for job in jobs))}"
