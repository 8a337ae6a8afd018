"""Bytes to and from a server: a TCP socket, with or without TLS, used by blocking threads.

Knows sockets and certificates. Refuses to know NNTP, and how to connect (`dialling`).

A plain socket blocks in the kernel, with the kernel's own timeouts: a whole article leaves in
one system call without the GIL. These timeouts are short: after each, the caller's `Pace` decides
whether the transfer is still fast enough. A TLS socket does not block: OpenSSL allows no reading
while writing, so each call holds a lock, and waits outside of it.

Any thread may call `abort()`, which wakes blocked threads. Call `close()` only when no thread uses
the wire, since the system soon reuses the number of a closed socket.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from usenetsync_tui.model.servers import Server
from usenetsync_tui.store.usenet.connection.pace import Pace, timed_out
from usenetsync_tui.store.usenet.connection.signals import Unreachable, error_words

_RECEIVE = 262_144
_RECORDS = 16_384
"""Bytes of the longest TLS record (RFC 8446, 5.1)."""
_STEP = 1.0
"""Most seconds between a waiting thread's checks of its `Pace`."""

Buffers = Sequence[bytes | memoryview]


class Wire(Protocol):
    """Timeouts and broken connections raise `OSError`; `receive` returns b"" at the end."""

    def send(self, buffers: Buffers, pace: Pace) -> None: ...

    def receive(self, pace: Pace) -> bytes: ...

    def abort(self) -> None: ...

    def close(self) -> None: ...


class PlainWire:
    """Without TLS."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        sock.setblocking(True)
        step = _step(timeout)
        interval = struct.pack("ll", int(step), int(step % 1 * 1_000_000))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, interval)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, interval)
        self.socket = sock

    def send(self, buffers: Buffers, pace: Pace) -> None:
        """Send all buffers without copying them."""
        left = [memoryview(buffer) for buffer in buffers if len(buffer)]
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
            if left:
                left[0] = left[0][sent:]

    def receive(self, pace: Pace) -> bytes:
        """Wait for data; returns at least a byte, or b"" at the end."""
        begun = time.monotonic()
        while True:
            try:
                data = self.socket.recv(_RECEIVE)
            except BlockingIOError:
                data = None
            now = time.monotonic()
            if data is not None:
                pace.moved(len(data) or 1, now - begun)
                return data
            pace.moved(0, now - begun)
            begun = now

    def abort(self) -> None:
        """Stop all traffic and wake blocked threads."""
        shut(self.socket)

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class TlsWire:
    """With TLS."""

    def __init__(self, sock: ssl.SSLSocket, timeout: float) -> None:
        sock.setblocking(False)
        self.socket = sock
        self._step = _step(timeout)
        self._lock = threading.Lock()

    def send(self, buffers: Buffers, pace: Pace) -> None:
        """Send all buffers; one sender at a time."""
        for buffer in buffers:
            left = memoryview(buffer)
            begun = time.monotonic()
            while True:
                sent, event = self._send_some(left)
                left = left[sent:]
                if event:
                    self._wait(event)
                now = time.monotonic()
                pace.moved(sent, now - begun)
                begun = now
                if not left:
                    break

    def _send_some(self, left: memoryview) -> tuple[int, int]:
        """What the socket takes now, without waiting: (bytes, the event to wait for; 0: none).

        OpenSSL takes a record of 16 KiB at a time, so this loop turns 50 times for an article.
        """
        sent, size, send = 0, len(left), self.socket.send
        with self._lock:
            try:
                while sent < size:
                    sent += send(left[sent : sent + _RECORDS])
            except ssl.SSLWantWriteError:
                return sent, select.POLLOUT
            except ssl.SSLWantReadError:
                return sent, select.POLLIN
        return sent, 0

    def receive(self, pace: Pace) -> bytes:
        """Wait for data; returns at least a byte, or b"" at the end. One reader at a time."""
        begun = time.monotonic()
        while True:
            data = None
            try:
                with self._lock:
                    data = self.socket.recv(_RECEIVE)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT)
            now = time.monotonic()
            if data is not None:
                pace.moved(len(data) or 1, now - begun)
                return data
            pace.moved(0, now - begun)
            begun = now

    def abort(self) -> None:
        """Stop all traffic and wake blocked threads."""
        shut(self.socket)

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self.socket.fileno(), event)
        poll.poll(self._step * 1_000)


def _step(timeout: float) -> float:
    return max(0.01, min(_STEP, timeout / 4))


def shut(sock: socket.socket) -> None:
    """Shut a socket down, so that every thread blocked on it comes back."""
    # SSLSocket's own shutdown() removes the TLS layer first: a thread that is sending would
    # continue in plain text.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def tls_context(server: Server) -> ssl.SSLContext:
    """TLS 1.2 or newer; names verified unless switched off. `Unreachable` for a bad CA file."""
    try:
        context = ssl.create_default_context(cafile=server.ca_file)
    except (OSError, ssl.SSLError) as error:
        words = f"The CA file {server.ca_file} cannot be used: {error}"
        raise Unreachable(words, permanent=True) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not server.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def secure(
    sock: socket.socket,
    server: Server,
    context: ssl.SSLContext,
    register: Callable[[socket.socket], None],
    *,
    seconds: float,
) -> ssl.SSLSocket:
    """Add TLS to a connected socket; takes it over, and closes it when that fails."""
    sock.setblocking(False)
    try:
        tls = context.wrap_socket(sock, server_hostname=server.host, do_handshake_on_connect=False)
    except (OSError, ValueError) as error:
        sock.close()
        raise Unreachable(f"TLS with {server.host} failed: {error_words(error)}") from error
    try:
        register(tls)
        _shake_hands(tls, seconds)
    except ssl.SSLCertVerificationError as error:
        tls.close()
        words = f"The certificate of {server.host} is not trusted: {error.verify_message}"
        raise Unreachable(words, permanent=True) from error
    except OSError as error:
        tls.close()
        raise Unreachable(f"TLS with {server.host} failed: {error_words(error)}") from error
    except BaseException:
        tls.close()
        raise
    return tls


def _shake_hands(tls: ssl.SSLSocket, seconds: float) -> None:
    """Do the handshake within `seconds` in all: a slow peer cannot extend it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            tls.do_handshake()
            return
        except ssl.SSLWantReadError:
            event = select.POLLIN
        except ssl.SSLWantWriteError:
            event = select.POLLOUT
        left = deadline - time.monotonic()
        poll = select.poll()
        poll.register(tls.fileno(), event)
        if left <= 0 or not poll.poll(left * 1_000):
            raise timed_out(seconds)
