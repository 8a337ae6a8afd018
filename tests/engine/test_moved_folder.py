"""A folder at another path keeps its name, versions and key; a known directory is no new folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from engine_ground import SLOW, at_work, kept, new_engine, over, running, until
from file_systems import mounted

from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.model.commands.folders import FolderChoices, MoveFolder
from usenetsync_tui.model.commands.jobs import Cancel, Upload
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.postgres.pool import Pool

pytestmark = pytest.mark.anyio


def fill(folder: Path) -> None:
    (folder / "below").mkdir(parents=True)
    for number in range(5):
        (folder / "below" / f"file{number}").write_bytes(os.urandom(20_000))


async def refusal(engine: Engine, command: Upload | MoveFolder) -> str:
    """The words with which the engine refuses a command."""
    answers: list[str] = []
    engine.submit(command, lambda answer: answers.append(answer.problem or "obeyed"))
    await until(lambda: bool(answers))
    return answers[0]


async def version(engine: Engine, number: int) -> None:
    await until(
        lambda: (last := engine.status.folders[0].latest) is not None and last.version == number
    )


@pytest.mark.parametrize("profile", [Profile.SEALED, Profile.PACKED])
async def test_a_moved_folder_goes_on(
    pool: Pool, database: str, tmp_path: Path, profile: Profile
) -> None:
    before, now = tmp_path / "before", tmp_path / "now"
    fill(before)
    engine = new_engine(database, tmp_path / "home")
    async with running(engine):
        folder = (await kept(engine, before, FolderChoices(profile=profile))).folder
        before.rename(now)
        words = await refusal(engine, Upload(os.fsencode(now)))
        assert f"usenetsync move {folder.name} {now}" in words and "--as-new" in words
        assert len(engine.status.folders) == 1, "it made no folder"
        await over(engine, Verb.UPLOAD)
        assert await refusal(engine, MoveFolder(folder.id, os.fsencode(now))) == "obeyed"
        await until(lambda: engine.status.folders[0].folder.path == os.fsencode(now))
        assert engine.status.folders[0].folder.name == folder.name
        (now / "new").write_bytes(b"new")
        engine.submit(Upload(os.fsencode(now)))
        await version(engine, 2)
        done = await over(engine, Verb.UPLOAD)
        assert (done.state, done.done_files, done.total_files) == (JobState.COMPLETED, 1, 1)
    async with pool.connection() as connection:
        path = os.fsencode(now)
        asked = await connection.execute(
            "SELECT count(*) FROM realms WHERE substring(owner FOR %s) <> %s", (len(path), path)
        )
        assert await asked.fetchall() == [(0,)], "its keys go with it"


async def test_to_another_file_system(database: str, tmp_path: Path) -> None:
    """The files are read once more; nothing is posted again, and nothing is refused."""
    before = tmp_path / "before"
    fill(before)
    engine = new_engine(database, tmp_path / "home")
    with mounted(tmp_path / "disk", "-t", "tmpfs", "tmpfs") as disk:
        now = disk / "now"
        async with running(engine):
            folder = (await kept(engine, before, FolderChoices(profile=Profile.SEALED))).folder
            shutil.copytree(before, now)
            await over(engine, Verb.UPLOAD)
            assert await refusal(engine, MoveFolder(folder.id, os.fsencode(now))) == "obeyed"
            await until(lambda: engine.status.folders[0].folder.path == os.fsencode(now))
            (now / "new").write_bytes(b"new")
            engine.submit(Upload(os.fsencode(now)))
            await version(engine, 2)
            done = await over(engine, Verb.UPLOAD)
            assert (done.state, done.refusal) == (JobState.COMPLETED, None)
            assert done.deduplicated_bytes == 5 * 20_000


async def test_a_known_directory_under_another_path(database: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    fill(folder)
    engine = new_engine(database, tmp_path / "home")
    with mounted(tmp_path / "mirror", "--bind", str(folder)) as mirror:
        async with running(engine):
            await kept(engine, folder, FolderChoices())
            words = await refusal(engine, Upload(os.fsencode(mirror)))
            assert "under another path" in words and f"usenetsync upload {folder}" in words
            engine.submit(Upload(os.fsencode(mirror), as_new=True))
            await until(lambda: len(engine.status.folders) == 2)
            assert await refusal(engine, Upload(os.fsencode(mirror))) == "obeyed"


async def test_what_is_no_moved_folder(database: str, tmp_path: Path) -> None:
    first, second, copy = tmp_path / "first", tmp_path / "second", tmp_path / "copy"
    fill(first)
    fill(second)
    engine = new_engine(database, tmp_path / "home")
    async with running(engine):
        known = (await kept(engine, first, FolderChoices())).folder
        assert await refusal(engine, Upload(os.fsencode(second))) == "obeyed"
        await until(lambda: len(engine.status.folders) == 2)
        shutil.copytree(first, copy)
        assert await refusal(engine, Upload(os.fsencode(copy))) == "obeyed"
        await until(lambda: all(j.state.is_over for j in engine.status.jobs))
        for path, words in (
            (tmp_path / "nothing", "nothing"),
            (first / "below" / "file1", "is not a folder"),
            (second, "is second"),
            (first, "is there already"),
        ):
            assert words in await refusal(engine, MoveFolder(known.id, os.fsencode(path)))


async def test_not_while_its_job_runs(database: str, tmp_path: Path) -> None:
    folder, now = tmp_path / "folder", tmp_path / "now"
    folder.mkdir()
    now.mkdir()
    (folder / "large").write_bytes(os.urandom(30_000_000))
    engine = new_engine(database, tmp_path / "home")
    async with running(engine):
        engine.submit(Upload(os.fsencode(folder), SLOW))
        job = await at_work(engine)
        move = MoveFolder(job.folder_id, os.fsencode(now))
        assert "A job of the folder runs" in await refusal(engine, move)
        engine.submit(Cancel(job.id))
        await over(engine, Verb.UPLOAD)
        assert await refusal(engine, move) == "obeyed"
