"""Bytes to and from a server: a TCP socket, with or without TLS, used by blocking threads.

Knows sockets, addresses and certificates. Refuses to know NNTP.

A plain socket blocks in the kernel, with the kernel's own timeouts: a whole article leaves in
one system call without the GIL. A TLS socket does not block: OpenSSL allows no reading beside
writing, so a lock is held around each call, and waiting is done outside of it.

`abort()` may come from any thread and frees whoever is blocked; `close()` only when nobody uses
the wire any more, since the number of a closed socket is soon somebody else's.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from usenetsync_tui.model.servers import Server
from usenetsync_tui.store.usenet.signals import Unreachable

_RECEIVE = 262_144
_CONNECT_TIMEOUT = 15.0
"""Seconds an address gets at most: the next one may answer."""

Buffers = Sequence[bytes | memoryview]


class Wire(Protocol):
    """Timeouts and broken connections are `OSError`; an empty receive is the end."""

    def send(self, buffers: Buffers) -> None: ...

    def receive(self) -> bytes: ...

    def abort(self) -> None: ...

    def close(self) -> None: ...


class PlainWire:
    """Without TLS."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        sock.setblocking(True)
        interval = struct.pack("ll", int(timeout), int(timeout % 1 * 1_000_000))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, interval)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, interval)
        self.socket = sock
        self._timeout = timeout

    def send(self, buffers: Buffers) -> None:
        """All of the buffers, uncopied."""
        left = [memoryview(buffer) for buffer in buffers if len(buffer)]
        while left:
            try:
                sent = self.socket.sendmsg(left)
            except BlockingIOError:
                raise _timed_out(self._timeout) from None
            while left and sent >= len(left[0]):
                sent -= len(left.pop(0))
            if left:
                left[0] = left[0][sent:]

    def receive(self) -> bytes:
        """What there is, at least a byte."""
        try:
            return self.socket.recv(_RECEIVE)
        except BlockingIOError:
            raise _timed_out(self._timeout) from None

    def abort(self) -> None:
        """Nothing goes through any more."""
        shut(self.socket)

    def close(self) -> None:
        """Give the socket back."""
        self.socket.close()


class TlsWire:
    """With TLS."""

    def __init__(self, sock: ssl.SSLSocket, timeout: float) -> None:
        sock.setblocking(False)
        self.socket = sock
        self._timeout = timeout
        self._lock = threading.Lock()

    def send(self, buffers: Buffers) -> None:
        """All of the buffers; one sender at a time."""
        for buffer in buffers:
            left = memoryview(buffer)
            while left:
                try:
                    with self._lock:
                        sent = self.socket.send(left)
                except ssl.SSLWantWriteError:
                    self._wait(select.POLLOUT)
                except ssl.SSLWantReadError:
                    self._wait(select.POLLIN)
                else:
                    left = left[sent:]

    def receive(self) -> bytes:
        """What there is, at least a byte; one reader at a time."""
        while True:
            try:
                with self._lock:
                    return self.socket.recv(_RECEIVE)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT)

    def abort(self) -> None:
        """Nothing goes through any more."""
        shut(self.socket)

    def close(self) -> None:
        """Give the socket back."""
        self.socket.close()

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self.socket.fileno(), event)
        if not poll.poll(self._timeout * 1_000):
            raise _timed_out(self._timeout)


def shut(sock: socket.socket) -> None:
    """Shut a socket down, so that every thread blocked on it comes back."""
    # SSLSocket's own shutdown() takes the TLS layer off first: a thread in the middle of
    # something would go on in plain text.
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


def resolve(server: Server) -> list[tuple[int, tuple[str | int | bytes, ...]]]:
    """(family, address) of everything the host's name stands for."""
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        words = f"The name {server.host} does not resolve: {_words(error)}"
        raise Unreachable(words) from error
    return [(family, address) for family, _, _, _, address in found]


def connect(server: Server, register: Callable[[socket.socket], None]) -> socket.socket:
    """A connected TCP socket. `register` hears of it first, so that it can be shut."""
    failure: OSError | None = None
    for family, address in resolve(server):
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # a family this machine does not speak
            failure = error
            continue
        try:
            sock.settimeout(min(server.timeout, _CONNECT_TIMEOUT))
            register(sock)
            sock.connect(address)
            _tune(sock)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    where = f"{server.host} port {server.port}"
    raise Unreachable(f"No connection to {where}: {_words(failure)}") from failure


def secure(
    sock: socket.socket,
    server: Server,
    context: ssl.SSLContext,
    register: Callable[[socket.socket], None],
) -> ssl.SSLSocket:
    """Put TLS on a connected socket, which is taken over; closed when that fails."""
    sock.settimeout(min(server.timeout, _CONNECT_TIMEOUT))
    try:
        tls = context.wrap_socket(sock, server_hostname=server.host, do_handshake_on_connect=False)
    except (OSError, ValueError) as error:
        sock.close()
        raise Unreachable(f"TLS with {server.host} failed: {_words(error)}") from error
    try:
        register(tls)
        tls.do_handshake()
    except ssl.SSLCertVerificationError as error:
        tls.close()
        words = f"The certificate of {server.host} is not to be trusted: {error.verify_message}"
        raise Unreachable(words, permanent=True) from error
    except OSError as error:
        tls.close()
        raise Unreachable(f"TLS with {server.host} failed: {_words(error)}") from error
    except BaseException:
        tls.close()
        raise
    return tls


def _tune(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):  # not on every system
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)


def _timed_out(timeout: float) -> TimeoutError:
    return TimeoutError(f"no answer for {timeout:g} seconds")


def _words(error: BaseException | None) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
