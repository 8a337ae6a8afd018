"""Counters that only grow, made from successive statuses. Pure: `now` is an argument.

A status has counters of each job and each server, and they begin again: a job's with its next run,
a server's with the next engine (`usenetsync serve` makes one whenever the database was away). Here
only growth is added up, so that the sums never fall while the process lives (Prometheus' rule for
counters).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Hashable

from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus

_WINDOW = 10.0
"""Seconds over which the upload speed is a mean."""
_KINDS = ("files", "bytes", "posted")
_QUEUE_IS_READ = (EngineState.IDLE, EngineState.RUNNING, EngineState.PAUSED)


class _Growth:
    """What some counters have grown by since the first look at each."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, int] = {}

    def of(self, key: Hashable, value: int, first: int) -> int:
        """What `value` adds; `first`: what it is compared with at the first look."""
        before = self._seen.get(key, first)
        self._seen[key] = value
        return max(0, value - before)

    def forget_all_but(self, keys: Collection[Hashable]) -> None:
        """Keep memory constant."""
        for key in self._seen.keys() - keys:
            del self._seen[key]


class Counters:
    """Sums over all jobs and servers since this object was made."""

    def __init__(self) -> None:
        self.done_files = 0
        self.done_bytes = 0
        """Source bytes."""
        self.posted_bytes = 0
        """Payload bytes that stores have acknowledged."""
        self.ended: Counter[tuple[Verb, JobState]] = Counter()
        """Jobs that ended, by verb and outcome."""
        self.server_bytes: Counter[str] = Counter()
        """By the name of the server, as the following two."""
        self.server_articles: Counter[str] = Counter()
        self.server_errors: Counter[str] = Counter()
        self.followed: frozenset[int] = frozenset()
        """The jobs that are open, or were at an earlier look and are still shown."""
        self._of_servers, self._of_jobs = _Growth(), _Growth()
        self._open: set[int] = set()
        self._newest: int | None = None
        """The highest id of a job so far; None until the queue is read."""
        self._samples: deque[tuple[float, int]] = deque()

    def look(self, status: EngineStatus, now: float) -> None:
        """Add what has grown since the last call. `now`: monotonic seconds."""
        for server in status.servers:
            for counter, value in (
                (self.server_bytes, server.bytes),
                (self.server_articles, server.articles),
                (self.server_errors, server.errors),
            ):
                counter[server.name] += self._of_servers.of((server.name, id(counter)), value, 0)
        if status.jobs:
            self._look_at_jobs(status.jobs)
        elif self._newest is None and status.state in _QUEUE_IS_READ:
            self._newest = 0
        self._samples.append((now, self.posted_bytes))
        while len(self._samples) > 2 and self._samples[1][0] <= now - _WINDOW:
            self._samples.popleft()

    @property
    def posted_per_second(self) -> float:
        """Payload bytes acknowledged, a second, over the last ten seconds; 0 before two looks."""
        if not self._samples:
            return 0.0
        (began, first), (ended, last) = self._samples[0], self._samples[-1]
        return (last - first) / (ended - began) if ended > began else 0.0

    def _look_at_jobs(self, jobs: tuple[JobStatus, ...]) -> None:
        followed: set[int] = set()
        for job in jobs:
            # A job of an earlier program, or one that a new engine shows again, adds only what is
            # done from now on.
            is_new = self._newest is not None and job.id > self._newest
            self.done_files += self._grown(job, "files", job.done_files, is_new=is_new)
            self.done_bytes += self._grown(job, "bytes", job.done_bytes, is_new=is_new)
            self.posted_bytes += self._grown(job, "posted", job.posted_bytes, is_new=is_new)
            if job.state.is_over and (is_new or job.id in self._open):
                self.ended[job.verb, job.state] += 1
            if not job.state.is_over or is_new or job.id in self.followed:
                followed.add(job.id)
        self._newest = max(self._newest or 0, max(job.id for job in jobs))
        self.followed = frozenset(followed)
        self._open = {job.id for job in jobs if not job.state.is_over}
        self._of_jobs.forget_all_but({(job.id, kind) for job in jobs for kind in _KINDS})

    def _grown(self, job: JobStatus, kind: str, value: int, *, is_new: bool) -> int:
        return self._of_jobs.of((job.id, kind), value, 0 if is_new else value)
