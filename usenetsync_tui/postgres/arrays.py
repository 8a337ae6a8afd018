"""Arrays as parameters of statements, in PostgreSQL's binary format.

Statements that write many rows take their columns as arrays. psycopg adapts a list value by value
in Python, which takes longer than the statement itself; these arrays are joined from bytes.
Write ``%(name)b::int8[]``: the statement's cast names the type. Source of the format:
``array_recv`` of PostgreSQL (src/backend/utils/adt/arrayfuncs.c); numbers are big-endian.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from usenetsync_tui.model.value_object import value_object

_HEAD = Struct(">iiIii")
"""Dimensions, whether there are nulls, the type of the elements, their number, the first index."""
_EMPTY = Struct(">iiI")
_SIZE = Struct(">i")
_NULL = _SIZE.pack(-1)
_BOOL, _BYTEA, _INT8, _INT2, _INT4 = 16, 17, 20, 21, 23
"""Object ids of types (pg_type.dat)."""


@value_object
class BinaryArray:
    """An array of one dimension, as it is sent."""

    data: bytes


class _ArrayDumper(Dumper):
    """Sends the bytes as they are; without a type, so the statement must cast them."""

    format = Format.BINARY

    def dump(self, obj: BinaryArray) -> bytes:
        """The bytes of the array."""
        return obj.data


psycopg.adapters.register_dumper(BinaryArray, _ArrayDumper)


def int8_array(values: Sequence[int | None]) -> BinaryArray:
    """An ``int8[]``. Raises ``struct.error`` for a number that needs more than 64 bits."""
    return _numbers(_INT8, Struct(">iq").pack, 8, values)


def int4_array(values: Sequence[int | None]) -> BinaryArray:
    """An ``int4[]``. Raises ``struct.error`` for a number that needs more than 32 bits."""
    return _numbers(_INT4, Struct(">ii").pack, 4, values)


def int2_array(values: Sequence[int | None]) -> BinaryArray:
    """An ``int2[]``. Raises ``struct.error`` for a number that needs more than 16 bits."""
    return _numbers(_INT2, Struct(">ih").pack, 2, values)


def bool_array(values: Sequence[bool]) -> BinaryArray:
    """A ``bool[]``."""
    return _array(_BOOL, lambda value: b"\0\0\0\1\1" if value else b"\0\0\0\1\0", values)


def bytea_array(values: Sequence[bytes | None]) -> BinaryArray:
    """A ``bytea[]``."""
    size = _SIZE.pack
    return _array(_BYTEA, lambda v: _NULL if v is None else size(len(v)) + v, values)


def _numbers(
    kind: int, pack: Callable[[int, int], bytes], size: int, values: Sequence[int | None]
) -> BinaryArray:
    return _array(kind, lambda v: _NULL if v is None else pack(size, v), values)


def _array(kind: int, element: Callable[[Any], bytes], values: Sequence[Any]) -> BinaryArray:
    """An array of elements that have their sizes before them: `element` makes them of values."""
    count = len(values)
    if not count:
        return BinaryArray(_EMPTY.pack(0, 0, kind))
    if values.count(values[0]) == count:  # as most columns of a batch are
        elements = element(values[0]) * count
    else:
        elements = b"".join([*map(element, values)])
    # The server finds the nulls itself: it only checks that the flag is 0 or 1.
    return BinaryArray(_HEAD.pack(1, 1, kind, count, 1) + elements)
