"""Objects, their segments, and the articles that carry them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from enum import IntEnum
from typing import Protocol

from usenetsync_tui.model.value_object import value_object

SEGMENT_SIZE = 768_000
"""Default length of a segment in bytes."""

LARGEST_PAYLOAD = (10 << 20) - (64 << 10)
"""The most bytes that a Usenet article can carry and that we can always decode: 10,420,224.

sabctools, which decodes yEnc, holds at most 10 MiB of an article, and some of its versions (9.0 to
9.3) need room for another 64 KiB while they search for the end. We could post a larger article,
but that library, and so we, could not read it again.
"""

PACK_LIMIT = 50_000
"""Files up to this many bytes are packed."""


class ObjectKind(IntEnum):
    """What an object holds."""

    FILE = 0
    PACK = 1
    INDEX = 2
    """A page or root of the folder's index: one segment, whose bytes are in the catalogue."""


class Codec(IntEnum):
    """How a segment's bytes are compressed in its article."""

    NONE = 0
    LZ4 = 1
    LZMA = 2


CODECS = {int(codec): codec for codec in Codec}
"""By number: for what is done for each article, since `Codec(number)` takes four times as long."""


class SegmentStatus(IntEnum):
    """The state of one copy of a segment in the ledger."""

    PLANNED = 0
    """In the catalogue; its bytes are not under way."""
    SENDING = 1
    """Its bytes may be under way; at start-up this state is ambiguous."""
    POSTED = 2
    VERIFIED = 3
    MISSING = 4
    """Posted, but no longer in the store: to be posted again."""
    FAILED = 5
    """Given up after its retries; the row has the store's words."""
    STALE = 6
    """Its source changed before it was posted; nothing refers to it any more."""

    @property
    def is_there(self) -> bool:
        """Whether the store has said that it holds the article."""
        return self in (SegmentStatus.POSTED, SegmentStatus.VERIFIED)


STATUSES = {int(status): status for status in SegmentStatus}
"""By number, as `CODECS`."""


@value_object
class Part:
    """Where the bytes of a `plain` article belong: what its subject and yEnc lines say."""

    path: bytes
    """Of the file, inside its folder."""
    number: int
    """From 1."""
    total: int
    begin: int
    """Offset of the first byte in the file, from 0."""
    file_size: int


class Bytes(Protocol):
    """Bytes, or what makes them when somebody needs them."""

    def __len__(self) -> int: ...

    def __bytes__(self) -> bytes: ...


class SharedMemory(Protocol):
    """Memory that other processes can map."""

    @property
    def descriptor(self) -> int:
        """Of the memory, for a process that is to map it."""

    def when_gone(self, call: Callable[[], None]) -> None:
        """Call this, in any thread, when nobody holds the memory any more."""


@value_object
class Encoded:
    """A payload as it leaves, in yEnc, made before the article that carries it was planned."""

    lines: memoryview
    """Keep this view itself while a part of it is in use: its memory is used again after it."""
    crc: int
    size: int
    """Bytes before they were encoded."""
    nonce: bytes | None
    """What sealed it; None: it is not sealed."""
    memory: SharedMemory | None = field(default=None, repr=False, compare=False)
    """Holds the lines, from the offset on; None: only this process has them."""
    offset: int = 0


@value_object
class Article:
    """One posted copy of a segment, as a store takes it."""

    message_id: bytes
    """Our own 128 bits."""
    payload: Bytes
    part: Part | None = None
    """Only in a `plain` realm."""
    redundancy: int = 0
    spread: int | None = None
    """The copies of a segment have the same number here, by which a store with several servers
    puts them on different ones; None where there is one copy."""
    again: bool = False
    """It may have been sent before: a store that knows its Message-ID has it."""
    by_body: bool = False
    """Servers said that they have it when they could not deliver its bytes: the store does not
    trust STAT for it."""
    seal: Callable[[bytes], bytes] | None = field(default=None, repr=False, compare=False)
    """Encrypts the payload before it leaves, the same way each time; None: no encryption."""
    encoded: Encoded | None = field(default=None, repr=False, compare=False)
    """The same as `leaving` makes, in yEnc, if it was made already."""

    def leaving(self) -> bytes:
        """The payload as it leaves. Sealing blocks, so stores call this in a thread."""
        payload = bytes(self.payload)
        return payload if self.seal is None else self.seal(payload)


@value_object
class Receipt:
    """A store's acknowledgement."""

    server: str = ""
    """The server that took it; empty in a store without servers."""
    wire_size: int = 0
    """Bytes of the article as it was posted, headers included; 0 where there is no wire."""
    headers: int | None = None
    """The headers it was posted with: `Realm.headers`, or 0 if that is None; None: not known."""


@value_object
class Segment:
    """One copy of a slice of an object, as the ledger has it."""

    object_id: int
    index: int
    redundancy: int
    size: int
    """Bytes of the source."""
    hash: bytes
    """The digest of the source bytes, by the hash function of its realm."""
    codec: Codec
    payload_size: int
    message_id: bytes
    status: SegmentStatus
    tries: int = 0
    error: str | None = None
    realm_id: int = 0
    reposts: int = 0
    """How often it was posted again because it was missing."""
    nonce: bytes | None = None
    """The nonce that seals it: committed when it is planned, never used twice."""
    by_body: bool = False
    """Only its bytes prove that the store has it."""
    headers: int | None = None
    """The headers it is posted with: `Realm.headers`."""
