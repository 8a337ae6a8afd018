"""Whether the database is silent: connections that know how long they wait for an answer.

Knows pending statements and seconds. Refuses to know the statements, and which task waits.

A database may fall silent without losing a connection: its machine is paused, its disk hangs, the
network drops everything. The program cannot tell these apart, so it gives nothing up; the waiting
task says that it waits, and the user can stop it.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from usenetsync_tui.model.waiting import Waiting, WaitsFor
from usenetsync_tui.postgres.in_thread import BlockingWaits, StoppedError, completed
from usenetsync_tui.threads import Threads

T = TypeVar("T")
_RV = TypeVar("_RV")

_WORTH_A_WORD = 2.0
"""Seconds of silence before it is shown: normal statements take less."""


class Silence:
    """The waits of some connections for answers, on the event loop and in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0
        self._since: float | None = None
        """Since when no answer has come, though a statement waits; None while none waits."""

    @contextmanager
    def broken_by_an_answer(self) -> Iterator[None]:
        """Surrounds the wait for an answer. An error is an answer; a cancelled wait has none."""
        with self._lock:
            self._waiting += 1
            if self._since is None:
                self._since = time.monotonic()
        answered = False
        try:
            yield
            answered = True
        except StoppedError:
            raise
        except Exception:
            answered = True
            raise
        finally:
            with self._lock:
                self._waiting -= 1
                if answered:
                    self._since = time.monotonic() if self._waiting else None

    @property
    def seconds(self) -> float:
        """Seconds without any answer while statements wait; 0 while none waits."""
        with self._lock:
            waiting, since = self._waiting, self._since
        return time.monotonic() - since if waiting and since is not None else 0.0

    def waiting(self) -> Waiting | None:
        """The wait to show, once the silence is long enough."""
        seconds = self.seconds
        if seconds < _WORTH_A_WORD:
            return None
        return Waiting(
            "waiting for the database: no answer yet",
            seconds,
            ", for",
            what=WaitsFor.DATABASE,
        )


class HeardConnection(psycopg.AsyncConnection[TupleRow]):
    """A connection that tells a `Silence` when it waits."""

    silence: Silence | None = None
    """None: its waits are not recorded."""
    _waits: BlockingWaits | None = None
    """How a thread waits that uses it now; None: it is used on the event loop."""
    _answered: float | None = None
    """When the server last answered (`time.monotonic`)."""

    def answered_within(self, seconds: float) -> bool:
        """Whether it needs no question to count as alive: the server answered so lately, and has
        neither closed it nor sent anything since. Costs no round trip."""
        if self._answered is None or time.monotonic() - self._answered > seconds:
            return False
        poll = select.poll()
        poll.register(self.pgconn.socket, select.POLLIN)
        return not poll.poll(0)

    async def run_in(self, threads: Threads, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of a coroutine of this connection's statements, run in a thread.

        When the task is cancelled, statements that are answered go on to the end of the coroutine;
        at a silence the connection is closed, and the server rolls back.
        """
        self._waits = waits = BlockingWaits()
        try:
            return await threads.run_to_end(lambda: completed(work()), waits.stop)
        finally:
            self._waits = None

    @property
    def is_stopped(self) -> bool:
        """Whether the task was cancelled for which a thread uses it now."""
        return self._waits is not None and self._waits.stopped

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
            if self._waits is None:
                result = await super().wait(gen, interval, timeout)
            else:
                try:
                    result = self._waits.wait(gen, self.pgconn.socket)
                except StoppedError:
                    self.pgconn.finish()
                    raise
        self._answered = time.monotonic()
        return result


class PatientPool(AsyncConnectionPool[HeardConnection]):
    """A pool that does not give up a database that is silent but not gone.

    `AsyncConnectionPool` raises `PoolTimeout` when a task waits too long for a connection, even if
    all of its connections wait for answers.
    """

    silence: Silence
    """The silence of its connections."""
    threads: Threads
    """Where transactions run that are no business of the event loop."""

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
