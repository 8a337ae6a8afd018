"""dress: what goes from `read` to `plan`: slices of objects, and what becomes of them on the way.

A segment is dressed by its identity (SHA-256) and its payload. Both leave the GIL, and are made
in the call that read the bytes: handing 768,000 bytes from thread to thread would only add a
hop. Only what is compressed densely takes so long that a stage of its own is worth it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.codec import compression
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.folders import Compression, Profile
from usenetsync_tui.model.segments import Codec
from usenetsync_tui.pipeline.run.job_run import JobRun


@dataclass(frozen=True, slots=True)
class RawSegment:
    """A slice of an object as read from disk, and the object it belongs to."""

    object: NewObject
    index: int
    data: bytes
    path: bytes
    """For the screen: the (first) file in it."""
    placed: tuple[Placed, ...] = ()
    """A pack's members."""
    seen: Entry | None = None
    """A large file as it was when it was opened."""
    hash: bytes = b""
    """Its digest, where that was needed before; else `prepare` makes it."""


@dataclass(frozen=True, slots=True)
class FileRead:
    """A large file came to its end as the walk saw it."""

    object: NewObject
    placed: Placed
    known: int = 0
    """Slices that an earlier run planned, and that are what they were then."""


@dataclass(frozen=True, slots=True)
class FileAbandoned:
    """A large file changed while it was read: its object will never be whole."""

    object: NewObject


@dataclass(frozen=True, slots=True)
class SlicesShared:
    """The first slices of a large file are those of an object that the path lay in before."""

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
    """Files of which nothing is to be posted: they are empty, or what they were before."""

    empty: tuple[Placed, ...] = ()
    kept: tuple[Placed, ...] = ()
    """Where they lie already."""


@dataclass(frozen=True, slots=True)
class PreparedSegment:
    """A segment with its digest and payload."""

    raw: RawSegment
    hash: bytes
    codec: Codec
    payload: bytes

    @property
    def data(self) -> bytes:
        """The segment's own bytes."""
        return self.raw.data


Ending = FileRead | FileAbandoned | FilesKnown
"""What says that a file, or several, need no more reading: the planner is done with a unit."""
Segmented = RawSegment | PreparedSegment
PreparedItem = PreparedSegment | SlicesShared | Ending
ReadItem = RawSegment | PreparedItem


def wanted_compression(run: JobRun) -> Compression:
    """`plain` articles hold the file's own bytes."""
    plain = run.folder.realm.profile is Profile.PLAIN
    return Compression.NONE if plain else run.folder.compression


def prepare(raw: RawSegment, wanted: Compression) -> PreparedSegment:
    """Digest and payload of a segment. Blocking; leaves the GIL for nearly all of it."""
    codec, payload = compression.compress(raw.data, wanted)
    digest = raw.hash or hashlib.sha256(raw.data).digest()
    return PreparedSegment(raw, digest, codec, payload)


def is_dense(run: JobRun) -> bool:
    """Whether compressing takes far longer than reading."""
    return wanted_compression(run) is Compression.LZMA
