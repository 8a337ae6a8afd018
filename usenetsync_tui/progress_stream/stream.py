"""Serves the progress, in a thread with an event loop of its own.

The engine publishes its status as an immutable value, so nothing here runs in its loop, and no
client can hold it up: what it costs is what this thread computes, twice a second at most.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AsyncExitStack, ExitStack, suppress
from functools import partial

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.servers.listen_address import ListenAddress
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.progress_stream import prometheus
from usenetsync_tui.progress_stream.clients import Clients
from usenetsync_tui.progress_stream.counters import Counters
from usenetsync_tui.progress_stream.figures import message
from usenetsync_tui.progress_stream.health import health
from usenetsync_tui.progress_stream.routes import Routes

_EVERY = 0.5
"""Seconds between two looks at the status."""
_KERNEL_BUFFER = 32 << 10
"""Bytes that the kernel holds for a client that does not read."""
_BACKLOG = 64
_MOST_INCOMING = 1024
"""Bytes of a message from a client, which ends its connection anyway."""
_HANDSHAKE = 10.0
_CLOSING = 1.0


class ProgressStream:
    """The server of one engine, or of the engines that follow each other in one process."""

    def __init__(
        self,
        status: Callable[[], EngineStatus],
        address: ListenAddress,
        *,
        token: Secret,
        names: tuple[str, ...] = (),
        remote: bool = False,
    ) -> None:
        """`status` returns the newest status; called from a thread.

        `names`: further host names of this machine. Without `remote`, ``localhost`` is bound only
        where it is a loopback address.
        """
        self._status, self._address, self._remote = status, address, remote
        self._names, self._token = names, token
        self._started: Future[tuple[ListenAddress, ...]] = Future()
        self._thread = threading.Thread(target=self._run, name="progress stream", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._latest = status()
        self._replaced_at = time.monotonic()
        self._counters = Counters()

    def start(self) -> tuple[ListenAddress, ...]:
        """Listen; returns the addresses. Blocks for some milliseconds. Raises ``OSError``."""
        self._thread.start()
        return self._started.result()

    def stop(self) -> None:
        """Close all connections, and end the thread. Blocks for a second at most."""
        if self._loop is not None and self._ending is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(2 * _CLOSING)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # `start` raises it
            if self._started.done():
                logging.getLogger(__name__).exception("the progress stream has ended")
            else:
                self._started.set_exception(error)

    async def _serve(self) -> None:
        clients = Clients()
        collected = prometheus.registry(lambda: self._latest, self._counters)
        routes = Routes(
            self._names,
            self._token,
            exposition=partial(prometheus.exposition, collected),
            health=lambda: health(self._latest, time.monotonic() - self._replaced_at),
            has_room=lambda: clients.has_room,
        )
        self._ending = asyncio.Event()
        async with AsyncExitStack() as stack:
            listening = _listening(self._address, remote=self._remote)
            for one in listening:
                await stack.enter_async_context(
                    serve(
                        clients.follow,
                        sock=one,
                        process_request=routes,
                        create_connection=_counted_by(clients),
                        compression=None,
                        server_header=None,
                        max_size=_MOST_INCOMING,
                        max_queue=1,
                        open_timeout=_HANDSHAKE,
                        close_timeout=_CLOSING,
                        ping_interval=None,  # `Clients` asks, with one clock for all
                        logger=_quiet_logger(),
                    )
                )
            self._loop = asyncio.get_running_loop()
            self._started.set_result(
                tuple(ListenAddress(*one.getsockname()[:2]) for one in listening)
            )
            await self._tick(clients, self._ending)

    async def _tick(self, clients: Clients, ending: asyncio.Event) -> None:
        number, sent = 0, b""
        while not ending.is_set():
            self._look()
            if clients.is_any:
                newest = message(self._latest, self._counters)
                if newest != sent:
                    number, sent = number + 1, newest
                clients.send(sent, number, time.monotonic())
            try:
                await asyncio.wait_for(ending.wait(), _EVERY)
            except TimeoutError:
                continue

    def _look(self) -> None:
        status, now = self._status(), time.monotonic()
        if status is not self._latest:
            self._latest, self._replaced_at = status, now
        self._counters.look(status, now)


def _counted_by(clients: Clients) -> type[ServerConnection]:
    """The class of connections that `clients` counts from their first byte on."""

    class Counted(ServerConnection):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            clients.opened(self.transport)

        def connection_lost(self, exc: Exception | None) -> None:
            clients.closed(self.transport)
            super().connection_lost(exc)

        def process_event(self, event: Event) -> None:
            if isinstance(event, Frame) and event.opcode is Opcode.PONG:
                clients.answered(self)
            super().process_event(event)

    return Counted


def _listening(address: ListenAddress, *, remote: bool) -> list[socket.socket]:
    """Sockets bound to all addresses of the host, of which one at least must be possible."""
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    places = {
        place: family
        for family, _, _, _, place in found
        if remote or ListenAddress(str(place[0]), address.port).is_loopback
    }
    if not places:
        raise OSError(errno.EADDRNOTAVAIL, "The host is not a loopback address")
    bound: list[socket.socket] = []
    problem: OSError | None = None
    with ExitStack() as stack:
        for place, family in places.items():
            try:
                bound.append(stack.enter_context(_bound(family, place)))
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                problem = error  # this machine has a name for it, but not the address
        if not bound and problem is not None:
            raise problem
        stack.pop_all()
    return bound


def _bound(family: int, place: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)  # accepted ones too
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(place)
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _quiet_logger() -> logging.Logger:
    """A logger for faults of ours: requests hold the token, and peers do what they like."""
    logger = logging.getLogger(f"{__name__}.requests")
    logger.setLevel(logging.ERROR)
    if not logger.filters:
        logger.addFilter(_is_ours)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (WebSocketException, OSError, EOFError, TimeoutError))
