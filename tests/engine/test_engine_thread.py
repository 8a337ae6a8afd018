"""The engine's thread before there is an engine: what waits, and what is never made."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import anyio
import pytest

from usenetsync_tui.engine import thread as engine_thread
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.thread import EngineThread
from usenetsync_tui.errors import DatabaseUnavailableError, SettingsError
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.engine import Drain
from usenetsync_tui.model.commands.jobs import PauseAll, ResumeAll
from usenetsync_tui.model.status.engine import EngineState, EngineStatus


class Recorder:
    """Stands for an engine: records commands, and runs until it is drained or cancelled."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.status = EngineStatus(EngineState.IDLE)
        self.browser = None
        self.commands: list[Command] = []
        self.ends: list[str] = []
        self.runs = threading.Event()
        self._failure = failure

    def submit(self, command: Command) -> None:
        self.commands.append(command)

    async def run(self, *, until_idle: bool, view_only: bool = True) -> None:
        self.runs.set()
        try:
            while Drain() not in self.commands:  # noqa: ASYNC110 - as the engine reads its mailbox
                await anyio.sleep(0.01)
        except anyio.get_cancelled_exc_class():
            self.ends.append("cancelled")
            raise
        self.ends.append("drained")
        if self._failure is not None:
            raise self._failure


class Making:
    """Makes a recorder, and counts."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.count = 0
        self.engine = Recorder(failure)

    def __call__(self) -> Engine:
        self.count += 1
        return cast(Engine, self.engine)


@contextmanager
def running(make: Callable[[], Engine]) -> Iterator[EngineThread]:
    with EngineThread(make) as thread:
        yield thread
    assert not [t for t in threading.enumerate() if t.name == "engine"]


def test_commands_wait_for_the_engine_and_reach_it_in_order() -> None:
    make = Making()
    with running(make) as thread:
        early: list[Command] = [PauseAll(), ResumeAll()]
        for command in early:
            thread.submit(command)
        assert thread.status == EngineStatus(EngineState.STARTING, limits=None)
        assert thread.browser is None
        assert make.count == 0, "the screen is not drawn"
        thread.begin()
        assert make.engine.runs.wait(20)
        thread.submit(PauseAll())
        assert thread.status is make.engine.status
        assert thread.drain(20)
    assert make.engine.commands == [*early, PauseAll(), Drain()]
    assert make.engine.ends == ["drained"]


def test_leaving_cancels_the_engine() -> None:
    make = Making()
    with running(make) as thread:
        thread.begin()
        assert make.engine.runs.wait(20)
        assert not thread.drain(0) or make.engine.ends
        thread.leave()
        assert thread.drain(20)
    assert len(make.engine.ends) == 1


@pytest.mark.parametrize("end", ["drain", "leave", "nothing"])
def test_an_engine_without_work_is_never_made(end: str) -> None:
    """The user quits before the first frame is drawn."""
    make = Making()
    with running(make) as thread:
        if end != "nothing":
            getattr(thread, end)()
    assert make.count == 0


@pytest.mark.parametrize("end", ["drain", "leave"])
def test_an_engine_without_work_never_runs(end: str) -> None:
    """The user quits while the engine is made."""
    making, left, make = threading.Event(), threading.Event(), Making()

    def slow() -> Engine:
        making.set()
        assert left.wait(20)
        return make()

    with running(slow) as thread:
        thread.begin()
        assert making.wait(20)
        if end == "leave":
            thread.leave()
        else:
            assert not thread.drain(0)
        left.set()
        assert thread.drain(20)
    assert make.count == 1 and not make.engine.runs.is_set()


def test_work_is_handed_over_before_the_end() -> None:
    """A folder to upload is not forgotten because the user quits at once."""
    make = Making()
    with running(make) as thread:
        thread.submit(PauseAll())
        assert thread.drain(20)
    assert make.engine.commands == [PauseAll(), Drain()]


@pytest.mark.parametrize("error", [SettingsError("config.toml: wrong"), ImportError("no such")])
def test_an_engine_that_cannot_be_made_is_refused(error: Exception) -> None:
    def make() -> Engine:
        raise error

    with running(make) as thread:
        thread.begin()
        deadline = time.monotonic() + 60
        while thread.status.state is not EngineState.REFUSED:  # the screen looks until then
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert thread.status.message == str(error)
        with pytest.raises(type(error)) as raised:
            thread.drain(20)
        assert raised.value is error


def test_what_ends_the_engine_is_raised() -> None:
    make = Making(DatabaseUnavailableError("gone"))
    with running(make) as thread, pytest.raises(DatabaseUnavailableError, match="gone"):
        thread.begin()
        assert make.engine.runs.wait(20)
        thread.drain(20)


def test_it_starts_although_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal may be dead: promise 7."""
    monkeypatch.setattr(engine_thread, "_PATIENCE", 0.05)
    make = Making()
    with running(make) as thread:
        assert make.engine.runs.wait(20)
        assert thread.drain(20)
    assert make.count == 1
