"""Detects running jobs that make no progress.

Knows the statuses it got and the time that the caller passes with each. Refuses to know a clock.
"""

from __future__ import annotations

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus

STALLED_AFTER = 15.0
"""Seconds without a new byte, file or article."""


class StallDetector:
    """Remembers when each running job last made progress."""

    def __init__(self) -> None:
        self._moved: dict[int, tuple[tuple[object, ...], float]] = {}

    def update(self, status: EngineStatus, now: float) -> frozenset[int]:
        """The ids of the jobs without progress for `STALLED_AFTER` seconds. `now`: seconds."""
        running = {job.id: job for job in status.jobs if job.state is JobState.RUNNING}
        for folder in status.folders:
            if folder.job is not None and folder.job.state is JobState.RUNNING:
                running.setdefault(folder.job.id, folder.job)
        before = self._moved
        self._moved = {}
        for number, job in running.items():
            at = _progress(job)
            old = before.get(number)
            self._moved[number] = old if old is not None and old[0] == at else (at, now)
        return frozenset(
            number for number, (_, since) in self._moved.items() if now - since >= STALLED_AFTER
        )


def _progress(job: JobStatus) -> tuple[object, ...]:
    return (
        job.phase,
        job.entries,
        job.done_files,
        job.done_bytes,
        job.posted_bytes,
        job.verified,
        job.from_copies,
        job.errors,
    )
