"""posting_lanes: posting, from a planned article to its recorded answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from usenetsync_tui.model.status import Limits
from usenetsync_tui.pipeline.posting.confirm import confirm
from usenetsync_tui.pipeline.posting.ledger import Ledger, OutgoingArticle
from usenetsync_tui.pipeline.posting.post import Posted, post
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.worker_counts import BUFFERS_A_SEGMENT

_QUEUE = 8
_PLANNED = 16
"""Articles that may at least wait for a lane."""
_ANSWERS = 256


def lanes(run: JobRun, workers: int | None = None) -> int:
    """How many articles to post at once: what the store takes, else what suits the database.

    `workers`: of the run; those of the settings by default.
    """
    wanted = run.open_realm.store.lanes
    if wanted is None:
        wanted = min(workers or run.limits.max_workers, run.limits.max_connections // 4)
    return max(1, min(wanted, most_lanes(run.limits)))


def most_lanes(limits: Limits) -> int:
    """Segments that may be on their way to or from a store: a quarter of the memory limit."""
    return max(1, limits.memory_limit // 4 // (limits.chunk_size * BUFFERS_A_SEGMENT))


def capacity(run: JobRun) -> int:
    """Items a stream may hold: `_QUEUE`, less when segments are huge."""
    workers = 2 * run.limits.max_workers + lanes(run)
    room = run.limits.memory_limit // (run.limits.chunk_size * BUFFERS_A_SEGMENT)
    # Items of seven streams, of `stages` and here, hold source bytes and a payload: 14 of 15
    # buffers.
    return max(1, min(_QUEUE, (room - workers) // 5))


@asynccontextmanager
async def posting_lanes(
    run: JobRun, ledger: Ledger
) -> AsyncIterator[MemoryObjectSendStream[OutgoingArticle]]:
    """A stream whose articles are posted and confirmed; leaving the block waits for all of them.

    Adds its stages to those of the run.
    """
    # Enough for every lane while the next batch is planned; answers hold no payloads.
    waiting = min(max(lanes(run), _PLANNED), 4 * capacity(run))
    postings_in, postings = anyio.create_memory_object_stream[OutgoingArticle](waiting)
    answers_in, answers = anyio.create_memory_object_stream[Posted](_ANSWERS)
    posters = run.worker_counts.of_stage("post", lambda workers: lanes(run, workers))
    posting, confirming = Stage("post", posters, postings), Stage("confirm", 1, answers)
    run.stages += [posting, confirming]
    with ExitStack() as every_stream:  # a task cancelled before its first step closes none
        keep = every_stream.enter_context
        for stream in (postings_in, postings, answers_in, answers):
            keep(stream)
        async with anyio.create_task_group() as group:
            for number in range(posters.most):
                ends = keep(postings.clone()), keep(answers_in.clone())
                group.start_soon(post, run, ledger, posting, number, *ends)
            group.start_soon(confirm, run, ledger, confirming, answers)
            postings.close()
            answers_in.close()
            yield postings_in
            postings_in.close()
