"""The words that a shell completes from the catalogue: quickly, or none.

One connection, one question; starts no server, migrates nothing, waits for no lock.
"""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from usenetsync_tui.catalogue.session import load

_SQL = load(__package__, "completing.sql")
_MOST = 200
"""Most words to offer; a user reads no more."""


def folder_names(conninfo: str, begin: str) -> list[str]:
    """Folder names that begin with `begin`, in order; none when the database does not answer."""
    return [str(name) for name in _column(conninfo, "folder_names", {"begin": begin})]


def versions(conninfo: str, word: str, path: bytes) -> list[int]:
    """Finished versions of the folder of that name, path or id, the newest first."""
    return [int(str(v)) for v in _column(conninfo, "versions", {"word": word, "path": path})]


def _column(conninfo: str, query: str, values: Mapping[str, object]) -> list[object]:
    try:
        connection = psycopg.connect(
            conninfo,
            autocommit=True,
            connect_timeout=2,
            application_name="usenetsync completion",
        )
    except psycopg.Error:
        return []  # it does not run, or its address is wrong: nothing to complete
    with connection:
        try:
            rows = connection.execute(_SQL[query], {**values, "limit": _MOST}).fetchall()
        except psycopg.errors.UndefinedTable:
            return []  # no catalogue yet
    return [row[0] for row in rows]
