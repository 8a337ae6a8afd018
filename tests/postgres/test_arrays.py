"""Arrays that are sent as bytes arrive as the values they were made of."""

from __future__ import annotations

import struct

import psycopg
import pytest

from usenetsync_tui.postgres.arrays import (
    BinaryArray,
    bool_array,
    bytea_array,
    int2_array,
    int4_array,
    int8_array,
)

pytestmark = pytest.mark.anyio

ARRAYS: list[tuple[str, BinaryArray, list[object]]] = [
    ("int8", int8_array([0, -1, None, 2**63 - 1, -(2**63)]), [0, -1, None, 2**63 - 1, -(2**63)]),
    ("int8", int8_array([None]), [None]),
    ("int8", int8_array(()), []),
    ("int4", int4_array([7, None, -(2**31)]), [7, None, -(2**31)]),
    ("int2", int2_array([3, None, -32768]), [3, None, -32768]),
    ("bool", bool_array([True, False]), [True, False]),
    ("bytea", bytea_array([b"", None, b"\0\xff" * 3_000]), [b"", None, b"\0\xff" * 3_000]),
    ("bytea", bytea_array([]), []),
]


async def test_values_arrive(server: str) -> None:
    async with await psycopg.AsyncConnection.connect(server) as connection:
        for kind, array, values in ARRAYS:
            for _ in range(7):  # from the sixth on the statement is prepared
                cursor = await connection.execute(f"SELECT %(a)b::{kind}[]", {"a": array})
                assert await cursor.fetchone() == (values,)


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(struct.error):
        int2_array([40_000])
    with pytest.raises(struct.error):
        int8_array([2**63])
