"""One engine per catalogue: an advisory lock on a connection of its own.

The server releases the lock with the connection, so a killed engine never leaves it behind. An
engine that loses the connection has lost the lock, and must stop.

A killed engine has more connections than that one, and the server may still carry out, and commit,
what they were sent. So an engine that takes the lock first ends the sessions of dead programs.
"""

from __future__ import annotations

import os
import re
import socket
from types import TracebackType

import anyio
import psycopg
from psycopg.rows import TupleRow

from usenetsync_tui.errors import CatalogueHeldError
from usenetsync_tui.model.waiting import Waiting, Waits, WaitsFor
from usenetsync_tui.postgres.pool import ANSWER, mapped_errors, named_conninfo
from usenetsync_tui.postgres.queries import load_queries
from usenetsync_tui.postgres.silence import HeardConnection, Silence

_QUERIES = load_queries(__package__, "lock.sql")
KEY = int.from_bytes(b"usync:en")
"""The advisory lock, in each database that holds a catalogue."""
_POLL_SECONDS = 0.1
SHORTEST_PATIENCE = 2.0
"""Seconds: longer than the server needs to notice that the previous engine was killed."""
_PID = re.compile(r"pid [0-9]+")
_PROCESS = re.compile(r"^usenetsync .* pid ([0-9]+) on (.+)$")


class EngineLock:
    """The right to be the engine of the catalogue at ``conninfo``, held inside ``async with``."""

    def __init__(
        self,
        conninfo: str,
        *,
        application_name: str,
        patience: float = SHORTEST_PATIENCE,
        waits: Waits | None = None,
    ) -> None:
        """``application_name`` is what others see (``usenetsync upload pid 7 host h``).

        ``patience`` is in seconds. The lock announces its wait in ``waits``.
        """
        self._waits = waits or Waits()
        self._conninfo = conninfo
        self._application_name = application_name
        self._patience = patience
        self._conn: HeardConnection | None = None

    async def __aenter__(self) -> EngineLock:
        """Take the lock.

        Raises ``CatalogueHeldError`` with the name of the holder, ``DatabaseUnavailableError``
        when the server does not answer.
        """
        address = named_conninfo(self._conninfo, self._application_name)
        with mapped_errors():
            with self._waits.announced(ANSWER):
                conn = await HeardConnection.connect(address, autocommit=True)
            try:
                conn.silence = silence = Silence()
                with self._waits.announced(silence.waiting):
                    await self._take(conn)
                    await _end_sessions_of_the_dead(conn)
            except BaseException:
                await conn.close()
                raise
        conn.silence = None  # from here on it hears that the connection is lost, or nothing
        self._conn = conn
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the lock."""
        conn, self._conn = self._conn, None
        if conn is not None:
            await conn.close()

    async def lost(self) -> None:
        """Return when the connection, and with it the lock, is lost; else wait forever."""
        if self._conn is None:
            return
        try:
            # No notification ever comes; this reads the socket and so notices a loss.
            async for _ in self._conn.notifies():
                pass
        except psycopg.OperationalError:
            return

    async def _take(self, conn: HeardConnection) -> None:
        deadline = anyio.current_time() + self._patience
        while True:
            taken = await (await conn.execute(_QUERIES["take"], (KEY,))).fetchone()
            if taken is not None and taken[0]:
                return
            holder = await (await conn.execute(_QUERIES["holder"], (KEY,))).fetchone()
            if anyio.current_time() >= deadline:
                raise CatalogueHeldError(_describe(holder))
            with self._waits.announced(_waiting_for(holder)):
                await anyio.sleep(_POLL_SECONDS)


async def _end_sessions_of_the_dead(conn: HeardConnection) -> None:
    """End the sessions of programs of this machine that are not running any more."""
    sessions = await (await conn.execute(_QUERIES["sessions"])).fetchall()
    dead = [session for session, name in sessions if _is_dead(name)]
    if dead:
        await conn.execute(_QUERIES["end"], (dead,))


def _is_dead(name: str) -> bool:
    """Whether a session's name tells a process of this machine that does not exist."""
    told = _PROCESS.search(name)
    if told is None or not socket.gethostname().startswith(told[2]):
        return False  # of another machine, or another container
    try:
        os.kill(int(told[1]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def _waiting_for(holder: TupleRow | None) -> Waiting:
    name = "another usenetsync"
    if holder is not None and (pid := _PID.search(holder[0])):
        name = f"{name} ({pid[0]})"
    return Waiting(f"waiting for {name}", what=WaitsFor.PROGRAM)


def _describe(holder: TupleRow | None) -> str:
    if holder is None:
        return "It has just started or ended; try again."
    name, address, since = holder
    place = f" from {address}" if address else ""
    return f"It is {name}{place}, since {since.astimezone():%Y-%m-%d %H:%M:%S}."
