"""Engines to test with, and functions that wait for them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.engine import Drain
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.folders import Compression
from usenetsync_tui.model.jobs import Job, JobState, Verb
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.postgres.pool import Pool
from usenetsync_tui.settings.settings import Settings

SLOW = FolderChoices(compression=Compression.LZMA)


def new_engine(database: str, tmp_path: Path, *, asks: bool = False, **settings: Any) -> Engine:
    given: dict[str, Any] = {"database_url": database, "max_workers": 2, "chunk_size": 100_000}
    locations = Locations.find({"USENETSYNC_HOME": str(tmp_path)})
    return Engine(Settings(**{**given, **settings}), locations, what="test", asks=asks)


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[None]:
    """An engine that runs as it does under the screen; drained at the end of the block."""

    async def run() -> None:
        await engine.run(until_idle=False)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        try:
            yield
        finally:
            engine.submit(Drain())


@asynccontextmanager
async def killed(engine: Engine) -> AsyncIterator[None]:
    """An engine that is cancelled at the end of the block, wherever it is."""

    async def run() -> None:
        await engine.run(until_idle=False)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        yield
        group.cancel_scope.cancel()


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not condition():  # noqa: ASYNC110 - the status is polled, as the screen does
            await anyio.sleep(0.02)


async def job(pool: Pool, job_id: int) -> Job:
    async with Catalogue(pool).transaction() as tx:
        found = await jobs.by_id(tx, job_id)
    assert found is not None
    return found


async def kept(engine: Engine, folder: Path, choices: FolderChoices = SLOW) -> FolderStatus:
    """Back up a folder, and wait until its first version is finished, and the job over."""
    engine.submit(Upload(os.fsencode(folder), choices))
    await until(lambda: any(f.latest for f in engine.status.folders))
    await over(engine, Verb.UPLOAD)
    return engine.status.folders[0]


def latest(status: EngineStatus, verb: Verb) -> JobStatus | None:
    """The newest job of a kind."""
    return max((j for j in status.jobs if j.verb is verb), key=lambda j: j.id, default=None)


async def newer(engine: Engine, verb: Verb, before: JobStatus | None) -> None:
    """Wait for a newer job of a kind; the state of the one before may change meanwhile."""
    known = before.id if before else 0
    await until(lambda: (now := latest(engine.status, verb)) is not None and now.id > known)


async def over(engine: Engine, verb: Verb) -> JobStatus:
    """The newest job of a kind, once it is over."""

    def is_over() -> bool:
        found = latest(engine.status, verb)
        return found is not None and found.state.is_over

    await until(is_over)
    found = latest(engine.status, verb)
    assert found is not None
    return found


async def at_work(engine: Engine, verb: Verb = Verb.UPLOAD) -> JobStatus:
    """The running job of a kind, once it has made some progress."""

    def works() -> bool:
        found = latest(engine.status, verb)
        return found is not None and found.state is JobState.RUNNING and found.done_bytes > 0

    await until(works)
    found = latest(engine.status, verb)
    assert found is not None
    return found


def said(engine: Engine) -> list[str]:
    """The engine's log."""
    return [event.text for event in engine.status.events]
