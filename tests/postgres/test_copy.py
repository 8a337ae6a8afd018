"""Binary COPY of rows."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from usenetsync_tui.postgres.copy import copy_rows

pytestmark = pytest.mark.anyio

COPY = "COPY things (id, hash, path) FROM STDIN (FORMAT BINARY)"
TYPES = ("int8", "bytea", "bytea")


async def test_rows_arrive(empty_database: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
        await conn.execute("CREATE TABLE things (id bigint, hash bytea, path bytea)")
        rows = ((i, b"\0\xff" * 16, None if i % 2 else b"a/b") for i in range(2500))
        assert await copy_rows(conn, COPY, TYPES, rows) == 2500
        cursor = await conn.execute("SELECT count(*), count(path), min(hash) FROM things")
        assert await cursor.fetchone() == (2500, 1250, b"\0\xff" * 16)


async def test_a_failing_iterable_writes_nothing(empty_database: str) -> None:
    def rows() -> Iterator[tuple[int, bytes, bytes]]:
        for i in range(5000):
            yield i, b"h", b"p"
        raise RuntimeError("no more")

    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
        await conn.execute("CREATE TABLE things (id bigint, hash bytea, path bytea)")
        with pytest.raises(RuntimeError, match="no more"):
            await copy_rows(conn, COPY, TYPES, rows())
        cursor = await conn.execute("SELECT count(*) FROM things")
        assert await cursor.fetchone() == (0,)
