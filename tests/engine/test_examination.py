"""The findings of `doctor` in every state of an engine."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from engine_ground import new_engine, running, until
from scripted_server import ScriptedServer

from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.errors import DatabaseUnavailableError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.engine import Drain, Examine, StopExamining
from usenetsync_tui.model.machine.findings import Finding, Grade
from usenetsync_tui.model.status.engine import EngineState
from usenetsync_tui.settings.sources import CONFIG_NAME

pytestmark = pytest.mark.anyio


async def examined(engine: Engine, wanted: Examine, number: int = 1) -> dict[str, Finding]:
    """Check → its finding, once all checks are done."""
    engine.submit(wanted)
    await until(
        lambda: (
            (seen := engine.status.examination) is not None and seen.number == number and seen.over
        )
    )
    seen = engine.status.examination
    assert seen is not None and not seen.problem
    return {finding.check: finding for finding in seen.findings}


def configure(tmp_path: Path, text: str) -> None:
    folder = Locations.find({"USENETSYNC_HOME": str(tmp_path)}).config_dir
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / CONFIG_NAME).write_text(text)
    (folder / CONFIG_NAME).chmod(0o600)


async def test_an_engine_at_work_and_one_that_looks_on(database: str, tmp_path: Path) -> None:
    engine, other = (new_engine(database, tmp_path) for _ in range(2))
    with ScriptedServer() as server:
        configure(
            tmp_path,
            f'[[servers]]\nname = "one"\nhost = "{server.host}"\nport = {server.port}\n'
            'tls = "none"\n',
        )
        async with running(engine):
            found = await examined(engine, Examine())
            assert {"settings", "rights", "key", "database", "catalogue", "disk"} <= found.keys()
            assert found["catalogue"].grade is Grade.GOOD
            assert "not encrypted" in found["one"].detail and not server.articles
            assert "terminal" not in found  # a change that the engine does not see
            assert any("examined: " in event.text for event in engine.status.events)
            # The file as it is now, not as it was when the engine started.
            configure(tmp_path, "max_wrokers = 3\n")
            found = await examined(engine, Examine(sums=False), 2)
            assert "max_wrokers" in found["settings"].detail
            configure(tmp_path, "")
            async with running(other):
                await until(lambda: other.status.read_only)
                found = await examined(other, Examine(sums=False))
                assert found["database"].grade is Grade.GOOD and "catalogue" not in found


async def test_an_engine_that_could_not_begin_says_why(tmp_path: Path) -> None:
    """It stays until it is drained, and ends with its own error."""
    url = "postgresql://u:geheim@127.0.0.1:1/x"
    configure(tmp_path, f'database_url = "{url}"\n')
    engine = new_engine(url, tmp_path)
    ended: list[BaseException] = []

    async def run() -> None:
        try:
            await engine.run(until_idle=False)
        except DatabaseUnavailableError as error:
            ended.append(error)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await until(lambda: engine.status.state is EngineState.FAILED)
        found = await examined(engine, Examine())
        assert found["database"].grade is Grade.BAD and "geheim" not in found["database"].detail
        assert not ended
        engine.submit(Drain())
    assert len(ended) == 1 and engine.status.state is EngineState.FAILED


@pytest.mark.parametrize("last", [StopExamining(), Drain()], ids=["stop", "end"])
async def test_a_silent_name_server_delays_no_other_check(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: Any
) -> None:
    asked, answer = threading.Event(), threading.Event()

    def silent(*_: object, **__: object) -> None:
        asked.set()
        answer.wait(60)

    configure(tmp_path, '[[servers]]\nname = "one"\nhost = "news.example.com"\n')
    engine = new_engine(database, tmp_path)
    async with running(engine):
        await until(lambda: engine.status.state is EngineState.IDLE)
        monkeypatch.setattr(socket, "getaddrinfo", silent)
        engine.submit(Examine(sums=False))
        await until(asked.is_set)
        begun = time.monotonic()
        engine.submit(last)
        if isinstance(last, StopExamining):
            await until(lambda: (e := engine.status.examination) is not None and e.stopped)
            seen = engine.status.examination
            assert seen is not None and seen.over
            assert "database" in {f.check for f in seen.findings}  # the findings so far stay
    assert time.monotonic() - begun < 4
    answer.set()
