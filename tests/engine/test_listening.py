"""The engine serves its progress while `progress_listen` is set."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import anyio
import pytest
from anyio import to_thread
from engine_ground import new_engine, running, until
from websockets.sync.client import connect

from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.progress.listening import TOKEN_NAME, Listening, read_token
from usenetsync_tui.errors import SettingsError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.jobs import Upload


def _said(engine: Engine, words: str) -> list[str]:
    return [event.text for event in engine.status.events if words in event.text]


def _served_at(engine: Engine) -> str:
    (said,) = _said(engine, "progress is served at")
    return said.partition("ws://")[2].partition("/")[0]


def _followed(address: str, token: str) -> list[dict[str, object]]:
    """The messages up to the one that says that the first job is completed."""
    seen = []
    with connect(f"ws://{address}/progress?token={token}") as client:
        while True:
            message = json.loads(client.recv(timeout=60))
            seen.append(message)
            if any(job["state"] == "completed" for job in message["jobs"]):
                return seen


@pytest.mark.anyio
async def test_an_upload_is_followed_to_its_end(
    database: str, tmp_path: Path, folder: Path
) -> None:
    engine = new_engine(database, tmp_path, progress_listen="127.0.0.1:0")
    token_file = tmp_path / "config" / TOKEN_NAME
    async with running(engine):
        await until(lambda: bool(_said(engine, "progress is served at")))
        address, token = _served_at(engine), token_file.read_text().strip()
        assert token_file.stat().st_mode & 0o777 == 0o600
        assert not _said(engine, token)
        engine.submit(Upload(os.fsencode(folder)))
        messages = await to_thread.run_sync(_followed, address, token)
        (job,) = messages[-1]["jobs"]  # type: ignore[misc]
        assert job["current"] == job["total"] > 500_000
        assert (job["folder"], job["verb"], job["files"]) == ("folder", "upload", 101)
        figures = messages[-1]["metrics"]
        assert isinstance(figures, dict)
        assert len(figures) == 12
        assert figures["memoryUsage"] > 1_000_000

        def page() -> str:
            with urlopen(f"http://{address}/metrics?token={token}") as answer:
                return str(answer.read().decode())

        text = await to_thread.run_sync(page)
        assert 'usenetsync_jobs_ended_total{state="completed",verb="upload"} 1.0' in text
        assert "usenetsync_done_files_total 101.0" in text
        assert "folder_last_version_timestamp_seconds{" in text
    with pytest.raises(OSError):
        await to_thread.run_sync(urlopen, f"http://{address}/healthz")


@pytest.mark.anyio
async def test_a_port_in_use_is_said_and_ends_nothing(
    database: str, tmp_path: Path, folder: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = f"127.0.0.1:{other.getsockname()[1]}"
        engine = new_engine(database, tmp_path, progress_listen=where)
        async with running(engine):
            engine.submit(Upload(os.fsencode(folder)))
            await until(lambda: any(f.latest for f in engine.status.folders))
            await until(lambda: bool(_said(engine, "Address already in use")))
            assert _said(engine, where)


@pytest.mark.anyio
async def test_it_outlives_an_engine(database: str, tmp_path: Path) -> None:
    """`usenetsync serve` makes a new engine when the database was away; clients stay."""
    locations = Locations.find({"USENETSYNC_HOME": str(tmp_path)})
    engines = [new_engine(database, tmp_path, progress_listen="127.0.0.1:0") for _ in "12"]
    current = engines[0]
    listening = Listening(locations, lambda: current.status, lasting=True)
    for engine in engines:
        engine._listening = listening

    def health() -> tuple[int, str]:
        try:
            with urlopen(f"http://{address}/healthz") as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    async with running(engines[0]):
        await until(lambda: bool(_said(engines[0], "progress is served at")))
        address = _served_at(engines[0])
    await anyio.sleep(0.6)
    assert await to_thread.run_sync(health) == (503, "stopped\n")
    current = engines[1]
    async with running(current):
        await anyio.sleep(1.5)
        assert await to_thread.run_sync(health) == (200, "ok\n")
        assert not _said(current, "progress is served at")
    await listening.close()


def test_the_token_file(tmp_path: Path) -> None:
    path = tmp_path / "config" / "token"
    token = read_token(path)
    assert len(token) >= 40
    assert read_token(path) == token
    assert token not in repr(token)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_token(path)
    path.chmod(0o600)
    path.write_text("\n")
    with pytest.raises(SettingsError, match="holds no token"):
        read_token(path)
