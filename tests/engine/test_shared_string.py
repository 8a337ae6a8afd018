"""The recovery string that an engine makes for its screen, and forgets."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from engine_ground import kept, new_engine, over, running, said, until

from usenetsync_tui.codec.recovery_string import grouped, read_string
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.model.commands.jobs import PostIndex
from usenetsync_tui.model.commands.recovery import Share, StopSharing, WriteString
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.status.recovery import Sharing

pytestmark = pytest.mark.anyio


async def shown(engine: Engine, command: Share) -> Sharing:
    """What the engine answers."""
    engine.submit(StopSharing())
    await until(lambda: engine.status.sharing is None)
    engine.submit(command)
    await until(lambda: bool((now := engine.status.sharing) and (now.string or now.problem)))
    assert engine.status.sharing is not None
    return engine.status.sharing


async def written(engine: Engine, path: Path) -> None:
    engine.submit(WriteString(os.fsencode(path)))
    await until(lambda: bool((now := engine.status.sharing) and now.is_written))


async def not_written(engine: Engine, path: Path) -> None:
    engine.submit(WriteString(os.fsencode(path)))
    await until(lambda: bool((now := engine.status.sharing) and now.file_problem))
    assert engine.status.sharing is not None and not engine.status.sharing.is_written


async def test_a_string_is_shown_written_and_forgotten(database: str, tmp_path: Path) -> None:
    source = tmp_path / "photos"
    source.mkdir()
    (source / "a").write_text("hello")
    engine = new_engine(database, tmp_path / "home")
    async with running(engine):
        folder = (await kept(engine, source)).folder
        await over(engine, Verb.UPLOAD)
        assert not folder.string_seen
        plain = await shown(engine, Share(folder.id))
        secret = read_string(plain.string).opened(None)
        await until(lambda: engine.status.folders[0].folder.string_seen)
        assert str(plain.string) not in repr(engine.status)

        weak = await shown(engine, Share(folder.id, Secret("short")))
        assert "has 5 characters" in weak.problem and not weak.string
        locked = await shown(engine, Share(folder.id, Secret("correct horse battery")))
        assert locked.has_passphrase
        assert read_string(locked.string).opened("correct horse battery") == secret

        await written(engine, tmp_path / "string")
        for taken in (tmp_path / "string", tmp_path / "no" / "string"):
            await not_written(engine, taken)
        file = tmp_path / "string"
        assert file.read_text() == grouped(locked.string) + "\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

        engine.submit(PostIndex(folder.id))
        assert (await over(engine, Verb.INDEX)).state is JobState.COMPLETED
        engine.submit(StopSharing())
        await until(lambda: engine.status.sharing is None)
        engine.submit(WriteString(os.fsencode(tmp_path / "late")))
        await until(lambda: any("No recovery string is shown" in line for line in said(engine)))
        assert not (tmp_path / "late").exists()
        assert not [line for line in said(engine) if plain.string in line or locked.string in line]
