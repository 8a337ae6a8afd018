"""The question whether folders that an upload refused are to be taken as they are."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.figures import plural
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineStatus, JobStatus
from usenetsync_tui.tui.kit.question import Ask, Choice

_MOST_NAMED = 4
_NAME = 30


class ShrinkDialog(Ask):
    """Dismissed with ``yes``, ``no`` or None. The jobs are uploads that can be allowed."""

    def __init__(self, jobs: Sequence[JobStatus]) -> None:
        one = len(jobs) == 1
        it = "it is" if one else "they are"
        choices = (
            Choice("n", "Not now", "mount the disk first, then upload again", "no"),
            Choice("y", f"Upload as {it} now", "without what is gone", "yes"),
        )
        super().__init__(_question(jobs), choices)


def can_be_allowed(job: JobStatus) -> bool:
    """Whether an upload was refused for what it can be allowed to do."""
    refused = job.state is JobState.FAILED and job.refusal is not None
    return refused and job.refusal is not None and job.refusal.can_be_allowed


class RefusalWatch:
    """Notices uploads that are refused while the screen is open."""

    def __init__(self) -> None:
        self._refused: frozenset[int] | None = None
        self._waiting: set[int] = set()
        """Those that the user was not asked about yet."""

    def look(self, status: EngineStatus, *, may_ask: bool) -> list[JobStatus]:
        """Those to ask about now: refused since the first look, each once, when one may ask."""
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
