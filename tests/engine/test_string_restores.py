"""A restore with a recovery string by an engine that does not know the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from engine_ground import running, said, until
from scripted_server import ScriptedServer
from sealed_ground import SealedGround
from trees import compare_trees

from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.model.answers import Answer
from usenetsync_tui.model.commands.engine import ChangeKey
from usenetsync_tui.model.commands.folders import StopPreview
from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.commands.recovery import (
    OF_STRING,
    LookByString,
    RestoreByString,
    Share,
    StopStringRestore,
)
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices
from usenetsync_tui.model.restores.plans import Fate, RestorePreview
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.status.engine import EngineState
from usenetsync_tui.model.status.recovery import StringRestoreStatus
from usenetsync_tui.wire.attached_window import owned, visible

pytestmark = pytest.mark.anyio
PHRASE = Secret("correct horse battery staple 7")


async def strings_of(engine: Engine) -> list[Secret]:
    """The recovery string of folder 1, and one with a passphrase."""
    made = []
    async with running(engine):
        await until(lambda: engine.status.state is EngineState.IDLE)
        for phrase in (Secret(""), PHRASE):
            engine.submit(Share(1, phrase))
            await until(
                lambda: bool(
                    (now := engine.status.sharing) and now.string and now.string not in made
                )
            )
            assert engine.status.sharing is not None
            made.append(engine.status.sharing.string)
    return made


async def ended(engine: Engine, command: RestoreByString) -> StringRestoreStatus:
    before = engine.status.string_restore
    engine.submit(command)
    await until(lambda: bool((now := engine.status.string_restore) and now.over and now != before))
    assert engine.status.string_restore is not None
    return engine.status.string_restore


async def previewed(engine: Engine, ground: SealedGround, string: Secret, out: Path) -> None:
    """The preview of the restore of version 1 over version 2, and that restore after it."""
    (out / "own").write_text("here only")
    target, scratch = os.fsencode(out), ground.home / "data" / "recoveries"
    choices = RestoreChoices((b"own",), Overwrite.ALWAYS, delete=True)
    wanted = Restore(OF_STRING, target, 1, choices=choices)

    def found() -> RestorePreview | None:
        return engine._whole_status.restore_preview

    engine.submit(owned(PreviewRestore(wanted, string=string), 3))
    await until(lambda: bool((now := found()) and now.over))
    seen = visible(engine._whole_status, 3).restore_preview
    assert seen is not None and (seen.error, seen.restore) == ("", wanted)
    fates = {row.path: row.fate for row in seen.rows}
    assert fates == {b"2024/": Fate.KEEP, b"2024/a": Fate.OVERWRITE, b"b": Fate.DELETE}
    assert engine.status.restore_preview is None, "another window sees it"
    assert list(scratch.iterdir()), "the restore can use it"

    begun = RestoreByString(string, Secret(""), target, 1, (), choices)
    done = await ended(engine, begun)
    assert (done.problem, done.version) == ("", 1)
    assert (out / "2024" / "a").read_text() == "hello" and not (out / "b").exists()
    assert (out / "own").exists() and found() is None and not scratch.exists()

    engine.submit(PreviewRestore(wanted, string=string))
    await until(lambda: bool((now := found()) and now.over))
    engine.submit(StopPreview())
    await until(lambda: found() is None and not scratch.exists())


async def test_an_engine_restores_a_folder_that_it_does_not_know(
    database: str, empty_database: str, tmp_path: Path
) -> None:
    root, out = tmp_path / "photos", tmp_path / "out"
    (root / "2024").mkdir(parents=True)
    (root / "2024" / "a").write_text("hello")
    with ScriptedServer() as server:
        old = SealedGround(database, tmp_path / "old", server)
        await old.upload(root)
        (root / "2024" / "a").write_text("changed")
        (root / "b").write_text("new")
        await old.upload(root)
        string, wrapped = await strings_of(old.engine())
        new = SealedGround(empty_database, tmp_path / "new", server)
        engine = new.engine()
        async with running(engine):
            await until(lambda: engine.status.state is EngineState.IDLE)

            engine.submit(owned(LookByString(wrapped, PHRASE), 3))
            await until(lambda: bool((now := engine._whole_status.string_versions) and now.over))
            seen = visible(engine._whole_status, 3).string_versions
            assert seen is not None and (seen.folder, seen.problem) == ("photos", "")
            assert [(v.version, v.files) for v in seen.versions] == [(2, 2), (1, 1)]
            assert engine.status.string_versions is None, "another window sees it"

            target, none = os.fsencode(out), Secret("")
            refused = await ended(engine, RestoreByString(wrapped, Secret("wrong"), target))
            assert "passphrase" in refused.problem and not out.exists()
            done = await ended(engine, RestoreByString(string, none, target))
            assert (done.problem, done.folder, done.version) == ("", "photos", 2)
            assert done.job is not None and done.job.done_files == 2
            assert done.job.state is JobState.COMPLETED
            assert "photos version 2: 2 files, 10 B" in done.outcome
            assert compare_trees(root, out) == []
            assert not engine.status.folders and not list(tmp_path.glob("new/data/recoveries/*"))

            await previewed(engine, new, string, out)

            answers: list[Answer] = []
            older = RestoreByString(string, none, target, version=1)
            nowhere = RestoreByString(string, none, b"x")
            change = ChangeKey(b"/no/such/key")
            for command in (older, older, change, StopStringRestore(), nowhere):
                engine.submit(command, answers.append)
            await until(lambda: len(answers) == 5)
            busy = "EngineBusyError"
            assert [a.kind for a in answers] == ["", busy, busy, "", "UsageError"]
            await until(
                lambda: bool((now := engine.status.string_restore) and now.over and now.number == 4)
            )
            stopped = engine.status.string_restore
            assert stopped is not None and "was stopped" in stopped.problem
            shown = repr(engine._whole_status) + "".join(said(engine))
            assert not [secret for secret in (string, wrapped, PHRASE) if secret in shown]
