"""TLS between a conversation and its socket: what is sent is encrypted in memory first.

Knows certificates and TLS records. Refuses to know sockets (`wire`) and NNTP.

On a socket each record of 16 KiB is a system call, and wakes the peer; in memory (`ssl.MemoryBIO`)
OpenSSL encrypts half a megabyte in one call, which then leaves in another. It also means that a
thread may wait for bytes while another one sends: OpenSSL allows no reading while writing, but
neither touches the socket.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from typing import Protocol

from usenetsync_tui.store.usenet.connection.pace import Pace, timed_out
from usenetsync_tui.store.usenet.connection.signals import Unreachable, error_words
from usenetsync_tui.store.usenet.connection.wire import RECEIVE, Buffers, PlainWire

_ENCRYPT = 1 << 19
"""Encrypted bytes that are sent at once: the most that a connection keeps in memory besides the
article. Each piece takes turns with all other threads for Python's lock three times: in pieces of
64 KiB a posted gigabyte took about a quarter more CPU time."""


class TlsWire:
    """A wire over a wire. `negotiate` first."""

    def __init__(self, plain: PlainWire, context: ssl.SSLContext, host: str) -> None:
        """`ValueError` for a host that cannot be a name."""
        self._plain = plain
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._sending = threading.Lock()
        """Held while encrypted bytes are on their way to the socket: they leave in their order."""
        self._lock = threading.Lock()
        """Held while OpenSSL works; never while a thread waits for the server."""
        self.session = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def negotiate(self, seconds: float) -> None:
        """Do the handshake within `seconds` in all: a slow peer cannot extend it."""
        deadline = time.monotonic() + seconds
        try:
            while not self._shake_hands():
                self._flush(_left(deadline))
                self._take(self._plain.receive(_left(deadline)))
            self._flush(_left(deadline))
        except TimeoutError as late:
            raise timed_out(seconds) from late
        except ssl.SSLError:
            with contextlib.suppress(OSError):
                self._flush(_left(deadline))  # the alert that says why
            raise

    def _shake_hands(self) -> bool:
        try:
            self.session.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def send(self, buffers: Buffers, pace: Pace) -> None:
        """Send all buffers; one sender at a time."""
        with self._sending:
            for buffer in buffers:
                left = memoryview(buffer)
                while left:
                    with self._lock:
                        left = left[self.session.write(left[:_ENCRYPT]) :]
                    if self._outgoing.pending >= _ENCRYPT:
                        self._flush(pace)
            self._flush(pace)

    def _flush(self, pace: Pace) -> None:
        """Send what is encrypted, also what OpenSSL itself has to say. The caller holds `_sending`,
        unless it is the only thread."""
        while encrypted := self._outgoing.read():
            self._plain.send((encrypted,), pace)

    def receive(self, pace: Pace, most: int = RECEIVE) -> bytes:
        """Wait for data; returns at least a byte and at most `most`, or b"" at the end.

        One reader at a time.
        """
        while (data := self.read(most)) is None:
            if self._outgoing.pending and self._sending.acquire(blocking=False):
                # An answer of OpenSSL's own, such as a new key; else a sender takes it along.
                try:
                    self._flush(pace)
                finally:
                    self._sending.release()
            self._take(self._plain.receive(pace))
        return data

    def read(self, most: int) -> bytes | None:
        """What was taken already; None if more must come first, b"" at the end."""
        try:
            with self._lock:
                return self.session.read(most)
        except ssl.SSLWantReadError:
            return None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def take_arrived(self) -> None:
        """Take what has come, for `read`, without waiting."""
        if (encrypted := self._plain.arrived()) is not None:
            self._take(encrypted)

    def receive_into(self, room: memoryview, pace: Pace, *, fill: bool) -> int:
        """Wait for data; returns how many bytes came, 0 at the end. A record at a time."""
        data = self.receive(pace, len(room))
        room[: len(data)] = data
        return len(data)

    def _take(self, encrypted: bytes) -> None:
        with self._lock:
            if encrypted:
                self._incoming.write(encrypted)
            else:
                self._incoming.write_eof()

    def abort(self) -> None:
        """Stop all traffic and wake blocked threads."""
        self._plain.abort()

    def close(self) -> None:
        """Close the socket."""
        self._plain.close()


def _left(deadline: float) -> Pace:
    left = max(0.0, deadline - time.monotonic())
    return Pace(left, 0, left)


class TlsPeer(Protocol):
    """What TLS needs to know of a server; `model.servers.servers.Server` is one."""

    @property
    def host(self) -> str: ...

    @property
    def ca_file(self) -> str | None: ...

    @property
    def verify_tls(self) -> bool: ...


def tls_context(server: TlsPeer) -> ssl.SSLContext:
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
    plain: PlainWire, server: TlsPeer, context: ssl.SSLContext, *, seconds: float
) -> TlsWire:
    """Add TLS to a wire without it. `Unreachable`."""
    try:
        wire = TlsWire(plain, context, server.host)
        wire.negotiate(seconds)
    except ssl.SSLCertVerificationError as error:
        words = f"The certificate of {server.host} is not trusted: {error.verify_message}"
        raise Unreachable(words, permanent=True) from error
    except (OSError, ValueError) as error:
        raise Unreachable(f"TLS with {server.host} failed: {error_words(error)}") from error
    return wire
