"""The file format of a backup of the catalogue.

A file is::

    "USYNCDB\\n"  format version(2)  frame…                     all numbers big-endian

    frame = kind(1)  size of payload(4)  payload

In this order: one HEAD; for each table one TABLE, then its DATA, then one ROWS; one SEQUENCES; one
END. Nothing follows END.

========= = =====================================================================================
HEAD      1 JSON: program, made_at, migrations (version, name, checksum of each), with_articles
TABLE     2 JSON: name, columns (name and type of each, in the order of the data)
DATA      3 size(4), then that many bytes as one LZ4 block: a piece of the table in PostgreSQL's
            binary COPY format; the pieces join without regard to rows
ROWS      4 number of rows(8)
SEQUENCES 5 JSON: name → last value
END       6 BLAKE3 (32 bytes) of all bytes before this frame
========= = =====================================================================================

A frame has at most 4 MiB, before and after decompression: a reader needs constant memory. A reader
uses nothing before it has seen END with the right digest. Refuses to know what the tables mean.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any

import lz4.block
from blake3 import blake3

from usenetsync_tui.errors import BackupUnusableError
from usenetsync_tui.model.value_object import value_object

MAGIC = b"USYNCDB\n"
FORMAT = 1
LARGEST = 4 << 20
PIECE = 1 << 20
"""Bytes of a table that are compressed together."""

_VERSION = struct.Struct(">H")
_FRAME = struct.Struct(">BI")
_SIZE = struct.Struct(">I")
_ROWS = struct.Struct(">Q")
_DIGEST = 32

Write = Callable[[bytes], object]
Read = Callable[[int], bytes]


class FrameKind(IntEnum):
    """The kinds of frames."""

    HEAD = 1
    TABLE = 2
    DATA = 3
    ROWS = 4
    SEQUENCES = 5
    END = 6


_AFTER: dict[FrameKind | None, tuple[FrameKind, ...]] = {
    None: (FrameKind.HEAD,),
    FrameKind.HEAD: (FrameKind.TABLE, FrameKind.SEQUENCES),
    FrameKind.TABLE: (FrameKind.DATA,),
    FrameKind.DATA: (FrameKind.DATA, FrameKind.ROWS),
    FrameKind.ROWS: (FrameKind.TABLE, FrameKind.SEQUENCES),
    FrameKind.SEQUENCES: (FrameKind.END,),
    FrameKind.END: (),
}
"""The kinds that may follow each kind."""


@value_object
class Frame:
    """One frame; `payload` is decompressed."""

    kind: FrameKind
    payload: bytes

    @property
    def rows(self) -> int:
        """The number in a ROWS frame."""
        if len(self.payload) != _ROWS.size:
            raise _damaged("a count of rows has the wrong size")
        return int(_ROWS.unpack(self.payload)[0])

    @property
    def fields(self) -> dict[str, Any]:
        """The object in a frame of JSON."""
        try:
            found = json.loads(self.payload)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise _damaged(f"its {self.kind.name} frame is not JSON")
        return found


class BackupWriter:
    """Writes a backup, frame by frame. Blocking."""

    def __init__(self, write: Write) -> None:
        """`write` gets each piece of the file."""
        self._write = write
        self._digest = blake3()
        self._pending = bytearray()
        self.size = 0
        """Bytes of the file so far."""
        self._put(MAGIC + _VERSION.pack(FORMAT))

    def fields(self, kind: FrameKind, **fields: object) -> None:
        """Write a frame of JSON."""
        self._frame(kind, json.dumps(fields).encode())

    def data(self, piece: bytes | bytearray | memoryview) -> None:
        """Write a piece of a table."""
        self._pending += piece
        while len(self._pending) >= PIECE:
            self._flush(PIECE)

    def end_table(self, rows: int) -> None:
        """End a table, which must have data: the binary format has a head even without rows."""
        self._flush(len(self._pending))
        self._frame(FrameKind.ROWS, _ROWS.pack(rows))

    def end(self) -> None:
        """End the file."""
        self._frame(FrameKind.END, self._digest.digest())

    def _flush(self, count: int) -> None:
        if count:
            part = bytes(self._pending[:count])
            del self._pending[:count]
            packed = lz4.block.compress(part, store_size=False)
            self._frame(FrameKind.DATA, _SIZE.pack(len(part)) + packed)

    def _frame(self, kind: FrameKind, payload: bytes) -> None:
        if len(payload) > LARGEST:
            raise ValueError(f"a {kind.name} frame of {len(payload)} bytes")
        self._put(_FRAME.pack(kind, len(payload)) + payload)

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self.size += len(data)
        self._write(data)


def frames(read: Read) -> Iterator[Frame]:
    """The frames of a backup, without END, which is compared. `BackupUnusableError`.

    Before the iteration ends without an error, nothing that it gave is proven. `read` returns up
    to so many bytes, and fewer only at the end of the file.
    """
    begin = read(len(MAGIC) + _VERSION.size)
    if not begin.startswith(MAGIC):
        raise BackupUnusableError("It is not a backup of a catalogue (usenetsync db backup).")
    if len(begin) < len(MAGIC) + _VERSION.size:
        raise _cut_short()
    (version,) = _VERSION.unpack(begin[len(MAGIC) :])
    if version != FORMAT:
        raise BackupUnusableError(
            f"Its format is {version}, and this program knows {FORMAT}. A newer UsenetSync made "
            "it, or it is damaged."
        )
    digest, before = blake3(begin), None
    while True:
        head = _exactly(read, _FRAME.size)
        number, size = _FRAME.unpack(head)
        if number not in {kind.value for kind in _AFTER[before]}:
            raise _damaged("a frame is out of place")
        if size > LARGEST:
            raise _damaged("a frame is too large")
        kind, payload = FrameKind(number), _exactly(read, size)
        if kind is FrameKind.END:
            if payload != digest.digest():
                raise _damaged("its checksum is wrong")
            if read(1):
                raise _damaged("bytes follow its end")
            return
        digest.update(head)
        digest.update(payload)
        yield Frame(kind, _unpacked(payload) if kind is FrameKind.DATA else payload)
        before = kind


def _exactly(read: Read, size: int) -> bytes:
    data = read(size)
    if len(data) < size:
        raise _cut_short()
    return data


def _unpacked(payload: bytes) -> bytes:
    if len(payload) < _SIZE.size:
        raise _damaged("a piece of a table is too short")
    (size,) = _SIZE.unpack_from(payload)
    if not 0 < size <= LARGEST:
        raise _damaged("a piece of a table is too large")
    try:
        data: bytes = lz4.block.decompress(payload[_SIZE.size :], uncompressed_size=size)
    except (lz4.block.LZ4BlockError, ValueError, MemoryError):
        raise _damaged("a piece of a table cannot be decompressed") from None
    if len(data) != size:
        raise _damaged("a piece of a table has another size")
    return data


def _damaged(why: str) -> BackupUnusableError:
    return BackupUnusableError(f"It is damaged: {why}.")


def _cut_short() -> BackupUnusableError:
    return BackupUnusableError("It is damaged: it ends in the middle.")
