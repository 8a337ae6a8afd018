"""A window on an engine over the real socket: what it sees, asks, and learns at the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from engine_ground import kept, new_engine, running, until
from pydantic import SecretStr

from usenetsync_tui.errors import EngineLostError, NoEngineError, UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.engine import Drain
from usenetsync_tui.model.commands.folders import PreviewFilters, StopPreview
from usenetsync_tui.model.commands.jobs import Pause, Restore, Upload
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.windows import Farewell
from usenetsync_tui.wire.client import attached

pytestmark = pytest.mark.anyio


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    return Locations.find({"USENETSYNC_HOME": str(tmp_path / "home")})


async def test_a_window_asks_follows_and_learns_of_the_end(
    database: str, tmp_path: Path, locations: Locations
) -> None:
    (tmp_path / "source").mkdir()
    name = b"na\xffme\xed\xa0\x80"
    (tmp_path / "source" / os.fsdecode(name)).write_bytes(b"content")
    engine = new_engine(database, tmp_path / "home")
    url = SecretStr(database)
    with pytest.raises(NoEngineError):
        async with attached(locations, who="test", database_url=url):
            pass
    async with running(engine):
        await until(lambda: engine.status.state.value == "idle")
        async with attached(locations, who="upload", database_url=url) as remote:
            answer = await remote.ask(Upload(os.fsencode(tmp_path / "source")))
            assert answer.job_id is not None
            summary = await remote.summary(answer.job_id)
            assert summary == engine.summaries[answer.job_id]
            assert summary.outcome.state is JobState.COMPLETED
            await until(lambda: engine.status.windows != ())
            assert engine.status.windows[0].kind == "upload"
            assert engine.status.windows[0].pid == os.getpid()
            assert remote.status.holder is not None and remote.status.holder.pid == os.getpid()
            refused = await remote.ask(Pause(answer.job_id))
            assert refused.problem and refused.exit_code == 2
            with pytest.raises(UsageError):
                await remote.summary(answer.job_id + 1)
            engine.submit(Drain())
            await remote.lost()
            with pytest.raises(EngineLostError):
                await remote.ask(Pause(answer.job_id))
            assert remote.farewell is not None
            assert remote.farewell.reason is Farewell.STOPPED


@pytest.mark.parametrize("kind", ["preview", "restore_preview"])
async def test_a_preview_is_its_windows_and_ends_with_it(
    database: str, tmp_path: Path, locations: Locations, kind: str
) -> None:
    """Another window neither sees nor stops it; whatever ends the window, the engine stops."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").write_text("a")
    engine, url = new_engine(database, tmp_path / "home"), SecretStr(database)

    def is_kept() -> bool:
        return getattr(engine._whole_status, kind) is not None

    async with running(engine):
        number = (await kept(engine, tmp_path / "source")).folder.id
        commands: dict[str, Command] = {
            "preview": PreviewFilters(number, Filters((b"a",))),
            "restore_preview": PreviewRestore(Restore(number, os.fsencode(tmp_path / "out"))),
        }
        async with attached(locations, who="screen", database_url=url) as other:
            async with attached(locations, who="screen", database_url=url) as remote:
                assert (await remote.ask(commands[kind])).problem == ""
                await until(lambda: getattr(remote.status, kind) is not None)
                assert (await other.ask(StopPreview())).problem == ""
                assert is_kept() and getattr(other.status, kind) is None
            await until(lambda: not is_kept())
