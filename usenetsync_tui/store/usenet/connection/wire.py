"""Bytes to and from a server: a TCP socket, used by blocking threads.

Knows sockets. Refuses to know TLS (`tls_wire`), NNTP, and how to connect (`dialling`).

A socket blocks in the kernel, with the kernel's own timeouts: a whole article leaves in one system
call without the GIL. These timeouts are short: after each, the caller's `Pace` decides whether the
transfer is still fast enough.

Any thread may call `abort()`, which wakes blocked threads. Call `close()` only when no thread uses
the wire, since the system soon reuses the number of a closed socket.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from usenetsync_tui.store.usenet.connection.pace import Pace

RECEIVE = 262_144
"""Bytes to receive at once, at most."""
OF_LINES = 8_192
"""The same while a line is awaited: room for a few of them."""
CLOSED = "the server closed the connection"
"""What it means to receive nothing."""
_STEP = 0.25
"""Most seconds between a waiting thread's checks of its `Pace`."""

T = TypeVar("T", bytes, int)
Buffers = Sequence[bytes | memoryview]


class Wire(Protocol):
    """Timeouts and broken connections raise `OSError`; `receive` returns b"" at the end."""

    def send(self, buffers: Buffers, pace: Pace) -> None: ...

    def receive(self, pace: Pace, most: int = RECEIVE) -> bytes: ...

    def receive_into(self, room: memoryview, pace: Pace, *, fill: bool) -> int: ...

    def abort(self) -> None: ...

    def close(self) -> None: ...


class PlainWire:
    """The bytes as they are."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        sock.setblocking(True)
        step = _step(timeout)
        interval = struct.pack("ll", int(step), int(step % 1 * 1_000_000))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, interval)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, interval)
        self.socket = sock

    def send(self, buffers: Buffers, pace: Pace) -> None:
        """Send all buffers without copying them."""
        left = list(buffers)
        begun = time.monotonic()
        while left:
            try:
                sent = self.socket.sendmsg(left)
            except BlockingIOError:
                sent = 0
            now = time.monotonic()
            pace.moved(sent, now - begun)
            begun = now
            while left and sent >= len(left[0]):
                sent -= len(left.pop(0))
            if sent:
                left[0] = memoryview(left[0])[sent:]

    def receive(self, pace: Pace, most: int = RECEIVE) -> bytes:
        """Wait for data; returns at least a byte and at most `most`, or b"" at the end."""
        return self._waited(lambda: self.socket.recv(most), len, pace)

    def arrived(self) -> bytes | None:
        """What has come, without waiting; None: nothing has, b"": the end."""
        try:
            return self.socket.recv(RECEIVE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None

    def receive_into(self, room: memoryview, pace: Pace, *, fill: bool) -> int:
        """Wait for data; returns how many bytes came, 0 at the end.

        `fill`: preferably as many as there is room for, in one system call without the GIL; fewer
        when they do not come within `_STEP`.
        """
        flags = socket.MSG_WAITALL if fill else 0
        return self._waited(lambda: self.socket.recv_into(room, 0, flags), int, pace)

    def _waited(self, receive: Callable[[], T], count: Callable[[T], int], pace: Pace) -> T:
        begun = time.monotonic()
        while True:
            try:
                received = receive()
            except BlockingIOError:
                received = None
            now = time.monotonic()
            if received is not None:
                pace.moved(count(received) or 1, now - begun)
                return received
            pace.moved(0, now - begun)
            begun = now

    def abort(self) -> None:
        """Stop all traffic and wake blocked threads."""
        shut(self.socket)

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


def _step(timeout: float) -> float:
    return max(0.01, min(_STEP, timeout / 4))


def shut(sock: socket.socket) -> None:
    """Shut a socket down, so that every thread blocked on it comes back."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
