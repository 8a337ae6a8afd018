"""The engine refuses a folder that has changed too much, and continues when the user allows it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from engine_ground import job, kept, latest, new_engine, newer, over, running, until

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Restore, Retry, Upload
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.sources import Refusal, RefusalKind
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.pipeline.run.judge import Judge
from usenetsync_tui.postgres.pool import Pool

pytestmark = pytest.mark.anyio


def fill(folder: Path, count: int) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"file{number:03}").write_bytes(b"%d" % number)


async def refused(engine: Engine, folder: Path) -> JobStatus:
    before = latest(engine.status, Verb.UPLOAD)
    engine.submit(Upload(os.fsencode(folder)))
    await newer(engine, Verb.UPLOAD, before)
    found = await over(engine, Verb.UPLOAD)
    assert found.state is JobState.FAILED
    return found


@pytest.mark.parametrize("way", ["retry", "upload"])
async def test_a_refused_folder_is_taken_when_that_is_allowed(
    pool: Pool, database: str, tmp_path: Path, way: str
) -> None:
    folder = tmp_path / "folder"
    fill(folder, 120)
    engine = new_engine(database, tmp_path / "home")
    async with running(engine):
        await kept(engine, folder, FolderChoices())
        for number in range(100):
            (folder / f"file{number:03}").unlink()
        status = await refused(engine, folder)
        expected = Refusal(RefusalKind.SHRUNK, 1, 120, 100)
        assert status.refusal == expected
        assert "100 of the 120 files of version 1 are gone" in status.message
        assert (await job(pool, status.id)).refusal == expected  # the allowance outlives the engine
        engine.submit(Retry(status.id))
        await until(lambda: bool(engine.status.folders[0].job))
        assert (await over(engine, Verb.UPLOAD)).refusal == expected
        if way == "retry":
            engine.submit(Retry(status.id, allow_shrink=True))
        else:
            engine.submit(Upload(os.fsencode(folder), allow_shrink=True))
        await until(
            lambda: (
                bool(engine.status.folders[0].latest)
                and engine.status.folders[0].latest.version == 2
            )  # type: ignore[union-attr]
        )
        done = await over(engine, Verb.UPLOAD)
        assert (done.state, done.refusal) == (JobState.COMPLETED, None)
        # The allowance was for that job only.
        fill(folder, 120)
        engine.submit(Upload(os.fsencode(folder)))
        await until(lambda: engine.status.folders[0].latest.version == 3)  # type: ignore[union-attr]
        await over(engine, Verb.UPLOAD)  # its version is visible a moment before its end
        for number in range(100):
            (folder / f"file{number:03}").unlink()
        await refused(engine, folder)


async def test_a_refusal_can_be_allowed_during_the_walk(
    pool: Pool, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    fill(folder, 120)
    engine = new_engine(database, tmp_path / "home")
    judged = Judge.after_walk

    async def allowed(self: Judge) -> None:
        engine.submit(Upload(os.fsencode(folder), allow_shrink=True))
        await until(lambda: self._run.allow_shrink)
        await judged(self)

    async with running(engine):
        await kept(engine, folder, FolderChoices())
        for number in range(100):
            (folder / f"file{number:03}").unlink()
        monkeypatch.setattr(Judge, "after_walk", allowed)
        engine.submit(Upload(os.fsencode(folder)))
        await until(lambda: engine.status.folders[0].latest.version == 2)  # type: ignore[union-attr]


async def test_other_folders_are_not_held_up(pool: Pool, database: str, tmp_path: Path) -> None:
    fill(tmp_path / "one", 5)
    fill(tmp_path / "two", 5)
    engine = new_engine(database, tmp_path / "home")
    for name in ("one", "two"):
        engine.submit(Upload(os.fsencode(tmp_path / name)))
    await engine.run(until_idle=True)
    for path in (tmp_path / "one").iterdir():
        path.unlink()
    (tmp_path / "two" / "new").write_bytes(b"new")
    engine = new_engine(database, tmp_path / "home")
    for name in ("one", "two"):
        engine.submit(Upload(os.fsencode(tmp_path / name)))
    await engine.run(until_idle=True)
    one, two = (engine.summaries[n].outcome for n in engine.started)
    assert (one.state, one.version) == (JobState.FAILED, 1)
    assert one.refusal is not None
    assert (two.state, two.version) == (JobState.COMPLETED, 2)
    async with Catalogue(pool).transaction() as tx:
        found = [s.version for s in await snapshots.of_folder(tx, 1)]
    assert found == [1]


async def test_backing_up_own_files_where_others_can_read_warns(
    pool: Pool, database: str, tmp_path: Path
) -> None:
    fill(tmp_path / "folder", 5)
    server = {"name": "first", "host": "127.0.0.1", "port": 9, "tls": "none"}
    engine = new_engine(database, tmp_path / "home", servers=[server], server_patience=0)
    choices = FolderChoices(profile=Profile.PLAIN, own_files=True)
    async with running(engine):
        engine.submit(Upload(os.fsencode(tmp_path / "folder"), choices))
        await until(
            lambda: any("read your passwords and keys" in e.text for e in engine.status.events)
        )


async def test_nothing_is_restored_over_its_source(
    pool: Pool, database: str, tmp_path: Path
) -> None:
    """Whatever path the screen shows: a link may lead there, or the target contains the source."""
    folder = tmp_path / "folder"
    fill(folder, 3)
    (tmp_path / "link").symlink_to(folder)
    engine = new_engine(database, tmp_path / "home")
    async with running(engine):
        await kept(engine, folder, FolderChoices())
        number = engine.status.folders[0].folder.id
        for place, words in (("link/below", "is inside"), ("", "is around")):
            target = os.fsencode(tmp_path / place)
            engine.submit(Restore(number, target, 1))
            wanted = f"{tmp_path / place} {words} the backed-up folder"
            await until(lambda w=wanted: any(w in e.text for e in engine.status.events))
        assert latest(engine.status, Verb.RESTORE) is None
    assert not (folder / "below").exists()
