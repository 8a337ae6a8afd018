"""Columns of what only a few rows have: attributes of files, further names of articles.

Such a column holds n values, each of one row, rows ascending; a row may have several values::

    n              varint
    gaps           n varints   the row of the first value, counted from 0; then each one's row
                               minus the row before
    lengths        n varints   bytes of each value
    values                     one after the other
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.codec.index.varints import Cursor, write_varints
from usenetsync_tui.errors import IndexUnreadableError

SparseValue = tuple[int, bytes]
"""A row from 0, and its value."""


def write_sparse(values: Sequence[SparseValue]) -> bytes:
    """The column of some values, rows ascending; empty for none."""
    if not values:
        return b""
    rows = [row for row, _ in values]
    gaps = [now - then for now, then in zip(rows, [0, *rows], strict=False)]
    numbers = [len(values), *gaps, *[len(value) for _, value in values]]
    return write_varints(numbers) + b"".join([value for _, value in values])


def read_sparse(data: bytes, rows: int) -> list[SparseValue]:
    """The values of a column in a page of `rows` rows; `IndexUnreadableError`."""
    if not data:
        return []
    cursor = Cursor(data)
    count = cursor.varint()
    gaps, sizes = cursor.varints(count), cursor.varints(count)
    values, row = [], 0
    for gap, size in zip(gaps, sizes, strict=True):
        row += gap
        if row >= rows:
            raise IndexUnreadableError("An attribute belongs to a row that is not there.")
        values.append((row, cursor.take(size)))
    cursor.end()
    return values
