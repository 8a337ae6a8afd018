"""Whether the database keeps silent: connections that know how long they wait for an answer.

Knows statements under way and seconds. Refuses to know what is asked, and who waits for it.

A database may fall silent without a connection being lost: its machine is paused, its disk hangs,
the network between swallows everything. Nothing is known then but that no answer comes; so nothing
is given up, and whoever waits says so, and can be stopped.
"""

from __future__ import annotations

import itertools
import time
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
        self._numbers = itertools.count()
        self._begun: dict[int, float] = {}
        self._answered_at = 0.0

    def begin(self) -> int:
        """An answer is waited for."""
        number = next(self._numbers)
        self._begun[number] = time.monotonic()
        return number

    def end(self, number: int) -> None:
        """It came, or nobody waits for it any more."""
        del self._begun[number]
        self._answered_at = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since when nothing came at all, though something is waited for; 0 while nothing is."""
        if not self._begun:
            return 0.0
        return time.monotonic() - max(min(self._begun.values()), self._answered_at)

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
        number = silence.begin()
        try:
            return await super().wait(gen, interval, timeout)
        finally:
            silence.end(number)


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
