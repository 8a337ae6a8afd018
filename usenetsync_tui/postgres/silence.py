"""Whether the database keeps silent: connections that know how long they wait for an answer.

Knows statements under way and seconds. Refuses to know what is asked, and who waits for it.

A database may fall silent without a connection being lost: its machine is paused, its disk hangs,
the network between swallows everything. Nothing is known then but that no answer comes; so nothing
is given up, and whoever waits says so, and can be stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from usenetsync_tui.model.waiting import Waiting

_RV = TypeVar("_RV")

_WORTH_A_WORD = 2.0
"""Seconds: statements take less than that where all is well."""


class Silence:
    """The waits for answers of some connections. Used on one event loop."""

    def __init__(self) -> None:
        self._waiting = 0
        self._since: float | None = None
        """When the first statement was sent that was not answered, nor any after it."""

    @contextmanager
    def broken_by_an_answer(self) -> Iterator[None]:
        """Around the wait for an answer. An error is one; a wait that was given up has none."""
        self._waiting += 1
        if self._since is None:
            self._since = time.monotonic()
        try:
            yield
        except Exception:
            self._answered()
            raise
        else:
            self._answered()
        finally:
            self._waiting -= 1

    def _answered(self) -> None:
        self._since = time.monotonic() if self._waiting > 1 else None

    @property
    def seconds(self) -> float:
        """Since when nothing came at all, though something is waited for; 0 while nothing is."""
        if not self._waiting or self._since is None:
            return 0.0
        return time.monotonic() - self._since

    def waiting(self) -> Waiting | None:
        """The reason to wait, once it has lasted for a while."""
        seconds = self.seconds
        if seconds < _WORTH_A_WORD:
            return None
        return Waiting("waiting for the database: no answer yet", seconds, ", for")


class HeardConnection(psycopg.AsyncConnection[TupleRow]):
    """A connection that tells a `Silence` when it waits."""

    silence: Silence | None = None
    """None: it may wait as long as it likes."""

    async def wait(
        self,
        gen: PQGen[_RV],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's own
    ) -> _RV:
        """Whatever waits for the server does it here."""
        silence = self.silence
        if silence is None:
            return await super().wait(gen, interval, timeout)
        with silence.broken_by_an_answer():
            return await super().wait(gen, interval, timeout)


class PatientPool(AsyncConnectionPool[HeardConnection]):
    """A pool that does not give up a database which is silent and not gone.

    `AsyncConnectionPool` raises `PoolTimeout` to those who wait for a connection for too long,
    also when all of its connections wait for answers.
    """

    silence: Silence
    """Of its connections."""

    async def getconn(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's own
    ) -> HeardConnection:
        """A connection; `PoolTimeout` when none can be had, though answers come."""
        while True:
            try:
                return await super().getconn(timeout)
            except PoolTimeout:
                if self.silence.waiting() is None:
                    raise
