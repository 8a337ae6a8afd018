"""Jobs that do not compete run at the same time: each is paused, cancelled and resumed alone."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest
from engine_ground import SLOW, at_work, job, kept, killed, latest, new_engine, over, running, until
from trees import compare_trees, content

from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.jobs.job_life import JobLife
from usenetsync_tui.model.commands.engine import Drain
from usenetsync_tui.model.commands.folders import RemoveFolder
from usenetsync_tui.model.commands.jobs import Cancel, Pause, Restore, Resume, Upload, Verify
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.outcomes import Outcome, Summary
from usenetsync_tui.model.status.engine import EngineState
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.postgres.pool import Pool

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
def engine(database: str, tmp_path: Path) -> Engine:
    return new_engine(database, tmp_path, max_workers=4)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    folder.mkdir()
    for number in range(8):
        (folder / f"{number}").write_bytes(content(300_000, number))
    return folder


@pytest.fixture
def big(tmp_path: Path) -> Path:
    folder = tmp_path / "big"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number:02}").write_bytes(content(1_000_000, 50 + number))
    return folder


def longer(big: Path, files: int = 60) -> None:
    """Let its upload take longer than what a test does beside it, on any machine."""
    for number in range(files):
        (big / f"more{number}").write_bytes(content(1_000_000, 100 + number))


async def test_each_is_paused_and_cancelled_alone(
    engine: Engine, small: Path, big: Path, tmp_path: Path
) -> None:
    longer(big)
    async with running(engine):
        folder = (await kept(engine, small)).folder
        await over(engine, Verb.UPLOAD)
        engine.submit(Upload(os.fsencode(big), SLOW))
        upload = await at_work(engine)
        engine.submit(Pause(upload.id))
        await until(lambda: engine.status.state is EngineState.PAUSED)
        engine.submit(Restore(folder.id, os.fsencode(tmp_path / "one")))
        engine.submit(Verify(folder.id, bodies=True))
        for verb in (Verb.RESTORE, Verb.VERIFY):
            assert (await over(engine, verb)).state is JobState.COMPLETED, verb
        assert upload.id not in engine.summaries, "nobody asked the paused upload to give way"
        assert compare_trees(small, tmp_path / "one") == []

        engine.submit(Resume(upload.id))
        await until(lambda: engine.status.state is EngineState.RUNNING)
        assert engine.status.workers_allowed == 4
        engine.submit(Cancel(upload.id))
        assert (await over(engine, Verb.UPLOAD)).state is JobState.CANCELLED


async def test_a_command_is_obeyed_and_shown_without_a_heartbeat(
    engine: Engine, big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer(big)
    async with running(engine):
        engine.submit(Upload(os.fsencode(big), SLOW))
        upload = (await at_work(engine)).id
        monkeypatch.setattr("usenetsync_tui.engine.engine.HEARTBEAT", 3600)
        monkeypatch.setattr("usenetsync_tui.engine.job_loop.HEARTBEAT", 3600)
        await anyio.sleep(0.5)  # the last beats of the old length
        for command, state in ((Pause, JobState.PAUSED), (Resume, JobState.RUNNING)):
            engine.submit(command(upload))
            await until(lambda state=state: engine.status.jobs[-1].state is state)
        engine.submit(Cancel(upload))


async def test_killed_with_two_running_both_resume(
    database: str, pool: Pool, small: Path, big: Path, tmp_path: Path
) -> None:
    first, target = new_engine(database, tmp_path, max_workers=4), tmp_path / "back"
    longer(big, 15)
    async with killed(first):
        folder = (await kept(first, small)).folder
        await over(first, Verb.UPLOAD)
        first.submit(Upload(os.fsencode(big), SLOW))
        upload = await at_work(first)
        first.submit(Verify(folder.id, bodies=True))
        await until(lambda: latest(first.status, Verb.VERIFY) is not None)
        first.submit(Restore(folder.id, os.fsencode(target)))
        await until(lambda: latest(first.status, Verb.RESTORE) is not None)
        assert any(j.at_work for j in first.status.jobs if j.id == upload.id)
    second = new_engine(database, tmp_path, max_workers=4)
    async with running(second):
        for verb in (Verb.UPLOAD, Verb.RESTORE, Verb.VERIFY):
            assert (await over(second, verb)).state is JobState.COMPLETED, verb
    assert compare_trees(small, target) == []
    ended = await job(pool, upload.id)
    assert ended.started_at is not None and ended.worked > 0
    assert ended.done_bytes == ended.total_bytes <= 20_000_000


async def test_a_drain_stops_all(engine: Engine, small: Path, big: Path, pool: Pool) -> None:
    longer(big)
    async with running(engine):
        folder = (await kept(engine, small)).folder
        await over(engine, Verb.UPLOAD)
        engine.submit(Upload(os.fsencode(big), SLOW))
        upload = await at_work(engine)
        for number in range(8, 40):
            (small / f"{number}").write_bytes(content(10_000, number))
        engine.submit(Verify(folder.id, bodies=True))
        await until(lambda: latest(engine.status, Verb.VERIFY) is not None)
        engine.submit(Drain())
    assert (await job(pool, upload.id)).state is JobState.QUEUED


async def test_heavy_jobs_wait_for_an_answer(
    database: str, pool: Pool, big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usenetsync_tui.model.competition.HEAVY_BYTES", 1_000_000)
    first = new_engine(database, tmp_path)
    async with killed(first):
        first.submit(Upload(os.fsencode(big), SLOW))
        upload = await at_work(first)
    second = new_engine(database, tmp_path, asks=True)
    async with running(second):
        await until(lambda: second.status.held == (upload.id,))
        assert latest(second.status, Verb.UPLOAD).state is JobState.QUEUED
        second.submit(Resume(upload.id))
        assert (await over(second, Verb.UPLOAD)).state is JobState.COMPLETED
        assert second.status.held == ()


async def test_a_job_is_open_until_its_end_is_told(
    engine: Engine, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, looks = JobLife.summary, list[bool]()

    async def late(life: JobLife, outcome: Outcome, figures: JobStatus) -> Summary:
        await until(lambda: all(job.id != life.job.id for job in engine.status.jobs))
        looks.append(engine.is_open(life.job.id))
        return await told(life, outcome, figures)

    async with running(engine):
        folder = (await kept(engine, small)).folder
        await over(engine, Verb.UPLOAD)
        monkeypatch.setattr(JobLife, "summary", late)
        engine.submit(RemoveFolder(folder.id))  # which takes its jobs with it
        await until(lambda: bool(looks))
        await until(lambda: engine.status.folders == ())
    assert looks == [True]
