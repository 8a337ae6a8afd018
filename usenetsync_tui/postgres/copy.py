"""Bulk rows into a (staging) table by binary COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""Signature, no flags, no extension (PostgreSQL manual, COPY, binary format)."""
_END = b"\xff\xff"


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


async def copy_packed(
    conn: psycopg.AsyncConnection[TupleRow],
    statement: LiteralString,
    rows: Sequence[bytes | memoryview],
) -> None:
    """Write rows that are in the binary format already: each a count of columns (int16), and for
    each column its size (int32) and its bytes, or the size -1 for null.

    For rows whose columns are known beforehand: `copy_rows` adapts each value in Python.
    """
    async with conn.cursor() as cursor, cursor.copy(statement) as copy:
        await copy.write(b"".join((_BEGIN, *rows, _END)))
