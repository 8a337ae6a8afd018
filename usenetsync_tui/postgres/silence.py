"""Whether the database is silent: connections that know how long they wait for an answer.

Knows pending statements and seconds. Refuses to know the statements, and which task waits.

A database may fall silent without losing a connection: its machine is paused, its disk hangs, the
network drops everything. The program cannot tell these apart, so it gives nothing up; the waiting
task says that it waits, and the user can stop it.
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
"""Seconds of silence before it is shown: normal statements take less."""


class Silence:
    """The waits of some connections for answers. Used on one event loop."""

    def __init__(self) -> None:
        self._waiting = 0
        self._since: float | None = None
        """Since when no answer has come, though a statement waits; None while none waits."""

    @contextmanager
    def broken_by_an_answer(self) -> Iterator[None]:
        """Surrounds the wait for an answer. An error is an answer; a cancelled wait has none."""
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
        """Seconds without any answer while statements wait; 0 while none waits."""
        if not self._waiting or self._since is None:
            return 0.0
        return time.monotonic() - self._since

    def waiting(self) -> Waiting | None:
        """The wait to show, once the silence is long enough."""
        seconds = self.seconds
        if seconds < _WORTH_A_WORD:
            return None
        return Waiting("waiting for the database: no answer yet", seconds, ", for")


class HeardConnection(psycopg.AsyncConnection[TupleRow]):
    """A connection that tells a `Silence` when it waits."""

    silence: Silence | None = None
    """None: its waits are not recorded."""

    async def wait(
        self,
        gen: PQGen[_RV],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's own
    ) -> _RV:
        """Every wait for the server passes through here."""
        silence = self.silence
        if silence is None:
            return await super().wait(gen, interval, timeout)
        with silence.broken_by_an_answer():
            return await super().wait(gen, interval, timeout)


class PatientPool(AsyncConnectionPool[HeardConnection]):
    """A pool that does not give up a database that is silent but not gone.

    `AsyncConnectionPool` raises `PoolTimeout` when a task waits too long for a connection, even if
    all of its connections wait for answers.
    """

    silence: Silence
    """The silence of its connections."""

    async def getconn(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's own
    ) -> HeardConnection:
        """A connection; `PoolTimeout` when none is free although the database answers."""
        while True:
            try:
                return await super().getconn(timeout)
            except PoolTimeout:
                if self.silence.waiting() is None:
                    raise
