"""Acting on many files through the engine, and writing an NZB."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from engine_ground import SLOW, at_work, kept, new_engine, running, said, until
from scripted_server import ScriptedServer

from usenetsync_tui.codec import nzb
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import ActOnFiles, Pause, Resume, Upload
from usenetsync_tui.model.commands.versions import ExportNzb
from usenetsync_tui.model.folders import Compression, Profile, SnapshotState, StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.lists.files import FileAction, FileFilter, FileSelection
from usenetsync_tui.model.status.engine import EngineState
from usenetsync_tui.model.status.tasks import TaskStatus

FAST = FolderChoices(compression=Compression.NONE)


def act(folder_id: int, action: FileAction, words: bytes, version: int = 1) -> ActOnFiles:
    return ActOnFiles(action, FileSelection(folder_id, version, FileFilter(words=(words,))))


async def done(engine: Engine, number: int) -> TaskStatus:
    """A task, once it is over."""
    await until(lambda: any(t.number == number and t.over for t in engine.status.tasks))
    return next(t for t in engine.status.tasks if t.number == number)


@pytest.mark.anyio
@pytest.mark.slow
async def test_files_of_a_running_version_are_held_and_retried(engine: Engine, big: Path) -> None:
    for number in range(40):
        (big / f"late {number:02}").write_bytes(os.urandom(200_000))
    async with running(engine):
        engine.submit(Upload(os.fsencode(big), SLOW))
        upload = await at_work(engine)
        engine.submit(Pause(upload.id))
        await until(lambda: engine.status.state is EngineState.PAUSED)
        number = upload.folder_id
        engine.submit(act(number, FileAction.HOLD, b"late 3"))
        held = await done(engine, 1)
        assert held == TaskStatus(1, "hold 10 files of big", 10, 10, True, "")
        await until(lambda: engine.status.jobs[-1].errors == 10)
        engine.submit(act(number, FileAction.RETRY, b"late 39"))
        assert (await done(engine, 2)).problem == ""
        await until(lambda: engine.status.jobs[-1].errors == 9)
        engine.submit(Resume(upload.id))
        await until(lambda: upload.id in engine.summaries)
        assert engine.summaries[upload.id].outcome.state is JobState.INCOMPLETE
        assert engine.summaries[upload.id].notice_count == 9
        # No version is being built now: the retried files come with a new version.
        engine.submit(act(number, FileAction.HOLD, b"late"))
        assert "no upload is running" in (await done(engine, 3)).problem
        engine.submit(act(number, FileAction.RETRY, b"late"))
        await until(
            lambda: any(
                f.latest and f.latest.version == 2 and f.latest.state is SnapshotState.COMPLETE
                for f in engine.status.folders
            )
        )
    log = said(engine)
    assert "hold 10 files of big: done" in log
    assert "big: an upload of a new version retries the failed files" in log


@pytest.mark.anyio
async def test_an_nzb_is_written(database: str, tmp_path: Path, folder: Path) -> None:
    plain = FolderChoices(store=StoreKind.USENET, profile=Profile.PLAIN)
    target = tmp_path / "list.nzb"
    with ScriptedServer() as server:
        engine = new_engine(
            database,
            tmp_path,
            check_delays=[],
            servers=[
                {"name": "one", "host": server.host, "port": server.port, "tls": "none"},
            ],
        )
        async with running(engine):
            status = await kept(engine, folder, plain)
            assert status.latest is not None
            assert status.latest.state is SnapshotState.COMPLETE
            number = status.folder.id
            engine.submit(ExportNzb(number, None, os.fsencode(target)))
            written = await done(engine, 1)
            assert (written.words, written.problem) == ("NZB of folder, version 1", "")
            assert written.done == written.total == 101
            listed = nzb.read(target.read_bytes())
            assert len(listed) == 101
            names = {s.message_id for file in listed for s in file.segments}
            assert names <= set(server.articles)
            before = target.read_bytes()
            engine.submit(ExportNzb(number, 1, os.fsencode(target)))
            assert "File exists" in (await done(engine, 2)).problem
            assert target.read_bytes() == before
            engine.submit(ExportNzb(number, 1, os.fsencode(tmp_path / "no" / "x.nzb")))
            assert "No such file" in (await done(engine, 3)).problem
            each = tmp_path / "nzbs" / "of folder"
            engine.submit(ExportNzb(number, 1, os.fsencode(each), each_subfolder=True))
            assert (await done(engine, 4)).problem == ""
            parts = [nzb.read(path.read_bytes()) for path in sorted(each.iterdir())]
            assert len(parts) > 1 and sum(map(len, parts)) == 101
            engine.submit(ExportNzb(number, 1, os.fsencode(each), each_subfolder=True))
            assert "File exists" in (await done(engine, 5)).problem
            engine.submit(ExportNzb(number, 9, b"/x"))
            await until(lambda: "no version 9" in engine.status.message)
    assert not list(tmp_path.glob("*.part"))
    assert any(text.startswith("NZB of folder, version 1: 101 files in ") for text in said(engine))
    several = f"NZB of folder, version 1: {len(parts)} NZBs with 101 files in "
    assert any(text.startswith(several) for text in said(engine))


@pytest.mark.anyio
async def test_only_plain_folders_have_an_nzb(engine: Engine, folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "list.nzb"
    async with running(engine):
        status = await kept(engine, folder, FAST)
        engine.submit(ExportNzb(status.folder.id, None, os.fsencode(target)))
        assert "packed" in (await done(engine, 1)).problem
    assert os.listdir(tmp_path).count("list.nzb") == 0
    assert not list(tmp_path.glob("*.part"))
