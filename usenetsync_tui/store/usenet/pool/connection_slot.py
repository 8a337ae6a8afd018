"""A slot of a server: one connection at a time, opened when it is needed, and replaced when lost.

Knows when a connection can be used again. Refuses to know which task may have the slot (`slots`).
Used by the event loop only, except `ConnectionSlot.run`, which runs in a worker thread.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from usenetsync_tui.model.servers.servers import ConnectionStatus, Role
from usenetsync_tui.store.usenet.connection.addresses import GIVEN_UP
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.exchanges import Counts
from usenetsync_tui.store.usenet.connection.signals import Lost, Unreachable
from usenetsync_tui.store.usenet.pool.connection_maker import ConnectionMaker

T = TypeVar("T")

_ACTIVITY = {Role.POST: "posting", Role.VERIFY: "checking", Role.FETCH: "fetching"}


class ConnectionSlot:
    """Holds one connection at a time, opened when it is needed."""

    def __init__(self, maker: ConnectionMaker, number: int) -> None:
        self.number = number
        self.role: Role | None = None
        """The current use."""
        self.lanes = 0
        """How many tasks use it now; more than one only to fetch."""
        self.abandoned = 0
        """How many of these tasks were cancelled and still have a thread on it."""
        self.counts = Counts()
        self.connecting_since: float | None = None
        self._maker = maker
        self._connection: Connection | None = None
        self._opening = threading.Lock()
        self._given_up = False

    @property
    def is_open(self) -> bool:
        """Whether it has a usable connection."""
        return self._connection is not None and not self._connection.broken

    @property
    def silent_since(self) -> float | None:
        """Since when a thread waits for the server to connect or to answer; None when none waits.

        In seconds of `time.monotonic`.
        """
        if self.connecting_since is not None:
            return self.connecting_since
        return None if self._connection is None else self._connection.silent_since

    @property
    def connecting(self) -> bool:
        """Whether a connection is being opened."""
        return self.connecting_since is not None

    def run(self, work: Callable[[Connection], T]) -> T:
        """In a worker thread: do `work` on an open connection.

        If an older connection turns out to be lost before anything depended on it, `work` runs
        again on a new one: the server dropped it while it was idle.
        """
        connection, fresh = self._ready()
        try:
            return work(connection)
        except Lost as lost:
            if fresh or lost.began or self._given_up or not self.is_mine(connection):
                raise
        connection, _ = self._ready()
        return work(connection)

    def is_mine(self, connection: Connection) -> bool:
        """Whether no other lane has replaced the connection meanwhile."""
        return self._connection is connection

    def abandon(self) -> None:
        """A task that uses it was cancelled; when all were, wake the thread."""
        self.abandoned += 1
        if self.abandoned >= self.lanes:
            self.abort()

    def abort(self) -> None:
        """Wake the threads that are blocked on it."""
        self._given_up = True
        if self._connection is not None:
            self._connection.abort()

    def drop(self) -> None:
        """Close the connection; the next task opens another."""
        if self._connection is not None:
            self._connection.close()

    def quit(self) -> None:
        """Send QUIT and close the connection."""
        if self._connection is not None:
            self._connection.quit()

    def taken(self) -> None:
        """A new task begins to use the slot."""
        self._given_up = False

    def _ready(self) -> tuple[Connection, bool]:
        """(open connection, whether it is a new one)."""
        with self._opening:
            if self._connection is not None:
                if not self._connection.broken:
                    with contextlib.suppress(Lost):
                        if self.lanes == 1:
                            self._connection.probe()
                        if not self._moves():
                            return self._connection, False
                        self._connection.leave()
                self._connection.close()
            return self._open(), True

    def _moves(self) -> bool:
        """Whether to open it again, so that another process encrypts what is posted."""
        assert self._connection is not None
        return self.role is Role.POST and self._connection.belongs_elsewhere

    def _open(self) -> Connection:
        self._connection = self._maker.connection(self.counts)
        if self._given_up:
            raise Unreachable(GIVEN_UP)
        self.connecting_since = time.monotonic()
        try:
            self._connection.open(self._maker.tls_context())
        except BaseException:
            self.counts.errors += 1
            raise
        finally:
            self.connecting_since = None
        return self._connection

    def status(self) -> ConnectionStatus:
        """The connection's current state, for the screen."""
        state = "connecting" if self.connecting else _ACTIVITY[self.role] if self.role else "idle"
        counts = self.counts
        return ConnectionStatus(
            number=self.number,
            state=state,
            bytes=counts.bytes,
            articles=counts.articles,
            errors=counts.errors,
            latency=counts.latency,
        )
