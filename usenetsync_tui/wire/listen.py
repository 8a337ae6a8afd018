"""The engine's end of the wire: listens for windows of the same user.

Everything here runs on the engine's event loop, and nothing of it makes the engine wait: each
window has a task that sends it the newest status as soon as it has taken the one before.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import anyio
from websockets.asyncio.server import Server, ServerConnection, unix_serve
from websockets.http11 import Request, Response

from usenetsync_tui import __version__
from usenetsync_tui.errors import leading_error
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.windows import Farewell, Window
from usenetsync_tui.wire import frames
from usenetsync_tui.wire.attached_window import AttachedWindow
from usenetsync_tui.wire.places import (
    give_socket,
    make_socket_folder,
    owner_of,
    peer_of,
    socket_path,
)
from usenetsync_tui.wire.served import Served

_LARGEST_FRAME = 16 << 20
"""Bytes of a window's frame: a selection of files may be long."""
_TO_CLOSE = 1.0
"""Seconds that a window may take to hear that the engine ends."""


class Listener:
    """The windows at an engine, and what each is sent."""

    def __init__(self, engine: Served, *, holder: Window, mark: str) -> None:
        """`holder`: the program of the engine. `mark`: its catalogue (`places.catalogue_mark`)."""
        self._engine = engine
        self._holder = holder
        self._mark = mark
        self._status: EngineStatus | None = None
        self._sessions: dict[int, AttachedWindow] = {}
        self._numbers = 0
        self._allowed: set[int] = set()
        self.farewell = frames.Goodbye(Farewell.STOPPED)
        """What the engine sends to the windows when the block of `listening` ends."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """Who is attached, in the order in which they came."""
        return tuple(session.window for session in self._sessions.values())

    def publish(self, status: EngineStatus) -> None:
        """Let each window have this status, as soon as it has read what it was sent before."""
        self._status = status
        for session in self._sessions.values():
            session.publish(status)

    @asynccontextmanager
    async def listening(self, locations: Locations) -> AsyncIterator[None]:
        """Listen inside the block; at its end say `farewell` to all windows.

        The caller holds the engine lock, so a socket that nobody answers is a dead engine's, and
        is replaced. Raises `SettingsError` when the socket's folder is not private, `OSError` when
        the socket cannot be made.
        """
        path, owner = socket_path(locations, self._mark), owner_of(locations)
        make_socket_folder(path.parent, owner)
        self._allowed = {owner, 0}
        path.unlink(missing_ok=True)
        server = await unix_serve(
            self._attend,
            str(path),
            process_request=self._refusal,
            compression=None,
            max_size=_LARGEST_FRAME,
            ping_interval=None,  # the kernel knows when the other end dies
            close_timeout=_TO_CLOSE,
        )
        inode = path.stat().st_ino
        give_socket(path)
        try:
            yield
        except Exception as error:
            self.farewell = frames.Goodbye(Farewell.FAILED, str(leading_error(error)))
            raise
        finally:
            with anyio.move_on_after(3 * _TO_CLOSE, shield=True):
                await self._close(server)
            _remove(path, inode)

    async def _close(self, server: Server) -> None:
        server.close(close_connections=False)
        with anyio.move_on_after(_TO_CLOSE):
            async with anyio.create_task_group() as group:
                for session in list(self._sessions.values()):
                    group.start_soon(session.part, self.farewell)
        server.close()
        await server.wait_closed()

    def _refusal(self, connection: ServerConnection, request: Request) -> Response | None:
        """The reply to a connection of another user; None: it may enter."""
        _, uid = peer_of(connection.transport.get_extra_info("socket"))
        if uid in self._allowed:
            return None
        return connection.respond(HTTPStatus.FORBIDDEN, "This engine belongs to another user.\n")

    async def _attend(self, connection: ServerConnection) -> None:
        """Serve one window until it leaves."""
        pid, _ = peer_of(connection.transport.get_extra_info("socket"))
        self._numbers += 1
        number = self._numbers
        session = AttachedWindow(connection, self._engine, number)
        greeting = frames.Greeting(frames.PROTOCOL, __version__, self._holder, self._mark)
        hello = await session.greet(greeting)
        if hello is None:
            return
        session.window = replace(hello.window, pid=pid, since=time.time())
        self._sessions[number] = session
        try:
            if self._status is not None:
                session.publish(self._status)
            await session.serve()
        finally:
            del self._sessions[number]


def _remove(path: Path, inode: int) -> None:
    """Remove our socket, unless another engine has replaced it."""
    try:
        if path.stat().st_ino == inode:
            path.unlink()
    except FileNotFoundError:
        return
