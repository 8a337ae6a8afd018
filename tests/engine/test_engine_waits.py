"""The status names what the engine waits for; neither a cancel nor the end waits for it."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest
from engine_ground import new_engine, running, until
from scripted_server import Fault, ScriptedServer

from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.model.commands.engine import Drain
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Cancel, Upload
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.jobs import JobState

ENDED_WITHIN = 4.0


@pytest.mark.anyio
async def test_a_job_that_waits_is_cancelled_at_once(
    database: str, folder: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with ScriptedServer(faults=[Fault("POST", silent=True, times=9)]) as silent:
        servers = [
            {"name": "away", "host": "127.0.0.1", "port": port, "tls": "none"},
            {"name": "silent", "host": silent.host, "port": silent.port, "tls": "none"},
        ]
        for server, words in zip(servers, ("No connection to", "no answer yet"), strict=True):
            engine = new_engine(database, tmp_path, servers=[server])
            async with running(engine):
                await assert_cancelled(engine, folder, words)


def _state(engine: Engine, job_id: int) -> JobState:
    return next(job.state for job in engine.status.jobs if job.id == job_id)


async def assert_cancelled(engine: Engine, folder: Path, words: str) -> None:
    engine.submit(Upload(os.fsencode(folder), FolderChoices(store=StoreKind.USENET)))
    await until(lambda: words in str(engine.status.waiting))
    (job,) = [job for job in engine.status.jobs if words in str(job.waiting)]
    began = time.monotonic()
    engine.submit(Cancel(job.id))
    await until(lambda: _state(engine, job.id) is JobState.CANCELLED)
    assert time.monotonic() - began < ENDED_WITHIN


@pytest.mark.anyio
async def test_the_end_does_not_wait_for_the_catalogue(database: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        engine = new_engine(f"postgresql://me@127.0.0.1:{port}/none", tmp_path)
        async with running(engine):
            await until(lambda: engine.status.waiting is not None)
            assert "waiting for the database" in str(engine.status.waiting)
            began = time.monotonic()
            engine.submit(Drain())
        assert time.monotonic() - began < ENDED_WITHIN
