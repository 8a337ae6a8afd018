"""posting_lanes: posting, from a planned article to its recorded answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from usenetsync_tui.pipeline.posting.confirm import confirm
from usenetsync_tui.pipeline.posting.ledger import Ledger, OutgoingArticle
from usenetsync_tui.pipeline.posting.post import post
from usenetsync_tui.pipeline.posting.posted import Posted
from usenetsync_tui.pipeline.run.handover import Handover
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue
from usenetsync_tui.pipeline.run.worker_counts import BUFFERS_A_SEGMENT, most_lanes

_QUEUE = 16
_PLANNED = 64
"""Articles that may at least wait for a lane."""
_ANSWERS = 256
"""Answers that may wait to be confirmed."""


def lanes(run: JobRun, workers: int | None = None) -> int:
    """How many articles to post at once: what the store takes, else what suits the database.

    `workers`: of the run; those of the settings by default.
    """
    wanted = run.open_realm.store.lanes
    if wanted is None:
        wanted = min(workers or run.limits.max_workers, run.limits.max_connections // 4)
    return max(1, min(wanted, most_lanes(run.limits)))


def capacity(run: JobRun) -> int:
    """Items a stream may hold: `_QUEUE`, less when segments are huge."""
    workers = 2 * run.limits.max_workers + lanes(run)
    room = run.limits.memory_limit // (run.limits.chunk_size * BUFFERS_A_SEGMENT)
    # Items of seven streams, of `stages` and here, hold source bytes and a payload: 14 of 15
    # buffers.
    return max(1, min(_QUEUE, (room - workers) // 5))


@asynccontextmanager
async def posting_lanes(run: JobRun, ledger: Ledger) -> AsyncIterator[LaneQueue[OutgoingArticle]]:
    """A queue whose articles are posted and confirmed; leaving the block waits for all of them.

    Adds its stages to those of the run.
    """
    # Enough for every lane while the next batch is planned; answers hold no payloads.
    queue = LaneQueue[OutgoingArticle](min(max(lanes(run), _PLANNED), 4 * capacity(run)))
    posters = run.worker_counts.of_stage("post", lambda workers: lanes(run, workers))
    answers = Handover[Posted](_ANSWERS, posters.most)
    posting, confirming = Stage("post", posters, queue), Stage("confirm", 1, answers)
    run.stages += [posting, confirming]
    async with anyio.create_task_group() as group:
        group.start_soon(confirm, run, ledger, confirming, posting, answers)
        async with anyio.create_task_group() as every_lane:
            for number in range(posters.most):
                every_lane.start_soon(post, run, ledger, posting, number, queue, answers)
            yield queue
            queue.close()
        answers.close()
