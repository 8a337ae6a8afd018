"""Progress of a run without the screen: a bar on a terminal, JSON lines for scripts.

In a pipe it prints only long waits, each once.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.json_fields import progress_fields, starting_fields
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waiting

_EVERY_JSON = 1.0
_EVERY_LOOK = 0.25


Figures = Callable[[], JobStatus | None]
"""Returns the state of the running job; None before and after it."""


_WORTH_A_LINE = 5.0
"""Seconds of a wait before it is printed where no bar shows it."""


WaitedFor = Callable[[], Waiting | None]
"""Returns what the program waits for while no job runs."""


def _nothing() -> Waiting | None:
    return None


async def show(figures: Figures, voice: Voice, *, waiting: WaitedFor = _nothing) -> None:
    """Show a job's progress until cancelled; without a job, what the program waits for."""
    if voice.as_json:
        await _lines(figures, waiting)
    elif voice.quiet:
        await anyio.sleep_forever()
    elif not (sys.stderr.isatty() and await _bar(figures, waiting)):
        await say_waits(figures, waiting)


@asynccontextmanager
async def shown(figures: Figures, voice: Voice, waiting: WaitedFor) -> AsyncIterator[None]:
    """`show` while the block lasts."""
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: show(figures, voice, waiting=waiting))
        yield
        group.cancel_scope.cancel()


def standing(job: JobStatus | None) -> object:
    """A job's progress as one value, which changes whenever the job makes progress."""
    if job is None:
        return None
    return (
        job.id, job.phase, job.entries, job.done_files, job.done_bytes, job.posted_bytes,
        job.verified, job.errors,
    )  # fmt: skip


async def _lines(figures: Figures, waiting: WaitedFor) -> None:
    while True:
        await anyio.sleep(_EVERY_JSON)
        job = figures()
        if job is not None:
            voices.emit("progress", **progress_fields(job))
        elif (now := waiting()) is not None:
            voices.emit("progress", **starting_fields(now))


async def _bar(figures: Figures, waiting: WaitedFor) -> bool:
    """Show a bar until cancelled; False if the terminal cannot move its cursor."""
    from usenetsync_tui.cli.output import progress_bar  # which takes long to import

    return await progress_bar.show(figures, waiting)


async def say_waits(figures: Figures, waiting: WaitedFor) -> None:
    """Print each long wait on standard error, once."""
    said: set[str] = set()
    since: dict[str, float] = {}
    while True:
        job = figures()
        now = waiting() if job is None or job.waiting is None else job.waiting
        reason = "" if now is None else now.reason
        since = {reason: since.get(reason, anyio.current_time())}
        lasted = anyio.current_time() - since[reason]
        if now is not None and reason not in said and lasted >= _WORTH_A_LINE:
            said.add(reason)
            voices.complain(f"usenetsync: {safe_name(str(now))}")
        await anyio.sleep(_EVERY_LOOK)
