"""Servers added, tested and paused while the engine runs; workers; the log; a second engine."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from engine_ground import SLOW, at_work, kept, new_engine, running, said, until
from scripted_server import Fault, ScriptedServer

from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.engine.progress.figures import reusing_equal
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Restore, SetWorkers, Upload
from usenetsync_tui.model.commands.servers import (
    AddServer,
    LimitBandwidth,
    LimitFetching,
    PauseServer,
    ResumeServer,
    SetConnections,
    TestServer,
)
from usenetsync_tui.model.folders import Compression, StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.servers.servers import Server, ServerState, ServerStatus, Tls
from usenetsync_tui.model.status.engine import EngineState
from usenetsync_tui.model.status.tasks import Event, Severity
from usenetsync_tui.postgres.lock import EngineLock
from usenetsync_tui.settings.file import add_server
from usenetsync_tui.settings.settings import load_settings
from usenetsync_tui.settings.sources import CONFIG_NAME


def named(name: str, scripted: ScriptedServer, **more: object) -> Server:
    server = Server(name, scripted.host, scripted.port, Tls.NONE, connections=3, timeout=5.0)
    return replace(server, **more)  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_a_server_is_added_and_used(engine: Engine, folder: Path, tmp_path: Path) -> None:
    config = Locations.find({"USENETSYNC_HOME": str(tmp_path)}).config_dir
    config.mkdir(parents=True)
    (config / CONFIG_NAME).write_text("# mine\ncheck_delays = []\n")
    with ScriptedServer(login=("me", "secret")) as scripted:
        mine = named("mine", scripted, username="me", password="secret")
        async with running(engine):
            await until(lambda: engine.status.state is EngineState.IDLE)
            assert engine.status.servers == ()
            engine.submit(PauseServer("mine"))
            await until(lambda: "no server" in engine.status.message)
            engine.submit(AddServer(mine))
            await until(lambda: [s.name for s in engine.status.servers] == ["mine"])
            assert engine.status.message == ""
            # A new folder uses it now, without further choices.
            status = await kept(engine, folder, FolderChoices())
            assert status.folder.realm.store is StoreKind.USENET
            assert scripted.posted
            engine.submit(AddServer(mine))
            await until(lambda: "already" in engine.status.message)
            assert engine.browser is not None
    path = config / CONFIG_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "# mine" in path.read_text()
    assert load_settings(config).usenet_servers({}) == (mine,)
    log = said(engine)
    assert "server mine is in the settings, and used from now on" in log
    assert "server mine is up" in log
    assert not any("secret" in text for text in log)


@pytest.mark.anyio
@pytest.mark.slow
async def test_a_server_is_used_when_the_job_at_work_is_over(
    engine: Engine, big: Path, tmp_path: Path
) -> None:
    with ScriptedServer() as scripted:
        async with running(engine):
            engine.submit(Upload(os.fsencode(big), SLOW))
            upload = await at_work(engine)
            engine.submit(AddServer(named("mine", scripted)))
            await until(lambda: any("when no job runs" in t for t in said(engine)))
            assert engine.status.servers == ()
            await until(lambda: upload.id in engine.summaries)
            await until(lambda: [s.name for s in engine.status.servers] == ["mine"])
    assert engine.summaries[upload.id].outcome.state is JobState.COMPLETED


@pytest.mark.anyio
async def test_a_server_is_paused_and_limited(database: str, tmp_path: Path) -> None:
    with ScriptedServer() as scripted:
        config = Locations.find({"USENETSYNC_HOME": str(tmp_path)}).config_dir
        add_server(config, named("one", scripted, connections=5))
        engine = new_engine(database, tmp_path, servers=load_settings(config).servers)

        def one() -> ServerStatus:
            return engine.status.servers[0]

        async with running(engine):
            await until(lambda: bool(engine.status.servers))
            engine.submit(PauseServer("one"))
            await until(lambda: one().held)
            engine.submit(SetConnections("one", 2))
            await until(lambda: one().allowed == 2)
            engine.submit(LimitBandwidth(5_000_000, "one"))
            await until(lambda: one().bandwidth_limit == 5_000_000)
            engine.submit(LimitBandwidth(9_000_000))
            await until(lambda: engine.status.bandwidth_limit == 9_000_000)
            engine.submit(LimitFetching(4_000_000, "one"))
            await until(lambda: one().fetch_limit == 4_000_000)
            engine.submit(LimitFetching(3_000_000))
            await until(lambda: engine.status.fetch_limit == 3_000_000)
            # The user's choices outlive a reload of the settings.
            engine.submit(AddServer(named("two", scripted)))
            await until(lambda: len(engine.status.servers) == 2)
            assert (one().held, one().allowed, one().bandwidth_limit) == (True, 2, 5_000_000)
            assert (one().fetch_limit, engine.status.fetch_limit) == (4_000_000, 3_000_000)
            engine.submit(ResumeServer("one"))
            await until(lambda: not one().held)
            for command in (SetConnections("one", 99), PauseServer("none"), SetWorkers(0)):
                engine.submit(command)
                await until(lambda: engine.status.message != "")
                engine.submit(SetWorkers(7))
                await until(lambda: engine.status.message == "")
            assert engine.status.workers_allowed == 7
            same_ones = engine.status
            await until(lambda: engine.status is not same_ones)
            for name in ("events", "folders", "jobs", "servers", "tasks", "notices"):
                assert getattr(engine.status, name) is getattr(same_ones, name), name


@pytest.mark.anyio
async def test_a_server_is_tried(engine: Engine) -> None:
    with ScriptedServer(login=("me", "secret")) as scripted:
        async with running(engine):
            await until(lambda: engine.status.state is EngineState.IDLE)
            assert engine.status.trial is None
            engine.submit(TestServer(named("good", scripted, username="me", password="secret")))
            await until(lambda: engine.status.trial is not None and engine.status.trial.over)
            trial = engine.status.trial
            assert trial is not None
            assert trial.passed, trial.steps
            assert [s.name for s in trial.steps][-1] == "post plain"
            scripted.script(Fault.never_answers("connect"))
            engine.submit(TestServer(named("slow", scripted, timeout=60.0)))
            await until(
                lambda: bool(
                    engine.status.trial
                    and engine.status.trial.server == "slow"
                    and len(engine.status.trial.steps) > 1  # it is connected
                )
            )
            # Another test ends the one that hangs.
            engine.submit(TestServer(named("bad", scripted, username="me", password="wrong")))
            await until(
                lambda: bool(
                    engine.status.trial
                    and engine.status.trial.server == "bad"
                    and engine.status.trial.over
                )
            )
            trial = engine.status.trial
            assert trial is not None
            assert not trial.passed
            assert trial.steps[-1].name == "login"
    log = said(engine)
    assert "server good was tested: it works" in log
    assert any(text.startswith("server bad was tested: Login refused") for text in log)
    assert not any("slow" in text for text in log)


@pytest.mark.anyio
@pytest.mark.slow
async def test_workers_are_set_while_a_job_runs(engine: Engine, big: Path) -> None:
    async with running(engine):
        await until(lambda: engine.status.state is EngineState.IDLE)
        assert engine.status.workers_allowed == 2
        engine.submit(Upload(os.fsencode(big), SLOW))
        await at_work(engine)
        engine.submit(SetWorkers(5))
        await until(lambda: engine.status.workers_allowed == 5)
        await until(lambda: bool(engine.summaries))
        assert engine.status.workers_allowed == 5, "and for the next job"


@pytest.mark.anyio
@pytest.mark.slow
async def test_a_read_only_engine_shows_all_and_changes_nothing(
    engine: Engine, folder: Path, database: str, tmp_path: Path
) -> None:
    async with running(engine):
        await kept(engine, folder, FolderChoices(compression=Compression.NONE))
    async with EngineLock(database, application_name="somebody else"):
        looking = new_engine(database, tmp_path)
        async with running(looking):
            await until(lambda: bool(looking.status.folders))
            assert looking.status.read_only
            (standing,) = looking.status.folders
            assert standing.latest is not None
            assert standing.latest.version == 1
            assert standing.job is not None
            assert standing.job.state is JobState.COMPLETED
            assert [j.id for j in looking.status.jobs] == [standing.job.id]
            looking.submit(Restore(standing.folder.id, os.fsencode(tmp_path / "back")))
            await until(lambda: "Restore refused: this window is view only" in said(looking))
            assert "somebody else" in looking.status.message
    assert not (tmp_path / "back").exists()


def test_the_log_is_bounded_and_safe() -> None:
    log = EventLog(now=lambda: 7.0)
    assert log.events == ()
    log.bad("x\x1b[31m\udcff")
    assert log.events == (Event(7.0, Severity.BAD, "x␛[31m\\xff"),)
    assert log.events is log.events
    for number in range(600):
        log.info(str(number))
    assert (len(log.events), log.events[-1].text) == (500, "599")


def test_a_servers_problem_is_logged_once() -> None:
    log = EventLog(now=lambda: 0.0)
    states = [ServerState.IDLE, ServerState.UP, ServerState.UP, ServerState.STOPPED]
    for state in states:
        log.watch_servers((ServerStatus("one", "h", state, "482 no\x07"),))
    assert [(e.severity, e.text) for e in log.events] == [
        (Severity.INFO, "server one is up: 482 no␇"),
        (Severity.BAD, "server one is stopped: 482 no␇"),
    ]


def test_unchanged_parts_of_the_status_are_the_same_objects() -> None:
    before = ((1, 2), (3, 4))
    assert reusing_equal(before, [(1, 2), (3, 4)]) is before
    now = reusing_equal(before, [(1, 2), (5, 6)])
    assert now == ((1, 2), (5, 6))
    assert now[0] is before[0]
    assert reusing_equal(before, []) == ()
