"""segments: the items that go from `read` to `plan`: slices of objects, and the ends of files.

A segment is prepared by its digest and its payload. Both computations release the GIL and run in
the call that read the bytes: passing 768,000 bytes to another thread would only add a hop. Only
dense compression takes long enough to justify a stage of its own.

Segments are not frozen, unlike the other items: there is one for each article, and a frozen object
takes three times as long to make.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.codec import compression
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.folders import Compression, Profile
from usenetsync_tui.model.segments import Bytes, Codec, Encoded
from usenetsync_tui.pipeline.run.job_run import JobRun


@dataclass(slots=True)
class SliceData:
    """The bytes of a slice that only its payload holds."""

    payload: Bytes
    codec: Codec
    size: int

    def __len__(self) -> int:
        return self.size

    def __bytes__(self) -> bytes:
        return compression.decompress(bytes(self.payload), self.codec, self.size)


@dataclass(slots=True)
class RawSegment:
    """A slice of an object as read from disk, and the object it belongs to."""

    object: NewObject
    index: int
    data: Bytes
    path: bytes
    """For the screen: the (first) file in it."""
    placed: tuple[Placed, ...] = ()
    """A pack's members."""
    seen: Entry | None = None
    """A large file as it was when it was opened."""
    has_past: bool = True
    """Whether the catalogue may have an article of this slice of its object or path."""
    hash: bytes = field(kw_only=True)
    """The one digest of its bytes, made by the reader."""
    size: int = field(kw_only=True)
    """How many bytes it has."""


@dataclass(frozen=True, slots=True)
class FileRead:
    """A large file was read to its end and is as the walk saw it."""

    object: NewObject
    placed: Placed
    known: int = 0
    """Slices that an earlier run planned and that are unchanged."""


@dataclass(frozen=True, slots=True)
class FileAbandoned:
    """A large file changed while it was read: its object will never be complete."""

    object: NewObject


@dataclass(frozen=True, slots=True)
class SlicesShared:
    """Some slices of a large file equal those of the object that held its earlier content."""

    object: NewObject
    seen: Entry
    """The file as it was when it was opened."""
    source: int
    """The object that has them."""
    first: int
    last: int
    """Exclusive."""


@dataclass(frozen=True, slots=True)
class FilesKnown:
    """Files for which nothing must be posted: they are empty or unchanged."""

    empty: tuple[Placed, ...] = ()
    kept: tuple[Placed, ...] = ()
    """The unchanged files, and where they lie already."""


@dataclass(slots=True)
class PreparedSegment:
    """A segment with its digest and payload."""

    raw: RawSegment
    codec: Codec
    payload: Bytes
    encoded: Encoded | None = None
    """The payload in yEnc, for the first article that carries it."""

    @property
    def data(self) -> Bytes:
        """The segment's own bytes."""
        return self.raw.data

    @property
    def hash(self) -> bytes:
        """Their digest."""
        return self.raw.hash

    @property
    def size(self) -> int:
        """How many they are."""
        return self.raw.size


Ending = FileRead | FileAbandoned | FilesKnown
"""Items that say that one file, or several, need no more reading in this pass."""
Segmented = RawSegment | PreparedSegment
PreparedItem = PreparedSegment | SlicesShared | Ending
ReadItem = RawSegment | PreparedItem


def wanted_compression(run: JobRun) -> Compression:
    """The folder's compression; none for `plain`, whose articles hold the file's own bytes."""
    plain = run.folder.realm.profile is Profile.PLAIN
    return Compression.NONE if plain else run.folder.compression


def prepare(raw: RawSegment, wanted: Compression) -> PreparedSegment:
    """Make the payload of a segment, which gives up its own bytes for it. Blocking; releases the
    GIL for nearly all of it."""
    return with_payload(raw, *compression.compress(bytes(raw.data), wanted))


def with_payload(raw: RawSegment, codec: Codec, payload: Bytes) -> PreparedSegment:
    """A segment and its payload: only that holds its bytes from now on."""
    raw.data = payload if codec is Codec.NONE else SliceData(payload, codec, raw.size)
    return PreparedSegment(raw, codec, payload)


def is_dense(run: JobRun) -> bool:
    """Whether compressing takes far longer than reading."""
    return wanted_compression(run) is Compression.LZMA
