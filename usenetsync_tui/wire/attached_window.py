"""One attached window: what it asks, what it is sent, and what only it may see."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial

import anyio
from anyio.abc import TaskGroup
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.answers import Answer
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.folders import PreviewFilters, StopPreview
from usenetsync_tui.model.commands.recovery import LookByString, Share, StopSharing, WriteString
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.windows import Window
from usenetsync_tui.wire import frames
from usenetsync_tui.wire.changes import changes
from usenetsync_tui.wire.served import Served
from usenetsync_tui.wire.values import FrameError

_TO_GREET = 5.0
"""Seconds that a window may take to say who it is."""
_MOST_LETTERS = 1000
"""Replies that wait for a window; it may ask no more until it has read some."""


_OWNED = (
    Share | WriteString | StopSharing | LookByString | PreviewRestore | PreviewFilters | StopPreview
)


class AttachedWindow:
    """The connection of one window."""

    def __init__(self, connection: ServerConnection, engine: Served, number: int) -> None:
        """`number`: of the window, from 1; secrets that it asks for go to no other number."""
        self._connection = connection
        self._engine = engine
        self._number = number
        self._status: EngineStatus | None = None
        self._sent: EngineStatus | None = None
        self._letters: deque[frames.Frame] = deque()
        self._news = anyio.Event()
        self._parted = anyio.Event()
        self._farewell: frames.Goodbye | None = None
        self.window = Window("", 0)
        """Who it is, once `greet` has returned."""

    async def greet(self, greeting: frames.Greeting) -> frames.Hello | None:
        """Greet the window; returns what it replies, None if that is not a greeting."""
        try:
            with anyio.fail_after(_TO_GREET):
                await self._connection.send(frames.written(greeting))
                hello = frames.read(await self._connection.recv())
        except (ConnectionClosed, TimeoutError, FrameError):
            return None
        if not isinstance(hello, frames.Hello) or hello.protocol != frames.PROTOCOL:
            return None
        return hello

    def publish(self, status: EngineStatus) -> None:
        """Send this status instead of any that the window has not been sent yet."""
        self._status = visible(status, self._number)
        self._news.set()

    async def part(self, farewell: frames.Goodbye) -> None:
        """Send what is left, and the farewell. Returns when the window has been sent it."""
        self._farewell = farewell
        self._news.set()
        await self._parted.wait()

    async def serve(self) -> None:
        """Serve the window until it leaves or the engine ends."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._read, group)
                await self._write()
                group.cancel_scope.cancel()
        finally:
            self._parted.set()
            for command in (StopSharing(window=self._number), StopPreview(window=self._number)):
                self._engine.submit(command, _unheard)

    async def _write(self) -> None:
        try:
            while True:
                await self._news.wait()
                self._news = anyio.Event()
                while self._letters:
                    await self._connection.send(frames.written(self._letters.popleft()))
                await self._send_status()
                if self._farewell is not None and not self._letters:
                    await self._connection.send(frames.written(self._farewell))
                    return
        except ConnectionClosed:
            return

    async def _send_status(self) -> None:
        status = self._status
        if status is None or status is self._sent:
            return
        differences = changes(self._sent, status)
        self._sent = status
        if differences:
            await self._connection.send(frames.written(frames.Changed(differences)))

    def _say(self, frame: frames.Frame) -> None:
        self._letters.append(frame)
        self._news.set()

    async def _read(self, group: TaskGroup) -> None:
        try:
            async for text in self._connection:
                self._obey(frames.read(text), group)
                while len(self._letters) > _MOST_LETTERS:  # noqa: ASYNC110 - the window is slow
                    await anyio.sleep(0.05)
        except (ConnectionClosed, FrameError):
            pass
        group.cancel_scope.cancel()

    def _obey(self, frame: frames.Frame | None, group: TaskGroup) -> None:
        match frame:
            case frames.Asked(number):
                try:
                    command = frames.command_of(frame)
                except FrameError as error:
                    self._answer(number, Answer(problem=str(error), exit_code=2))
                else:
                    self._engine.submit(owned(command, self._number), partial(self._answer, number))
            case frames.Awaited(number, job_id):
                group.start_soon(self._await, number, job_id)

    def _answer(self, number: int, answer: Answer) -> None:
        self._say(frames.Answered(number, answer))

    async def _await(self, number: int, job_id: int) -> None:
        try:
            summary = await self._engine.ended(job_id)
        except UsenetSyncError as error:
            self._answer(number, Answer(problem=str(error), exit_code=error.exit_code))
        else:
            self._say(frames.Ended(number, summary))


def owned(command: Command, window: int) -> Command:
    """The command, marked as this window's where its result is for it alone."""
    if isinstance(command, _OWNED):
        return replace(command, window=window)
    return command


def visible(status: EngineStatus, window: int) -> EngineStatus:
    """What a window may see; 0: the engine's own.

    A recovery string, what one brings back, and previews, only if it asked.
    """
    if status.sharing is not None and status.sharing.window != window:
        status = replace(status, sharing=None)
    if status.string_versions is not None and status.string_versions.window != window:
        status = replace(status, string_versions=None)
    if status.preview is not None and status.preview.window != window:
        status = replace(status, preview=None)
    if status.restore_preview is not None and status.restore_preview.window != window:
        status = replace(status, restore_preview=None)
    return status


def _unheard(answer: Answer) -> None:
    """The window has left."""
