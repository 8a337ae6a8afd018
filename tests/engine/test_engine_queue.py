"""Restores and verifies in the engine's queue; pausing and resuming everything."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest
from engine_ground import (
    SLOW,
    at_work,
    job,
    kept,
    killed,
    latest,
    new_engine,
    over,
    running,
    said,
    until,
)
from trees import compare_trees, content

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.jobs.new_jobs import urgent
from usenetsync_tui.model.commands.folders import Choose, FolderChoices
from usenetsync_tui.model.commands.jobs import (
    Cancel,
    Pause,
    PauseAll,
    Restore,
    Resume,
    ResumeAll,
    Retry,
    Upload,
    Verify,
)
from usenetsync_tui.model.folders import Compression, Priority
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.status.engine import EngineState
from usenetsync_tui.model.transitions import JobEvent
from usenetsync_tui.postgres.pool import Pool

FAST = FolderChoices(compression=Compression.NONE)


def test_a_restore_goes_before_the_folders_own_uploads() -> None:
    assert [urgent(p) for p in Priority] == [
        Priority.CRITICAL,
        Priority.CRITICAL,
        Priority.HIGH,
        Priority.HIGH,
        Priority.HIGH,
    ]


@pytest.mark.anyio
async def test_restore_and_verify(engine: Engine, folder: Path, tmp_path: Path, pool: Pool) -> None:
    target = tmp_path / "back"
    async with running(engine):
        status = await kept(engine, folder, FAST)
        assert status.latest is not None
        assert (status.folder.name, status.latest.version) == ("folder", 1)
        engine.submit(Restore(status.folder.id, os.fsencode(target)))
        restored = await over(engine, Verb.RESTORE)
        assert restored.state is JobState.COMPLETED
        assert restored.target == os.fsencode(target)
        assert restored.message == f"version 1; restored to {target}"
        assert (await job(pool, restored.id)).owns_target
        assert compare_trees(folder, target) == []
        engine.submit(Verify(status.folder.id, bodies=True))
        verified = await over(engine, Verb.VERIFY)
        assert verified.state is JobState.COMPLETED
        assert "checked" in verified.message
        async with Catalogue(pool).transaction() as tx:
            assert await jobs.verify_options(tx, verified.id) == (True, 1)
        (now,) = engine.status.folders
        assert now.job is not None
        assert now.job.id == verified.id, "the folder shows its latest job"
    log = "\n".join(said(engine))
    for words in ("upload of folder began", "upload of folder: version 1", "restore of folder"):
        assert words in log


@pytest.mark.anyio
async def test_a_part_of_a_version(engine: Engine, folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "back"
    async with running(engine):
        status = await kept(engine, folder, FAST)
        engine.submit(Restore(status.folder.id, os.fsencode(target), 1, (b"large",)))
        assert (await over(engine, Verb.RESTORE)).state is JobState.COMPLETED
    assert os.listdir(target) == ["large"]


@pytest.mark.anyio
async def test_an_unusable_target_and_a_retry(
    engine: Engine, folder: Path, tmp_path: Path, pool: Pool
) -> None:
    target = tmp_path / "place" / "back"
    target.parent.write_bytes(b"a file")
    async with running(engine):
        status = await kept(engine, folder, FAST)
        engine.submit(Restore(status.folder.id, os.fsencode(target)))
        failed = await over(engine, Verb.RESTORE)
        assert failed.state is JobState.FAILED
        assert "exists" in failed.message
        assert not (await job(pool, failed.id)).owns_target, "it made none"
        target.parent.unlink()
        engine.submit(Retry(failed.id))
        await until(lambda: engine.summaries[failed.id].outcome.state is JobState.COMPLETED)
        assert (await job(pool, failed.id)).owns_target
    assert compare_trees(folder, target) == []


@pytest.mark.anyio
async def test_impossible_restores_are_refused(engine: Engine, folder: Path) -> None:
    async with running(engine):
        status = await kept(engine, folder, FAST)
        number = status.folder.id
        for command, words in (
            (Restore(number, b"/t", 7), "no version 7"),
            (Restore(number, b"relative"), "absolute"),
            (Restore(999, b"/t"), "No such folder"),
            (Verify(999), "No such folder"),
            (Pause(999), "no such job"),
        ):
            engine.submit(command)
            await until(lambda w=words: w in engine.status.message)  # type: ignore[misc]
            assert engine.status.events[-1].text == engine.status.message
        assert [j.verb for j in engine.status.jobs] == [Verb.UPLOAD]
        engine.submit(Choose(number, FolderChoices(copies=2)))
        await until(lambda: engine.status.message == "")


@pytest.mark.anyio
@pytest.mark.slow
async def test_a_restore_and_a_verify_run_beside_an_upload(
    engine: Engine, big: Path, tmp_path: Path
) -> None:
    target = tmp_path / "back"
    async with running(engine):
        status = await kept(engine, big, FAST)
        await over(engine, Verb.UPLOAD)
        for number in range(10):
            (big / f"{number:02}").write_bytes(content(1_000_000, 100 + number))
        engine.submit(Upload(os.fsencode(big), SLOW))
        upload = await at_work(engine)
        engine.submit(Verify(status.folder.id, bodies=True))
        engine.submit(Restore(status.folder.id, os.fsencode(target)))
        restored = await over(engine, Verb.RESTORE)
        assert restored.state is JobState.COMPLETED
        assert restored.priority is Priority.HIGH
        assert upload.id not in engine.summaries, "the upload goes on meanwhile"
        both = {worker.job_id for worker in engine.status.workers}
        assert upload.id in both and latest(engine.status, Verb.VERIFY).state is JobState.QUEUED
        await until(lambda: upload.id in engine.summaries)
        assert engine.summaries[upload.id].outcome.state is JobState.COMPLETED
        verified = await over(engine, Verb.VERIFY)
        assert verified.state is JobState.COMPLETED, "after the upload, as both write to its ledger"
    assert (target / "07").read_bytes() == content(1_000_000, 7)


@pytest.mark.anyio
@pytest.mark.slow
async def test_a_paused_job_gives_way(engine: Engine, big: Path, folder: Path) -> None:
    async with running(engine):
        engine.submit(Upload(os.fsencode(big), SLOW))
        slow = await at_work(engine)
        engine.submit(Pause(slow.id))
        await until(lambda: engine.status.state is EngineState.PAUSED)
        engine.submit(Upload(os.fsencode(folder), FAST))
        await until(lambda: len(engine.started) == 2)
        await until(lambda: engine.started[1] in engine.summaries)
        assert engine.summaries[slow.id].outcome.state is JobState.PAUSED
        engine.submit(Resume(slow.id))
        await until(lambda: engine.summaries[slow.id].outcome.state is JobState.COMPLETED)


@pytest.mark.anyio
@pytest.mark.slow
async def test_all_jobs_are_paused_and_resumed(
    engine: Engine, big: Path, folder: Path, pool: Pool
) -> None:
    async with running(engine):
        engine.submit(Upload(os.fsencode(big), SLOW))
        await at_work(engine)
        engine.submit(Upload(os.fsencode(folder), FAST))
        await until(lambda: len(engine.started) == 2)
        engine.submit(PauseAll())
        await until(lambda: engine.status.state is EngineState.PAUSED)
        for job_id in engine.started:
            assert (await job(pool, job_id)).state is JobState.PAUSED
        engine.submit(ResumeAll())
        await until(lambda: len(engine.summaries) == 2)
        await until(
            lambda: all(s.outcome.state is JobState.COMPLETED for s in engine.summaries.values())
        )


@pytest.mark.anyio
async def test_jobs_of_a_killed_engine_resume(
    engine: Engine, folder: Path, tmp_path: Path, database: str, pool: Pool
) -> None:
    target = tmp_path / "back"
    async with running(engine):
        status = await kept(engine, folder, FAST)
    async with Catalogue(pool).transaction() as tx:
        restore = await jobs.add(
            tx,
            status.folder.id,
            Verb.RESTORE,
            Priority.HIGH,
            target=os.fsencode(target),
            version=1,
            queued=True,
        )
        theirs = await jobs.add(tx, status.folder.id, Verb.VERIFY, Priority.HIGH, version=1)
        for number in (restore, theirs):
            await jobs.set_state(tx, number, JobState.RUNNING)
    again = new_engine(database, tmp_path)
    async with running(again):
        await until(lambda: restore in again.summaries)
        assert again.summaries[restore].outcome.state is JobState.COMPLETED
        shown = latest(again.status, Verb.VERIFY)
        assert shown is None, "what a command runs itself is not ours"
    assert (await job(pool, theirs)).state is JobState.RUNNING
    assert compare_trees(folder, target) == []


@pytest.mark.anyio
@pytest.mark.slow
async def test_a_killed_restore_resumes(
    engine: Engine, big: Path, tmp_path: Path, database: str
) -> None:
    target = tmp_path / "back"
    async with running(engine):
        status = await kept(engine, big, FAST)
    dies = new_engine(database, tmp_path)
    async with killed(dies):
        dies.submit(Restore(status.folder.id, os.fsencode(target)))
        await until(lambda: latest(dies.status, Verb.RESTORE) is not None)
        await anyio.sleep(0.1)
    again = new_engine(database, tmp_path)
    async with running(again):
        await over(again, Verb.RESTORE)
    assert compare_trees(big, target) == []


@pytest.mark.anyio
async def test_choices_and_cancelling_a_queued_job(
    engine: Engine, folder: Path, tmp_path: Path, pool: Pool
) -> None:
    async with running(engine):
        status = await kept(engine, folder, FAST)
        engine.submit(Verify(status.folder.id))
        engine.submit(Choose(status.folder.id, FolderChoices(priority=Priority.LOW, copies=2)))
        await until(lambda: engine.status.folders[0].folder.copies == 2)
        assert engine.status.folders[0].folder.priority is Priority.LOW
        await over(engine, Verb.VERIFY)
        async with Catalogue(pool).transaction() as tx:
            waiting = await jobs.add(
                tx, status.folder.id, Verb.VERIFY, Priority.LOW, version=1, queued=True
            )
            assert await jobs.change_state(tx, waiting, JobEvent.PAUSE)
        await until(lambda: engine.status.state is EngineState.PAUSED)
        engine.submit(Cancel(waiting))
        await until(lambda: engine.status.state is EngineState.IDLE)
    assert (await job(pool, waiting)).state is JobState.CANCELLED
