"""A folder that the screen brings back by its recovery string, on a machine that knows nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_ground import running, said, until
from scripted_server import ScriptedServer
from sealed_ground import SealedGround
from trees import compare_trees

from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.model.answers import Answer
from usenetsync_tui.model.commands.jobs import Pause
from usenetsync_tui.model.commands.recovery import Adopt, Share, StopAdopting, StopSharing
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.status.engine import EngineState
from usenetsync_tui.model.status.recovery import Adopting

pytestmark = pytest.mark.anyio


async def adopted(engine: Engine, command: Adopt) -> Adopting:
    before = engine.status.adopting
    engine.submit(command)
    await until(lambda: bool((now := engine.status.adopting) and now.over and now != before))
    assert engine.status.adopting is not None
    return engine.status.adopting


async def test_a_lost_folder_is_adopted_and_restored(
    database: str, empty_database: str, tmp_path: Path
) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    (root / "a").write_text("hello")
    with ScriptedServer() as server:
        old = SealedGround(database, tmp_path / "old", server)
        await old.upload(root)
        engine = old.engine()
        async with running(engine):
            await until(lambda: engine.status.state is EngineState.IDLE)
            engine.submit(Share(1))
            await until(lambda: bool((now := engine.status.sharing) and now.string))
            assert engine.status.sharing is not None
            string = engine.status.sharing.string
        new = SealedGround(empty_database, tmp_path / "new", server)
        engine = new.engine()
        async with running(engine):
            await until(lambda: engine.status.state is EngineState.IDLE)
            wrong = Secret(string[:-1] + ("q" if string[-1] != "q" else "p"))
            mistyped = await adopted(engine, Adopt(wrong))
            assert "probably wrong" in mistyped.problem and not engine.status.folders
            done = await adopted(engine, Adopt(Secret(string)))
            assert (done.problem, done.folder, done.files) == ("", "photos", 1)
            await until(lambda: bool(engine.status.folders))
            assert engine.status.folders[0].folder.string_seen
            answers: list[Answer] = []
            engine.submit(Adopt(Secret(string)), answers.append)
            engine.submit(Adopt(Secret(string)), answers.append)
            engine.submit(StopAdopting())
            await until(lambda: len(answers) == 2)
            assert [(a.kind, a.exit_code) for a in answers] == [
                ("EngineBusyError", 1),
                ("UsageError", 2),
            ]
            assert "was stopped" in answers[1].problem
            engine.submit(Pause(999))
            engine.submit(StopSharing(window=7), answers.append)  # another window leaves
            await until(lambda: len(answers) == 3)
            await until(lambda: engine.status.message == "There is no such job.")
            again = await adopted(engine, Adopt(Secret(string)))
            assert again.problem and again.number == 4
            assert not [line for line in said(engine) if string in line]
        await new.restore(1, tmp_path / "back")
    compare_trees(root, tmp_path / "back")
