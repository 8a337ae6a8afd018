"""Bulk rows into a (staging) table by binary COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow


async def copy_rows(
    conn: psycopg.AsyncConnection[TupleRow],
    statement: LiteralString,
    types: Sequence[str],
    rows: Iterable[Sequence[object]],
) -> int:
    """Write ``rows`` with ``statement``; returns their number.

    ``statement`` is ``COPY table (columns) FROM STDIN (FORMAT BINARY)`` and ``types`` names the
    PostgreSQL type of each column: binary COPY converts nothing. ``rows`` is consumed while it is
    sent, so its length costs no memory. When a row or the iterable fails, no row is written.
    """
    written = 0
    async with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            await copy.write_row(row)
            written += 1
    return written
