"""The key and backups of the catalogue through a running engine, as the screen asks for them."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from engine_ground import kept, new_engine, over, running, until

from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.engine import BackUpDatabase, ChangeKey, RestoreDatabase, ShowKey
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.folders import Compression, Profile, StoreKind
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.status.engine import EngineState

pytestmark = pytest.mark.anyio
SEALED = FolderChoices(store=StoreKind.SHARDS, profile=Profile.SEALED)


def texts(engine: Engine) -> list[str]:
    return [event.text for event in engine.status.events]


async def obeyed(engine: Engine, command: Command, words: str) -> str:
    """Send a command, and wait for a line of the log that has these words."""
    before = len(texts(engine))
    engine.submit(command)
    await until(lambda: any(words in text for text in texts(engine)[before:]))
    return next(text for text in texts(engine)[before:] if words in text)


async def test_key_and_backup_through_an_engine(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree, home, backup = tmp_path / "tree", tmp_path / "home", tmp_path / "backup"
    tree.mkdir()
    (tree / "file").write_text("one")
    monkeypatch.setenv("USENETSYNC_HOME", str(home))
    engine = new_engine(database, home)
    async with running(engine):
        await kept(engine, tree, SEALED)
        await over(engine, Verb.UPLOAD)
        await obeyed(engine, ShowKey(), "It opens 2 keys")
        assert str(home / "config" / "key") in "".join(texts(engine))
        new = tmp_path / "key2"
        await obeyed(engine, ChangeKey(os.fsencode(new)), "opens 2 keys")
        await obeyed(engine, ChangeKey(b"relative"), "must be absolute")
        said = await obeyed(engine, BackUpDatabase(os.fsencode(backup)), "Backup into")
        assert "1 folder with 1 version" in said and backup.stat().st_mode & 0o777 == 0o600
        await obeyed(engine, BackUpDatabase(os.fsencode(backup)), "File exists")
        # The engine goes on with the new key.
        (tree / "more").write_text("two")
        engine.submit(Upload(os.fsencode(tree)))
        await until(lambda: any(f.latest and f.latest.version == 2 for f in engine.status.folders))
        await until(lambda: engine.status.state is EngineState.IDLE)
        await obeyed(engine, RestoreDatabase(os.fsencode(new)), "not a backup")
        await obeyed(engine, RestoreDatabase(os.fsencode(backup)), "is restored from")
        await until(lambda: any(f.latest and f.latest.version == 1 for f in engine.status.folders))
        (tree / "third").write_text("three")
        engine.submit(Upload(os.fsencode(tree)))
        # The store has a version 2 that the older catalogue does not know: it is not replaced.
        await until(lambda: "Another machine has continued tree" in "".join(texts(engine)))
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT count(*) FROM snapshots WHERE state <> 0").fetchone() == (1,)


async def test_not_while_a_job_runs(database: str, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(40):
        (tree / f"{number}").write_bytes(os.urandom(200_000))
    engine = new_engine(database, tmp_path / "home")
    async with running(engine):
        slow = FolderChoices(StoreKind.SHARDS, Profile.PACKED, compression=Compression.LZMA)
        engine.submit(Upload(os.fsencode(tree), slow))
        await until(lambda: any(job.elapsed for job in engine.status.jobs))
        path = os.fsencode(tmp_path / "x")
        await obeyed(engine, ChangeKey(path), "change the key when that is over")
        await obeyed(engine, RestoreDatabase(path), "restore the catalogue when that is over")
        await obeyed(engine, BackUpDatabase(path), "Backup into")
