"""Rows of a test's database, while the product works on it."""

from __future__ import annotations

from typing import Any

import psycopg


class Rows:
    """Runs statements on one connection of its own, opened for the first of them.

    Each is committed by itself. A new connection would learn all tables again for each statement,
    which costs more than most statements.
    """

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def __call__(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a statement that has some to return."""
        if self._connection is None:
            self._connection = psycopg.connect(self.conninfo, autocommit=True, prepare_threshold=1)
        return list(self._connection.execute(sql.encode(), values).fetchall())

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
