"""Which jobs may run at once, what each of them may use, and which job goes first.

The one place that knows it. At most one job of each of three kinds runs: one that posts a version
or its index, or that deletes what only forgotten versions need; one restore; one verify. Two of a
kind would share the same connections, disk and processors, and both would end later; and while
articles are deleted, no upload may decide to share one. Two jobs of one folder run together unless
both write to the folder's ledger: then each would post again what the other is posting, or check
what the other deletes.

Priority orders the jobs that wait. A waiting job whose priority is higher than that of every
running job it competes with makes those give way: they drain and wait again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from usenetsync_tui.model.jobs import Job, Verb
from usenetsync_tui.model.status.engine import Limits

HEAVY_BYTES = 10_000_000_000
HEAVY_FILES = 10_000
"""A waiting job with more bytes, or more files, left to do is heavy."""

_KINDS = dict.fromkeys((Verb.UPLOAD, Verb.INDEX, Verb.FORGET, Verb.REMOVE), "post")


def _kind(job: Job) -> str:
    return _KINDS.get(job.verb, str(job.verb))


def compete(one: Job, other: Job) -> bool:
    """Whether two jobs must not run at the same time."""
    if _kind(one) == _kind(other):
        return True
    return one.folder_id == other.folder_id and _writes(one) and _writes(other)


def _writes(job: Job) -> bool:
    """Whether it writes to its folder's ledger."""
    return job.verb.posts or job.verb.erases


def rivals(job: Job, running: Collection[Job]) -> list[Job]:
    """The running jobs that keep a job from running."""
    return [other for other in running if compete(job, other)]


def limits_of(verb: Verb, limits: Limits) -> Limits:
    """What a job may use of the engine's memory, so that all that run together stay within it.

    Half for the job that posts, a quarter for each of the others.
    """
    part = 2 if verb in _KINDS else 4
    return replace(limits, memory_limit=max(1, limits.memory_limit // part))


def workers_of(running: Collection[Job], workers: int) -> dict[int, int]:
    """How many of the engine's workers each running job has, by job id: equal parts.

    What is left over goes to the first ones; each has one at least.
    """
    count = max(1, len(running))
    ordered = sorted(running, key=lambda job: (job.priority, job.id))
    return {
        job.id: max(1, workers // count + (number < workers % count))
        for number, job in enumerate(ordered)
    }


def is_heavy(job: Job) -> bool:
    """Whether what is left of a waiting job is so much that a screen asks before it goes on.

    A job that has never run does not know how much it has to do: it counts as heavy.
    """
    if not job.total_files and not job.total_bytes:
        return True
    left = job.total_bytes - job.done_bytes, job.total_files - job.done_files
    return left[0] > HEAVY_BYTES or left[1] > HEAVY_FILES
