"""A pool of connections, and the place where psycopg's errors become ours."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from usenetsync_tui.errors import DatabaseFullError, DatabaseUnavailableError, SettingsError
from usenetsync_tui.model.waiting import Waiting, Waits, WaitsFor
from usenetsync_tui.postgres.address import readable
from usenetsync_tui.postgres.redaction import redacted
from usenetsync_tui.postgres.silence import HeardConnection, PatientPool, Silence
from usenetsync_tui.threads import Threads

Pool = PatientPool

MOST_CONNECTIONS = 40
_PATIENCE = 15.0
_FRESH = 1.0
"""Seconds for which an answer shows that a connection is alive, if the server has not closed it."""
_A_MOMENT = 0.5
"""Seconds for threads to end, whose connections are closed."""
_REFUSED = "FATAL:"
"""In libpq's error text when a server answered, and refused the connection."""
_NAMELESS = "local user with ID"
"""libpq's error text when no user is given and /etc/passwd does not have the user id."""
ANSWER = Waiting("waiting for the database: it has not answered yet", what=WaitsFor.DATABASE)


@asynccontextmanager
async def open_pool(
    conninfo: str, *, max_size: int, application_name: str, waits: Waits | None = None
) -> AsyncIterator[Pool]:
    """A pool of at most ``max_size`` connections, open inside the block.

    Its connections are in autocommit mode: ``conn.transaction()`` begins a transaction. They send
    ``application_name`` (at most 63 bytes). The pool replaces a lost connection before it hands it
    out. Raises ``DatabaseUnavailableError`` when the server does not answer, ``SettingsError`` when
    ``conninfo`` cannot be read, and ``ValueError`` for a ``max_size`` outside 1 to 40. ``waits``
    announces a wait for the server. The pool waits forever for a server that falls silent.
    """
    waits = waits or Waits()
    if not 1 <= max_size <= MOST_CONNECTIONS:
        raise ValueError(f"max_size is {max_size}, and must be 1 to {MOST_CONNECTIONS}")
    full, silence = named_conninfo(conninfo, application_name), Silence()
    with mapped_errors():
        # The pool would retry and then not report why; one attempt of ours reports it.
        with waits.announced(ANSWER):
            await (await psycopg.AsyncConnection.connect(full)).close()
        pool = PatientPool(
            full,
            connection_class=HeardConnection,
            kwargs={"autocommit": True, "prepare_threshold": 5},
            min_size=1,
            max_size=max_size,
            open=False,
            configure=lambda conn: _configure(conn, silence),
            check=_check,
            name=application_name,
            timeout=_PATIENCE,
        )
        pool.silence, pool.threads = silence, Threads(max_size, "database")
    try:
        with mapped_errors(), waits.announced(ANSWER):
            await pool.open(wait=True, timeout=_PATIENCE)
        with waits.announced(silence.waiting):
            yield pool
    finally:
        await pool.close()
        pool.threads.close(_A_MOMENT)


def named_conninfo(conninfo: str, application_name: str) -> str:
    """``conninfo`` with our name and timeouts. Raises ``SettingsError``, without secrets."""
    given = readable(conninfo)
    if given is None:
        raise SettingsError(
            "The database's address (database_url, or USENETSYNC_DATABASE_URL) cannot be read. In "
            "postgresql://user:password@host:port/name write %40 for @ in a password, %2F for /."
        )
    ours: dict[str, str | int] = {"connect_timeout": 10, "keepalives_idle": 30}
    wanted = {key: value for key, value in ours.items() if key not in given}
    return make_conninfo(conninfo, application_name=application_name, **wanted)


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Turn psycopg's errors about a lost server into ``DatabaseUnavailableError``.

    A full disk is ``DatabaseFullError``: a retry would not help. An address without a necessary
    user name is a ``SettingsError``. Errors about the statement itself (a unique violation, a wrong
    column) pass unchanged.
    """
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise DatabaseFullError(redacted(str(error).strip())) from None
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        words = redacted(" ".join(str(error).split()) or type(error).__name__)
        # The cause may contain a password, which no traceback may show.
        if _NAMELESS in words:
            raise SettingsError(
                "The database's address (database_url, or USENETSYNC_DATABASE_URL) names no user, "
                f"and the user id {os.geteuid()} has no name on this machine. "
                "Write postgresql://user@host/name."
            ) from None
        if _REFUSED in words:
            words = f"The database refused the connection: {words}"
            raise DatabaseUnavailableError(words, whole=True) from None
        raise DatabaseUnavailableError(words) from None


async def _check(conn: HeardConnection) -> None:
    """Raise if the connection is lost; ask the server only if nothing else tells."""
    if not conn.answered_within(_FRESH):
        await AsyncConnectionPool.check_connection(conn)


async def _configure(conn: HeardConnection, silence: Silence) -> None:
    conn.silence = silence
    # The user's own server may have other defaults than the embedded one. Commits are lazy unless
    # a transaction asks for durability; a plan for an empty table must not survive its growth.
    await conn.execute(
        "SELECT set_config(name, value, false) FROM (VALUES ('jit', 'off'),"
        " ('client_min_messages', 'warning'), ('synchronous_commit', 'off'),"
        " ('plan_cache_mode', 'force_custom_plan')) AS ours (name, value)"
    )
