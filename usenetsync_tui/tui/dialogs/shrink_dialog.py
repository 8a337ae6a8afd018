"""Asks whether to back up folders as they are now, after their uploads were refused."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.question import Ask, Choice

_MOST_NAMED = 4
_NAME = 30


class ShrinkDialog(Ask):
    """Dismissed with ``yes``, ``no`` or None. The jobs satisfy `can_be_allowed`."""

    def __init__(self, jobs: Sequence[JobStatus]) -> None:
        one = len(jobs) == 1
        it = "it is" if one else "they are"
        choices = (
            Choice("n", "Not now", "mount the disk first, then upload again", "no"),
            Choice("y", f"Upload as {it} now", "without what is gone", "yes"),
        )
        super().__init__(_question(jobs), choices)


def can_be_allowed(job: JobStatus) -> bool:
    """Whether the job is a refused upload that runs if the user allows it."""
    refused = job.state is JobState.FAILED and job.refusal is not None
    return refused and job.refusal is not None and job.refusal.can_be_allowed


class RefusalWatch:
    """Finds uploads that the engine refuses while the screen is open."""

    def __init__(self) -> None:
        self._refused: frozenset[int] | None = None
        self._waiting: set[int] = set()
        """Ids of jobs that the screen has not asked the user about yet."""

    def update(self, status: EngineStatus, *, may_ask: bool) -> list[JobStatus]:
        """The jobs to ask about now: each once, and only if refused after the first status.

        `may_ask`: whether the screen can open a dialog now; else the jobs wait.
        """
        jobs = {job.id: job for job in status.jobs if can_be_allowed(job)}
        before, self._refused = self._refused, frozenset(jobs)
        if before is not None and not status.read_only:
            self._waiting |= jobs.keys() - before
        self._waiting &= jobs.keys()
        if not may_ask:
            return []
        asked, self._waiting = sorted(self._waiting), set()
        return [jobs[number] for number in asked]


def _question(jobs: Sequence[JobStatus]) -> str:
    if len(jobs) == 1:
        return f"{_name(jobs[0])} was not uploaded. {_finding(jobs[0])} Nothing was removed."
    lines = [f"{plural(len(jobs), 'folder')} were not uploaded. Nothing was removed."]
    lines += [f"{_name(job)}: {_finding(job)}" for job in jobs[:_MOST_NAMED]]
    if len(jobs) > _MOST_NAMED:
        lines.append(f"… and {len(jobs) - _MOST_NAMED} more")
    return "\n".join(lines)


def _name(job: JobStatus) -> str:
    return cut_middle(safe_name(job.folder), _NAME)


def _finding(job: JobStatus) -> str:
    return safe_name(job.refusal.finding) if job.refusal is not None else ""
