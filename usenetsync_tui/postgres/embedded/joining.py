"""Connects to a running server as soon as it accepts, or raises the reason why it cannot."""

from __future__ import annotations

import time

import psycopg

from usenetsync_tui.errors import DatabaseHeldError, DatabaseStartError
from usenetsync_tui.model.backoff import growing
from usenetsync_tui.postgres.embedded import cluster
from usenetsync_tui.postgres.embedded.postmaster import (
    LOOK_AGAIN,
    SAY_SO_EVERY,
    SHUTTING_DOWN,
    OnWait,
    Postmaster,
)

_PAUSE = growing(LOOK_AGAIN, factor=1.3, longest=0.5)
"""Between two tries: each refusal is a line in the server's log."""

_SILENCE = 60.0
"""Seconds without a sign of life after which we stop waiting."""

_SILENCE_ELSEWHERE = 10.0
"""The same for a server in another container, whose socket we may never see."""

_SILENCE_WITHOUT_SOCKET = 3.0
"""The same for a ready server whose socket is gone."""

_STUCK = 15.0
"""Seconds: longer than the server needs to end its processes before it recovers."""

# Starting up, in recovery, shutting down; or about to.
_SIGNS_OF_LIFE = ("the database system is", "terminating connection")
_REMAINS = "Waiting for the processes of the killed database to end."


class SocketLostError(DatabaseStartError):
    """The embedded PostgreSQL runs, but its socket was removed."""


def join(
    postmaster: Postmaster, conninfo: str, on_wait: OnWait | None
) -> psycopg.Connection | None:
    """A connection to the running server; None when it has ended.

    Waits for a server that starts, recovers or shuts down, and for the last processes of a
    killed one; ends one that does not recover. Calls ``on_wait`` each second with the reason
    for the wait. Raises ``SocketLostError``, ``DatabaseHeldError`` when we cannot reach it, and
    ``DatabaseStartError`` when it refuses the connection or is silent for a minute.
    """
    began = heard = said = recovering = time.monotonic()
    polls = 0
    while postmaster.is_alive():
        words = SHUTTING_DOWN
        if postmaster.is_stopping():
            postmaster.hurry(began)
        elif postmaster.listener() is None:
            words = f"{postmaster.socket} does not answer."
        else:
            try:
                return _connection(postmaster, conninfo)
            except psycopg.OperationalError as error:
                words = str(error).strip()
        now = time.monotonic()
        if not postmaster.is_stuck():
            recovering = now
        elif now - recovering > _STUCK:
            postmaster.give_up()
        if _shows_life(postmaster, words):
            heard = now
        elif postmaster.is_alive():
            _end_of_patience(postmaster, words, silence=now - heard)
        if on_wait is not None and now - said > SAY_SO_EVERY:
            said = now
            on_wait(_what_for(postmaster, words))
        time.sleep(_PAUSE(polls := polls + 1))
    return None


def _connection(postmaster: Postmaster, conninfo: str) -> psycopg.Connection:
    conn = psycopg.connect(conninfo, autocommit=True, connect_timeout=10)
    try:
        # The path may lead to another server: the folder was moved, or /tmp is shared.
        found = conn.execute("SELECT pg_read_binary_file(%s, 0, %s)", cluster.IDENTITY).fetchone()
        if found != (cluster.identity(postmaster.paths.pgdata),):
            raise DatabaseStartError(
                f"The server at {postmaster.socket} uses another data folder than "
                f"{postmaster.paths.pgdata}. Stop that server first.",
                whole=True,
            )
    except BaseException:
        conn.close()
        raise
    return conn


def _shows_life(postmaster: Postmaster, words: str) -> bool:
    if any(sign in words for sign in _SIGNS_OF_LIFE):
        return True
    return postmaster.is_stopping() and _is_whole_server(postmaster)


def _end_of_patience(postmaster: Postmaster, words: str, *, silence: float) -> None:
    """Raise the error that ends the wait, if it is time."""
    if "FATAL:" in words:
        words = f"The embedded PostgreSQL runs, but refused the connection: {words}"
        raise DatabaseStartError(words, whole=True)
    silent = postmaster.listener() is None
    if silent and postmaster.is_elsewhere() and silence > _SILENCE_ELSEWHERE:
        raise DatabaseHeldError(
            f"{postmaster.held_by()} It cannot be reached here through {postmaster.socket}. "
            "Run this command where the server runs, or stop that server first."
        )
    if silent and postmaster.pid() and postmaster.is_ready() and silence > _SILENCE_WITHOUT_SOCKET:
        raise SocketLostError(
            f"{postmaster.socket} is missing, or its folder does not have mode 0700 and the "
            "server's user. Stop the programs that use the database, and try again."
        )
    if silence > _SILENCE and _is_whole_server(postmaster):
        words = f"The embedded PostgreSQL runs, but does not answer: {words}"
        raise DatabaseStartError(words, whole=True)
    if silence > _SILENCE:
        raise DatabaseHeldError(
            f"{postmaster.held_by()} It was killed, but some of its processes still run."
        )


def _is_whole_server(postmaster: Postmaster) -> bool:
    """Whether the server runs, not only stray processes of a killed one."""
    return postmaster.pid() is not None or postmaster.listener() is not None


def _what_for(postmaster: Postmaster, words: str) -> str:
    where = f" {postmaster.held_by()}" if postmaster.is_elsewhere() else ""
    if _is_whole_server(postmaster):
        return words.rpartition("FATAL:")[2].strip() + where
    return f"Waiting.{where}" if where else _REMAINS
