"""Opens a TCP connection as RFC 8305 says: after 250 ms it tries the next address as well.

Knows sockets and proxies. Refuses to know names and which addresses worked before (`addresses`).
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from usenetsync_tui.model.servers.server_address import read_proxy
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.store.usenet.connection.addresses import GIVEN_UP, Address
from usenetsync_tui.store.usenet.connection.interruptible_calls import (
    GivenUpError,
    call_interruptibly,
)
from usenetsync_tui.store.usenet.connection.signals import Unreachable, error_words

ATTEMPT_DELAY = 0.25
"""Seconds until the next address is tried as well (section 8)."""

CONNECT_TIMEOUT = 15.0
"""Most seconds for one address."""

_STEP = 0.1
"""Seconds between a waiting thread's checks of `given_up`."""


@dataclass(slots=True)
class Race:
    """Attempts at several addresses: the first connection wins."""

    seconds: float
    """Time limit of each address."""
    given_up: Callable[[], bool]
    failures: dict[Address, str] = field(default_factory=dict)
    """Addresses that did not answer, with the system's error text."""
    _trying: dict[int, tuple[socket.socket, Address, float]] = field(default_factory=dict)

    def run(self, addresses: Sequence[Address]) -> tuple[socket.socket, Address] | None:
        """A connected socket and its address; None when no address answers.

        `Unreachable` when the caller gave up.
        """
        waiting = deque(addresses)
        next_at = 0.0
        try:
            while waiting or self._trying:
                if self.given_up():
                    raise Unreachable(GIVEN_UP)
                now = time.monotonic()
                if waiting and (now >= next_at or not self._trying):
                    self._start(waiting.popleft(), now)
                    next_at = now + ATTEMPT_DELAY
                    continue
                if (won := self._wait(min(_STEP, next_at - now) if waiting else _STEP)) is not None:
                    return won
            return None
        finally:
            for sock, _, _ in self._trying.values():
                sock.close()
            self._trying.clear()

    def _start(self, address: Address, now: float) -> None:
        try:
            sock = socket.socket(address.family, socket.SOCK_STREAM)
        except OSError as error:  # an address family that this machine does not support
            self.failures[address] = error_words(error)
            return
        self._trying[sock.fileno()] = (sock, address, now + self.seconds)
        sock.setblocking(False)
        try:
            sock.connect(address.target)
        except BlockingIOError:
            pass  # under way
        except OSError as error:
            self._drop(sock, address, error_words(error))

    def _wait(self, seconds: float) -> tuple[socket.socket, Address] | None:
        poll = select.poll()
        for number in self._trying:
            poll.register(number, select.POLLOUT)
        for number, _ in poll.poll(max(0.0, seconds) * 1_000):
            sock, address, _ = self._trying[number]
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                del self._trying[number]
                return sock, address
            self._drop(sock, address, os.strerror(code))
        now = time.monotonic()
        for sock, address, deadline in list(self._trying.values()):
            if now >= deadline:
                self._drop(sock, address, f"no answer for {self.seconds:g} seconds")
        return None

    def _drop(self, sock: socket.socket, address: Address, words: str) -> None:
        self._trying.pop(sock.fileno(), None)
        sock.close()
        self.failures[address] = words


def proxied(server: Server, *, seconds: float, given_up: Callable[[], bool]) -> socket.socket:
    """A connection through the server's SOCKS5 proxy (RFC 1928, 1929), which resolves the name.

    The library resolves the proxy's own name and tries its addresses one after the other.
    """
    # Imported here: only users with a proxy need the library.
    from python_socks import ProxyError, ProxyType
    from python_socks.sync import Proxy

    host, port = read_proxy(server.proxy)
    login = server.proxy_username or None
    password = str(server.proxy_password) if login else None
    proxy = Proxy(ProxyType.SOCKS5, host, port, username=login, password=password, rdns=True)
    try:
        return call_interruptibly(
            lambda: proxy.connect(server.host, server.port, timeout=seconds),
            seconds=2 * seconds,
            given_up=given_up,
            unwanted=socket.socket.close,
        )
    except GivenUpError:
        raise Unreachable(GIVEN_UP) from None
    except (ProxyError, OSError) as error:
        where = f"{server.host} port {server.port} through {server.proxy}"
        raise Unreachable(f"No connection to {where}: {error_words(error)}") from error


def tune(sock: socket.socket) -> None:
    """Turn off send delays, and turn on keep-alive, so that we notice a peer that vanishes."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):  # not on every system
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)
