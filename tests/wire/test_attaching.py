"""The socket of an engine: who may connect, what each window is sent, and what a dead one left."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from engine_ground import until
from websockets.asyncio.client import unix_connect

from usenetsync_tui.errors import NoEngineError, UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.answers import Answer
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.jobs import Pause
from usenetsync_tui.model.commands.recovery import Share, StopSharing, WriteString
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.recovery import Sharing
from usenetsync_tui.model.status.tasks import Event, Severity
from usenetsync_tui.model.windows import Window
from usenetsync_tui.wire import frames
from usenetsync_tui.wire.changes import changed
from usenetsync_tui.wire.client import attached
from usenetsync_tui.wire.listen import Listener
from usenetsync_tui.wire.places import socket_path

pytestmark = pytest.mark.anyio

STRING = "USYNC-the-recovery-string"
NOBODY = 65534
STRANGER = """
import os, socket, sys
os.setgid({nobody}); os.setuid({nobody})
them = socket.socket(socket.AF_UNIX)
try:
    them.connect(sys.argv[1])
    them.sendall(
        b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\nUpgrade: websocket\\r\\n"
        b"Connection: Upgrade\\r\\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n"
    )
    print(them.recv(12).decode())
except PermissionError:
    print("not allowed")
"""


class Obedient:
    """An engine that does nothing but what the wire needs."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.listener = Listener(self, holder=Window("screen", 77, "pts/9"), mark="embedded")
        self.status = EngineStatus(EngineState.IDLE)
        self.publish()

    def submit(self, command: Command, answered: Callable[[Answer], None]) -> None:
        self.commands.append(command)
        if isinstance(command, Share):
            sharing = Sharing(command.folder_id, Secret(STRING), window=command.window)
            self.publish(sharing=sharing)
        answered(Answer(len(self.commands)))

    async def ended(self, job_id: int) -> Summary:
        raise UsageError("There is no such job.")

    def publish(self, **fields: object) -> None:
        self.status = replace(self.status, **fields)  # type: ignore[arg-type]
        self.listener.publish(self.status)


@pytest.fixture
def locations(short_folder: Path, request: pytest.FixtureRequest) -> Locations:
    home = short_folder / f"wire-{os.getpid()}-{request.node.name[:40]}"
    made = Locations.find({"USENETSYNC_HOME": str(home)})
    made.create()
    return made


def listening(engine: Obedient, locations: Locations) -> AbstractAsyncContextManager[None]:
    return engine.listener.listening(locations)


async def test_a_recovery_string_goes_only_to_the_window_that_asked(locations: Locations) -> None:
    engine = Obedient()
    async with listening(engine, locations), attached(locations, who="other") as other:
        async with attached(locations, who="asking") as asking:
            await asking.ask(Share(5))
            await until(lambda: asking.status.sharing is not None)
            assert asking.status.sharing is not None and asking.status.sharing.string == STRING
            engine.publish(message="later")
            await until(lambda: other.status.message == "later")
            assert other.status.sharing is None
            # A window cannot speak for another one.
            await other.ask(WriteString(b"/tmp/never", window=1))
            marks = [c.window for c in engine.commands if isinstance(c, Share | WriteString)]
            assert len(set(marks)) == 2 and 0 not in marks
        await until(lambda: StopSharing(window=marks[0]) in engine.commands)


async def test_a_slow_reader_gets_the_newest_status_and_no_backlog(locations: Locations) -> None:
    engine, rounds = Obedient(), 400
    async with listening(engine, locations):
        path = str(socket_path(locations, "embedded"))
        async with unix_connect(path, compression=None, max_size=None) as slow:
            await slow.recv()
            window = Window("slow", 1)
            await slow.send(frames.written(frames.Hello(frames.PROTOCOL, "test", window)))
            for number in range(rounds):
                event = Event(0.0, Severity.INFO, f"{number} " + "x" * 50_000)
                engine.publish(events=(event,))
                await anyio.lowlevel.checkpoint()
            has, count = None, 0
            while has is None or has.events != engine.status.events:
                frame = frames.read(await slow.recv())
                assert isinstance(frame, frames.Changed)
                has, count = changed(has, frame.changes), count + 1
            assert count < rounds / 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_reaches_neither_the_socket_nor_the_engine(locations: Locations) -> None:
    path = socket_path(locations, "embedded")

    async def stranger() -> str:
        command = [sys.executable, "-c", STRANGER.format(nobody=NOBODY), str(path)]
        return (await anyio.run_process(command)).stdout.decode().strip()

    async with listening(Obedient(), locations):
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert await stranger() == "not allowed"
        locations.data_dir.parent.chmod(0o711)
        path.parent.chmod(0o711)
        path.chmod(0o666)
        assert await stranger() == "HTTP/1.1 403"
        with pytest.raises(NoEngineError):  # nor do we trust a folder that others may enter
            async with attached(locations, who="test"):
                pass


async def test_the_socket_of_a_dead_engine_is_replaced(locations: Locations) -> None:
    path = socket_path(locations, "embedded")
    path.parent.mkdir(mode=0o700)
    dead = "import socket,sys,os; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()"
    command = [sys.executable, "-c", f"{dead}; os._exit(9)", str(path)]
    await anyio.run_process(command, check=False)
    assert path.is_socket()
    with pytest.raises(NoEngineError):
        async with attached(locations, who="test"):
            pass
    engine = Obedient()
    async with listening(engine, locations), attached(locations, who="test") as window:
        assert (await window.ask(Pause(3))).job_id == 1
        assert engine.commands == [Pause(3)]
    assert not path.exists()


async def test_a_long_path_of_the_data_folder_has_a_socket_elsewhere(short_folder: Path) -> None:
    deep = Locations.find({"USENETSYNC_HOME": str(short_folder / ("long" * 30))})
    deep.create()
    async with listening(Obedient(), deep), attached(deep, who="test") as window:
        path = socket_path(deep, "embedded")
        assert path.is_relative_to("/tmp") and not path.is_relative_to(short_folder)
        assert window.status.state is EngineState.IDLE
    path.parent.rmdir()


async def test_what_is_no_frame_ends_that_window_only(locations: Locations) -> None:
    engine = Obedient()
    async with listening(engine, locations), attached(locations, who="test") as window:
        them = socket.socket(socket.AF_UNIX)
        them.connect(str(socket_path(locations, "embedded")))
        them.sendall(b"\xff\x00 this is no HTTP \r\n\r\n" * 100)
        them.close()
        path = str(socket_path(locations, "embedded"))
        async with unix_connect(path) as bad:
            await bad.recv()
            hello = frames.Hello(frames.PROTOCOL, "test", Window("bad", 1))
            await bad.send(frames.written(hello))
            await bad.send('{"frame": "asked", "number": 1, "command": "Obey", "values": {}}')
            while not isinstance(reply := frames.read(await bad.recv()), frames.Answered):
                pass
            assert "Obey" in reply.answer.problem
            await bad.send("[" * 100_000)
            await bad.wait_closed()
        assert (await window.ask(Pause(3))).problem == ""
