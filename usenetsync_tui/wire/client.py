"""A window's end of the wire: a running engine, used as if it were in this process.

Everything here runs on one event loop, except `RemoteEngine.submit`, which any thread may call.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed, WebSocketException

from usenetsync_tui import __version__
from usenetsync_tui.errors import EngineLostError, NoEngineError, UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.answers import Answer
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.windows import Farewell, Window
from usenetsync_tui.socket_folder import is_private
from usenetsync_tui.wire import frames
from usenetsync_tui.wire.changes import changed
from usenetsync_tui.wire.loss import EngineLoss, engine_loss
from usenetsync_tui.wire.places import catalogue_mark, owner_of, socket_path, this_window
from usenetsync_tui.wire.values import FrameError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_TO_OPEN = 5.0
"""Seconds that an engine may take to greet: it may be busy, but not dead."""
_TO_CLOSE = 1.0


@asynccontextmanager
async def attached(
    locations: Locations, *, who: str, database_url: SecretStr | None = None
) -> AsyncIterator[RemoteEngine]:
    """Attach to the engine that runs on this catalogue; leaving the block detaches.

    `who`: the kind of this window (`Window.kind`). `database_url`: the address of the catalogue in
    the user's own PostgreSQL; None: the embedded one. Raises `NoEngineError` when nobody listens,
    or somebody whom this program cannot understand.
    """
    mark = catalogue_mark(database_url)
    async with await _connected(locations, mark) as connection:
        window = this_window(who)
        engine = await _greeted(connection, mark, window)
        # No task group: what the caller raises in the block must not come out in a group.
        tasks = [asyncio.create_task(engine.read()), asyncio.create_task(engine.write())]
        try:
            yield engine
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _connected(locations: Locations, mark: str) -> ClientConnection:
    path = socket_path(locations, mark)
    if not is_private(path.parent, owner_of(locations)) or not path.exists():
        raise NoEngineError
    # Most commands find no engine, and this takes long to load.
    from websockets.asyncio.client import unix_connect

    try:
        return await unix_connect(
            str(path),
            compression=None,
            max_size=None,
            ping_interval=None,  # the kernel knows when the other end dies
            open_timeout=_TO_OPEN,
            close_timeout=_TO_CLOSE,
        )
    except (OSError, WebSocketException, EOFError) as error:  # a timeout is an OSError
        raise NoEngineError(_why(error)) from None


async def _greeted(connection: ClientConnection, mark: str, window: Window) -> RemoteEngine:
    try:
        with anyio.fail_after(_TO_OPEN):
            greeting = frames.read(await connection.recv())
            if not isinstance(greeting, frames.Greeting):
                raise NoEngineError("It does not greet.")
            if greeting.protocol != frames.PROTOCOL:
                raise NoEngineError(
                    f"{greeting.holder} is UsenetSync {greeting.program}, this is {__version__}."
                )
            if greeting.catalogue != mark:
                raise NoEngineError(f"{greeting.holder} works on another catalogue.")
            hello = frames.Hello(frames.PROTOCOL, __version__, window)
            await connection.send(frames.written(hello))
            first = frames.read(await connection.recv())
            if not isinstance(first, frames.Changed):
                raise NoEngineError("It sends no status.")
            engine = RemoteEngine(connection, greeting.holder)
            engine.take(first)
            return engine
    except (ConnectionClosed, TimeoutError) as error:
        raise NoEngineError(_why(error)) from None
    except FrameError as error:
        raise NoEngineError(f"It does not speak as this program does: {error}.") from None


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return ""
    return f"It does not answer: {error}." if str(error) else "It does not answer."


class RemoteEngine:
    """An engine in another process; `attached` makes it. Implements `EngineHandle`."""

    browser = None
    """The catalogue is read on a connection of one's own (`engine.attached.attachment`)."""

    def __init__(self, connection: ClientConnection, holder: Window) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._sent: EngineStatus | None = None
        self._status = EngineStatus(EngineState.STARTING)
        self._numbers = itertools.count(1)
        self._outgoing: deque[str] = deque()
        self._to_send = asyncio.Event()
        self._replies: dict[int, asyncio.Future[Answer | Summary]] = {}
        self._lost = anyio.Event()
        self.holder = holder
        """The program that runs the engine."""
        self.farewell: frames.Goodbye | None = None
        """What the engine said at its end; None: it has not ended, or died."""

    @property
    def status(self) -> EngineStatus:
        """The latest status; the last one, once the engine is lost."""
        return self._status

    def submit(self, command: Command) -> None:
        """Leave a command, whatever becomes of it; from any thread, never waits."""
        self._post(frames.asked(next(self._numbers), command))

    async def ask(self, command: Command) -> Answer:
        """Leave a command; returns what became of it. `EngineLostError`."""
        answer = await self._replied(lambda number: frames.asked(number, command))
        assert isinstance(answer, Answer)
        return answer

    async def summary(self, job_id: int) -> Summary:
        """How a job ended, as soon as it is over.

        `EngineLostError` when the engine ends first, `UsageError` when it knows no such job.
        """
        reply = await self._replied(lambda number: frames.Awaited(number, job_id))
        if isinstance(reply, Answer):
            raise UsageError(reply.problem)
        return reply

    async def lost(self) -> EngineLoss:
        """Return when the engine has ended or died, with what that means."""
        await self._lost.wait()
        return self.loss

    @property
    def loss(self) -> EngineLoss:
        """What it means that this engine is lost, once it is."""
        return engine_loss(self.holder, self.farewell)

    def take(self, frame: frames.Changed) -> None:
        """Take a change of the status. `FrameError`."""
        self._sent = changed(self._sent, frame.changes)
        others = tuple(w for w in self._sent.windows if w.pid != os.getpid())
        self._status = replace(self._sent, holder=self.holder, windows=others)

    async def read(self) -> None:
        """Take frames until the engine is gone."""
        try:
            async for text in self._connection:
                frame = frames.read(text)
                match frame:
                    case frames.Changed():
                        self.take(frame)
                    case frames.Answered(number, answer):
                        self._reply(number, answer)
                    case frames.Ended(number, summary):
                        self._reply(number, summary)
                    case frames.Goodbye():
                        self.farewell = frame
                        return
        except ConnectionClosed:
            return
        except FrameError as error:
            self.farewell = frames.Goodbye(Farewell.FAILED, f"It sent nonsense: {error}")
        finally:
            self._lost.set()
            for reply in self._replies.values():
                if not reply.done():
                    reply.set_exception(self._error())
                    reply.exception()  # nobody may be waiting for it any more

    async def write(self) -> None:
        """Send what is to be sent."""
        with suppress(ConnectionClosed):  # `read` notices, too
            while True:
                await self._to_send.wait()
                self._to_send.clear()
                while self._outgoing:
                    await self._connection.send(self._outgoing.popleft())

    def _post(self, frame: frames.Frame) -> None:
        self._outgoing.append(frames.written(frame))
        with suppress(RuntimeError):  # the loop is closed: the engine is lost
            self._loop.call_soon_threadsafe(self._to_send.set)

    async def _replied(self, frame: Callable[[int], frames.Frame]) -> Answer | Summary:
        if self._lost.is_set():
            raise self._error()
        number = next(self._numbers)
        reply: asyncio.Future[Answer | Summary] = self._loop.create_future()
        self._replies[number] = reply
        try:
            self._post(frame(number))
            return await reply
        finally:
            del self._replies[number]

    def _reply(self, number: int, with_what: Answer | Summary) -> None:
        reply = self._replies.get(number)
        if reply is not None and not reply.done():
            reply.set_result(with_what)

    def _error(self) -> EngineLostError:
        if self.farewell is None:
            return EngineLostError(f"It was {self.holder}, which died.")
        details = f": {self.farewell.message}" if self.farewell.message else ""
        return EngineLostError(f"It was {self.holder}, and {self.farewell.reason}{details}.")
