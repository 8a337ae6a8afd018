"""The engine: its queue, its commands, and its status."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest
from engine_ground import SLOW, job, new_engine, running, until

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.errors import CatalogueHeldError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Cancel, Pause, Resume, Retry, SetPriority, Upload
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.engine import EngineState
from usenetsync_tui.postgres.lock import EngineLock
from usenetsync_tui.postgres.pool import Pool


@pytest.mark.anyio
async def test_an_upload_until_idle(engine: Engine, folder: Path, pool: Pool) -> None:
    assert engine.status.state is EngineState.STARTING
    engine.submit(Upload(os.fsencode(folder)))
    await engine.run(until_idle=True)
    assert engine.status.state is EngineState.STOPPED
    (job_id,) = engine.started
    summary = engine.summaries[job_id]
    assert summary.outcome.state is JobState.COMPLETED
    assert summary.snapshot is not None
    assert summary.snapshot.files == 101
    figures = summary.figures
    assert figures.scanned
    assert figures.done_files == figures.total_files == 101
    assert figures.done_bytes == figures.total_bytes > 500_000
    assert figures.eta is None
    row = await job(pool, job_id)
    assert (row.state, row.version, row.done_files) == (JobState.COMPLETED, 1, 101)
    assert row.finished_at is not None


@pytest.mark.anyio
async def test_it_is_not_idle_before_its_first_commands_are_done(
    engine: Engine, folder: Path, pool: Pool
) -> None:
    engine.submit(Upload(os.fsencode(folder)))
    async with pool.connection() as other, AsyncExitStack() as engines:
        async with other.transaction():
            await other.execute("LOCK TABLE folders IN SHARE MODE")
            await engines.enter_async_context(running(engine))
            await until(lambda: engine.browser is not None)
            await anyio.sleep(1)
            assert engine.status.state is EngineState.STARTING
        await until(lambda: engine.status.state is not EngineState.STARTING)
        assert [standing.folder.name for standing in engine.status.folders] == ["folder"]


@pytest.mark.anyio
@pytest.mark.slow
async def test_pause_and_resume_in_the_status(engine: Engine, big: Path, pool: Pool) -> None:
    async with running(engine):
        engine.submit(Upload(os.fsencode(big), SLOW))
        await until(lambda: bool(engine.status.jobs) and engine.status.jobs[-1].done_bytes > 0)
        status = engine.status
        assert [s.name for s in status.stages] == [
            "scan", "read", "compress", "plan", "post", "confirm"]  # fmt: skip
        assert all(s.depth <= max(s.capacity, 1) for s in status.stages)
        assert len(status.workers) == sum(s.workers for s in status.stages)
        assert status.pool is not None
        assert status.pool.limit == 36
        assert status.memory > 10 << 20
        figures = status.jobs[-1]
        assert figures.done_bytes <= 8_000_000
        assert figures.eta is None, "not before ten seconds of data"
        engine.submit(Pause(figures.id))
        await until(lambda: engine.status.state is EngineState.PAUSED)
        await anyio.sleep(0.5)
        paused_at = engine.status.jobs[-1].done_bytes
        assert (await job(pool, figures.id)).state is JobState.PAUSED
        await anyio.sleep(0.5)
        assert engine.status.jobs[-1].done_bytes == paused_at < 8_000_000
        engine.submit(Resume(figures.id))
        await until(lambda: figures.id in engine.summaries)
    assert engine.summaries[figures.id].outcome.state is JobState.COMPLETED


@pytest.mark.anyio
@pytest.mark.slow
async def test_a_paused_job_stays_paused_when_the_engine_ends(
    engine: Engine, big: Path, pool: Pool, database: str, tmp_path: Path
) -> None:
    async with running(engine):
        engine.submit(Upload(os.fsencode(big), SLOW))
        await until(lambda: bool(engine.status.jobs) and engine.status.jobs[-1].done_bytes > 0)
        job_id = engine.status.jobs[-1].id
        engine.submit(Pause(job_id))
        await until(lambda: engine.status.state is EngineState.PAUSED)
    assert (await job(pool, job_id)).state is JobState.PAUSED
    again = new_engine(database, tmp_path)
    again.submit(Upload(os.fsencode(big)))
    await again.run(until_idle=True)
    assert again.started == [job_id]
    assert again.summaries[job_id].outcome.state is JobState.COMPLETED


@pytest.mark.anyio
@pytest.mark.slow
async def test_cancel_and_retry(engine: Engine, big: Path, pool: Pool) -> None:
    async with running(engine):
        engine.submit(Upload(os.fsencode(big), SLOW))
        await until(lambda: bool(engine.status.jobs) and engine.status.jobs[-1].done_bytes > 0)
        job_id = engine.status.jobs[-1].id
        engine.submit(Cancel(job_id))
        await until(lambda: job_id in engine.summaries)
        assert (await job(pool, job_id)).state is JobState.CANCELLED
        engine.summaries.clear()
        engine.submit(Retry(job_id))
        await until(lambda: job_id in engine.summaries)
    assert engine.summaries[job_id].outcome.state is JobState.COMPLETED


@pytest.mark.anyio
@pytest.mark.slow
async def test_the_more_urgent_job_goes_first(engine: Engine, big: Path, folder: Path) -> None:
    async with running(engine):
        engine.submit(Upload(os.fsencode(big), SLOW))
        await until(lambda: bool(engine.status.jobs) and engine.status.jobs[-1].done_bytes > 0)
        engine.submit(Upload(os.fsencode(folder), FolderChoices(priority=Priority.CRITICAL)))
        await until(lambda: len(engine.started) == 2)
        slow, urgent = engine.started
        await until(lambda: len([s for s in engine.summaries.values()
                                 if s.outcome.state is JobState.COMPLETED]) == 2)  # fmt: skip
    assert list(engine.summaries) in ([slow, urgent], [urgent, slow])
    assert engine.summaries[urgent].snapshot is not None


@pytest.mark.anyio
async def test_a_job_that_is_over_cannot_be_changed(
    engine: Engine, folder: Path, pool: Pool
) -> None:
    async with running(engine):
        engine.submit(Upload(os.fsencode(folder)))
        await until(lambda: bool(engine.summaries))
        (job_id,) = engine.started
        for command in (Pause(job_id), Resume(job_id), Cancel(job_id), Retry(job_id)):
            engine.submit(command)
            await anyio.sleep(0.3)
            assert (await job(pool, job_id)).state is JobState.COMPLETED
        engine.submit(SetPriority(job_id, Priority.HIGH))
        engine.submit(Pause(987_654))
        await anyio.sleep(0.3)
    assert engine.status.state is EngineState.STOPPED


@pytest.mark.anyio
@pytest.mark.slow
async def test_a_drained_engine_leaves_a_job_that_resumes(
    engine: Engine, big: Path, pool: Pool, database: str, tmp_path: Path
) -> None:
    async with running(engine):
        engine.submit(Upload(os.fsencode(big), SLOW))
        await until(lambda: bool(engine.status.jobs) and engine.status.jobs[-1].done_bytes > 0)
    (job_id,) = engine.started
    assert (await job(pool, job_id)).state is JobState.QUEUED
    again = new_engine(database, tmp_path)
    async with running(again):
        await until(lambda: job_id in again.summaries)
    assert again.summaries[job_id].outcome.state is JobState.COMPLETED


@pytest.mark.anyio
async def test_a_job_resumes_after_its_engine_was_killed(
    engine: Engine, folder: Path, pool: Pool
) -> None:
    engine.submit(Upload(os.fsencode(folder)))
    await engine.run(until_idle=True)
    async with Catalogue(pool).transaction() as tx:
        await tx.run(
            "UPDATE jobs SET state = 'running' WHERE id = %(id)s", {"id": engine.started[0]}
        )
        await jobs.requeue_interrupted(tx)
        assert [j.id for j in await jobs.open_jobs(tx)] == engine.started


@pytest.mark.anyio
@pytest.mark.slow
async def test_only_one_engine_uses_a_catalogue(
    engine: Engine, folder: Path, database: str, tmp_path: Path
) -> None:
    async with EngineLock(database, application_name="somebody else"):
        engine.submit(Upload(os.fsencode(folder)))
        with pytest.raises(CatalogueHeldError, match="somebody else"):
            await engine.run(until_idle=True)
        assert engine.status.state is EngineState.FAILED
        looking = new_engine(database, tmp_path)
        async with running(looking):
            await until(lambda: looking.status.read_only)
            assert "somebody else" in looking.status.message
            assert looking.browser is not None
            assert await looking.browser.folders() == ()
            await looking.browser.close()  # type: ignore[attr-defined]
            looking.submit(Upload(os.fsencode(folder)))
            await anyio.sleep(0.5)
            assert looking.started == []
