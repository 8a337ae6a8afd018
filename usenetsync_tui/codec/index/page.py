"""The page: a table of columns that stands alone, compressed and with a checksum.

All pages of the index, whatever they describe, have this form. Integers are varints (`varints`)
unless a length in bytes is given::

    magic         4 bytes   ``USIX``
    version       1 byte    1
    type          1 byte    1 files, 2 objects, 3 directory, 4 root (`PageType`)
    rows          varint    how many rows the table has
    columns       varint    how many columns follow; then for each of them, in ascending order
                            of tags:
      tag         varint    what the column is; each type of page has its own tags
      length      varint    2 × its length in bytes, plus 1 if it is stored and not compressed
    compressed    varint    bytes of the next field
    zlib stream             RFC 1950: all columns that are not stored, one after the other
    stored bytes            all columns that are stored, one after the other
    checksum      8 bytes   XXH3-64 (seed 0), big-endian, of everything before it

A column without bytes may be left out. **Extending it.** A reader skips a column with an even tag
that it does not know: it adds something. It refuses a page with an odd tag that it does not know:
without that column it would misunderstand the rest. A page of another version is refused.

Digests and Message-IDs are random bytes. They are stored, as compressing them would take
most of the time and save nothing.

Why zlib: of 65,000 made-up files, in pages of 9,000, a file takes 49.5 bytes with zlib 9 (31 of
them its digest), 49.6 with zstd 9 and 47.8 with zstd 19, which takes longer than zlib 9. Every
language has zlib.

**Limits**, so that a few hostile bytes cannot ask for much memory: the columns of a page have at
most `LARGEST_PAGE` bytes together (8 MiB), and it has at most `MOST_COLUMNS` (256) columns and
`MOST_ROWS` (65,536) rows.

The article of a page is the page sealed (`codec.sealing`, codec NONE) by the folder's index key.
The checksum tells a page that was damaged before it was sealed; the sealing tells all others.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from enum import IntEnum

import xxhash

from usenetsync_tui.codec.index.varints import Cursor, write_varints
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.value_object import value_object

LARGEST_PAGE = 8 << 20
"""The most bytes of all columns of a page together."""
MOST_ROWS = 1 << 16
MOST_COLUMNS = 256

_MAGIC = b"USIX"
_VERSION = 1
_CHECKSUM = 8
_LEVEL = 7
"""Of 200,000 made-up files, level 9 saves 0.1 % of the bytes and takes twice as long."""


class PageType(IntEnum):
    """What the rows of a page are."""

    FILES = 1
    OBJECTS = 2
    DIRECTORY = 3
    ROOT = 4


@value_object
class IndexPage:
    """A page that was read: its columns, not yet understood."""

    type: PageType
    rows: int
    columns: Mapping[int, bytes]

    def column(self, tag: int) -> bytes:
        """The bytes of a column; empty if the page does not have it."""
        return self.columns.get(tag, b"")

    def additions(self, known: Collection[int]) -> dict[int, bytes]:
        """The columns that are not among `known`; `IndexUnreadableError` if one must be known."""
        others = {tag: data for tag, data in self.columns.items() if tag not in known}
        if any(tag & 1 for tag in others):
            raise IndexUnreadableError("A newer UsenetSync made it: update this one.")
        return others


def write_page(
    page_type: PageType, rows: int, columns: Mapping[int, bytes], stored: Collection[int] = ()
) -> bytes:
    """A page of these columns, by tag; those of `stored` are not compressed.

    `ValueError` for more than a page may have.
    """
    if sum(map(len, columns.values())) > LARGEST_PAGE:
        raise ValueError("a page has too many bytes")
    if rows > MOST_ROWS or len(columns) > MOST_COLUMNS:
        raise ValueError("a page has too many rows or columns")
    present = [tag for tag in sorted(columns) if columns[tag]]
    head = [rows, len(present)]
    for tag in present:
        head += (tag, 2 * len(columns[tag]) + (tag in stored))
    packed = zlib.compress(b"".join([columns[t] for t in present if t not in stored]), _LEVEL)
    body = b"".join(
        (
            _MAGIC,
            bytes((_VERSION, page_type)),
            write_varints([*head, len(packed)]),
            packed,
            *[columns[tag] for tag in present if tag in stored],
        )
    )
    return body + xxhash.xxh3_64_digest(body)


def read_page(data: bytes, wanted: PageType) -> IndexPage:
    """The columns of a page; `IndexUnreadableError` for anything but a whole page of this type."""
    if len(data) < len(_MAGIC) + 2 + _CHECKSUM or not data.startswith(_MAGIC):
        raise IndexUnreadableError("It is not a page of an index.")
    if data[4] != _VERSION:
        raise IndexUnreadableError("A newer UsenetSync made it: update this one.")
    if xxhash.xxh3_64_digest(memoryview(data)[:-_CHECKSUM]) != data[-_CHECKSUM:]:
        raise IndexUnreadableError("Its checksum does not match.")
    if data[5] != wanted:
        raise IndexUnreadableError(f"It is a page of type {data[5]} instead of {int(wanted)}.")
    cursor = Cursor(data[:-_CHECKSUM], len(_MAGIC) + 2)
    rows, table = _table(cursor)
    packed = cursor.take(cursor.varint())
    columns = _unpacked(packed, [(tag, size) for tag, size, stored in table if not stored])
    for tag, size, stored in table:
        if stored:
            columns[tag] = cursor.take(size)
    cursor.end()
    return IndexPage(wanted, rows, columns)


def _table(cursor: Cursor) -> tuple[int, list[tuple[int, int, bool]]]:
    """The number of rows; then tag, length, and whether it is stored, of each column."""
    rows, count = cursor.varint(), cursor.varint()
    if count > MOST_COLUMNS or rows > MOST_ROWS:
        raise IndexUnreadableError(f"It claims {count} columns and {rows} rows.")
    table, before, total = [], -1, 0
    for _ in range(count):
        tag, length = cursor.varint(), cursor.varint()
        if tag <= before:
            raise IndexUnreadableError("Its columns are out of order.")
        before, total = tag, total + (length >> 1)
        table.append((tag, length >> 1, bool(length & 1)))
    if total > LARGEST_PAGE:
        raise IndexUnreadableError(f"It claims {total} bytes, and may have {LARGEST_PAGE}.")
    return rows, table


def _unpacked(packed: bytes, table: list[tuple[int, int]]) -> dict[int, bytes]:
    total = sum(size for _, size in table)
    decoder = zlib.decompressobj()
    try:
        plain = decoder.decompress(packed, total + 1)
    except zlib.error as error:
        raise IndexUnreadableError(f"It does not decompress ({error}).") from error
    if len(plain) != total or not decoder.eof or decoder.unused_data or decoder.unconsumed_tail:
        raise IndexUnreadableError("It does not decompress to the bytes that it claims.")
    columns, at = {}, 0
    for tag, size in table:
        columns[tag] = plain[at : at + size]
        at += size
    return columns
