"""Stops a job: what is under way is finished while it makes progress, and given up when not.

A run that drains takes nothing new. It waits for what it has sent only while there is progress: a
server that is away or silent, a name server, or a database that does not answer could hold it up
for as long as their timeouts. So a draining run without progress for `STUCK` seconds is cancelled.
The ledger knows what was sent without an answer: the next run continues there, as after a kill.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.outcomes import Outcome
from usenetsync_tui.pipeline.run.job_run import JobRun

STUCK = 0.8
"""Seconds without progress after which a run that must stop is given up."""

_POLL = 0.1


async def stoppable(run: JobRun, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """The outcome of a job's work; QUEUED when it had to stop and was given up.

    Raises what the work raises, in a group.
    """
    outcome = Outcome(JobState.QUEUED, 0, "interrupted")
    async with anyio.create_task_group() as group:
        group.start_soon(_give_up, run, group.cancel_scope)
        outcome = await work()
        group.cancel_scope.cancel()
    return outcome


async def _give_up(run: JobRun, scope: anyio.CancelScope) -> None:
    """Cancel the work of a run that must stop, once it makes no progress."""
    await run.stopping.wait()
    seen, since = _signs(run), anyio.current_time()
    while True:
        await anyio.sleep(_POLL)
        now, signs = anyio.current_time(), _signs(run)
        if signs != seen:
            seen, since = signs, now
        elif now - since >= STUCK:
            run.given_up = True
            scope.cancel()
            return


def _signs(run: JobRun) -> tuple[object, ...]:
    """Values of which at least one changes with any progress."""
    progress = run.progress
    return (
        progress.phase,
        progress.entries,
        progress.done_files,
        progress.done_bytes,
        progress.posted_bytes,
        progress.verified,
        progress.notices,
        tuple(stage.done for stage in run.stages),
        tuple((server.bytes, server.articles) for server in run.realms.statuses),
    )
