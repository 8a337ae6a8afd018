"""The clients of ``/progress``: each gets the newest state, none a backlog.

A client shows that it reads by answering pings (RFC 6455, section 5.5.2), which every library does
by itself. Its first message, and each eighth from then on, brings a ping; until that is
answered, the client is sent nothing more. Whoever does not read costs one message, and is dropped
after a while. A message is encoded once for all.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from contextlib import suppress

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import State

MOST_CLIENTS = 256
_MOST_OPEN = MOST_CLIENTS + 64
"""Connections in all: those that ask for metrics, or have not asked for anything yet, too."""
_AHEAD = 8
"""Messages that a client may be sent before it must have read an earlier one."""
_PATIENCE = 30.0
"""Seconds that a message may wait for a client to read."""
_QUIET = 30.0
"""Seconds without a message after which a client must show that it is there."""
_PING = Frame(Opcode.PING, b"").serialize(mask=False)
_NO_LINGERING = struct.pack("ii", 1, 0)
_POLICY = 1008
"""Close code "policy violation" (RFC 6455, section 7.4.1)."""


class Clients:
    """All connections, and who of them follows the progress."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._open: set[asyncio.BaseTransport] = set()
        self._followers: dict[ServerConnection, _Follower] = {}

    @property
    def has_room(self) -> bool:
        """Whether one more may follow."""
        return len(self._followers) < MOST_CLIENTS

    @property
    def is_any(self) -> bool:
        """Whether a client follows: else no message is needed."""
        return bool(self._followers)

    async def follow(self, connection: ServerConnection) -> None:
        """Keep a client until it leaves; one that sends anything is disconnected."""
        self._followers[connection] = _Follower()
        try:
            with suppress(ConnectionClosed):
                await connection.recv()
                await connection.close(_POLICY, "read-only")
        finally:
            del self._followers[connection]

    def send(self, message: bytes, number: int, now: float) -> None:
        """Send the newest state, with its number, to each that can take it. Never waits.

        `now`: monotonic seconds.
        """
        frame = Frame(Opcode.TEXT, message).serialize(mask=False)
        with_ping = frame + _PING
        for connection, follower in self._followers.items():
            transport = connection.transport
            if not follower.ahead or transport.get_write_buffer_size():
                if now - follower.took_at >= self._patience:
                    _reset(transport)
                continue
            follower.took_at = now
            if connection.state is not State.OPEN:
                continue
            if follower.number != number:
                follower.number, follower.sent_at = number, now
                follower.ahead -= 1
                transport.write(frame if follower.ahead else with_ping)
            elif now - follower.sent_at >= _QUIET:
                follower.sent_at, follower.ahead = now, 0
                transport.write(_PING)

    def answered(self, connection: ServerConnection) -> None:
        """A client has answered a ping: it has read all that was sent before."""
        follower = self._followers.get(connection)
        if follower is not None:
            follower.ahead = _AHEAD

    def opened(self, transport: asyncio.Transport) -> None:
        """Remember a connection; one too many is closed at once."""
        if len(self._open) >= _MOST_OPEN:
            _reset(transport)
        self._open.add(transport)

    def closed(self, transport: asyncio.BaseTransport) -> None:
        """Forget it."""
        self._open.discard(transport)


def _reset(transport: asyncio.Transport) -> None:
    """End a connection at once; the kernel forgets what its client has not read."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
    transport.abort()


class _Follower:
    """What a client has had."""

    def __init__(self) -> None:
        self.number = 0
        """The state it got last."""
        self.ahead = 1
        """Messages that it may be sent before it answers a ping."""
        self.sent_at = self.took_at = time.monotonic()
        """When it was sent something last, and when it could take more, in monotonic seconds."""
