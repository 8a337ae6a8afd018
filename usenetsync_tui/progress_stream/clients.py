"""The clients of ``/progress``: each gets the newest state, none a backlog.

A message goes only to clients whose earlier messages have left this process. Whoever does not read
costs at most one message here and what the kernel holds, and is dropped after a while.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from contextlib import suppress

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed

MOST_CLIENTS = 256
_MOST_OPEN = MOST_CLIENTS + 64
"""Connections in all: those that ask for metrics, or have not asked for anything yet, too."""
_PATIENCE = 20.0
"""Seconds that a message may wait for a client to read."""
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
        ready = []
        for connection, follower in self._followers.items():
            transport = connection.transport
            if transport.get_write_buffer_size():
                if now - follower.took_at >= self._patience:
                    _reset(transport)
                continue
            follower.took_at = now
            if follower.number != number:
                follower.number = number
                ready.append(connection)
        broadcast(ready, message, text=True)

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
        self.took_at = time.monotonic()
        """When all its messages had left, in monotonic seconds."""
