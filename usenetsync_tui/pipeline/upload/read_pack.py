"""Small files read and joined, in one worker-thread call: a call a file would cost more than it.

Knows which files of a pack go into it, and which need no place: those that are empty, and those
whose content is what it was when the path was read last. A file that holds more than a small one
may, whatever its size says, is left to be read as a large one. Refuses to know the catalogue.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import xxhash

from usenetsync_tui.catalogue.tables.files import PendingFile, Placed
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.disk.source.racy import COARSE_NS, is_racy
from usenetsync_tui.disk.source.source_tree import SizeLiesError, SourceTree
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.segments import ObjectKind
from usenetsync_tui.pipeline.run.segments import FilesKnown, RawSegment


@dataclass(frozen=True, slots=True)
class Unread:
    """Small files that are still to be read, in path order."""

    files: Sequence[PendingFile]
    began_ns: int
    """The wall clock before the first of them was opened."""
    first: bytes | None = None
    """What was read of the first of them already."""


@dataclass(slots=True)
class PackRead:
    """What came of reading some small files."""

    object_id: int
    room: int
    """Bytes that fit into the pack; 0: files that are not empty are large."""
    placed: list[Placed] = field(default_factory=list)
    empty: list[Placed] = field(default_factory=list)
    kept: list[Placed] = field(default_factory=list)
    """Those that are what they were before, and where they lie."""
    large: list[PendingFile] = field(default_factory=list)
    """Files that are larger than their size says."""
    errors: list[tuple[PendingFile, SourceFileError]] = field(default_factory=list)
    """Files that could not be read in this pass."""
    rest: Unread | None = None
    """Files there was no room for."""
    surplus: int = 0
    """Bytes that were read beyond the sizes the walk saw, or fewer."""
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def take(self, file: PendingFile, data: bytes, began_ns: int) -> bool:
        """Find a place for a file's content; False when there is no room for it."""
        entry, before, size = file.entry, file.before, len(data)
        mtime_ns, ctime_ns = entry.mtime_ns, entry.ctime_ns
        old = began_ns - COARSE_NS
        racy = size != entry.size or (
            (mtime_ns >= old or ctime_ns >= old) and is_racy(mtime_ns, ctime_ns, began_ns)
        )
        digest = hashlib.sha256(data).digest()
        if not size:
            self.empty.append(Placed(file.key, None, None, None, None, 0, racy))
        elif before is not None and before.sha256 == digest:
            at = before.object_id, before.offset
            self.kept.append(Placed(file.key, *at, digest, before.xxh3, size, racy))
        elif self.size + size > self.room:
            return False
        else:
            at = self.object_id, self.size
            xxh3 = xxhash.xxh3_128_digest(data)
            self.placed.append(Placed(file.key, *at, digest, xxh3, size, racy))
            self.parts.append(data)
            self.size += size
        self.surplus += size - entry.size
        return True

    def known(self) -> FilesKnown | None:
        """The files of which nothing is to be posted."""
        if not self.empty and not self.kept:
            return None
        return FilesKnown(tuple(self.empty), tuple(self.kept))

    def segment(self, path: bytes) -> RawSegment | None:
        """The pack, if there is anything in it; `path` is for the screen."""
        if not self.placed:
            return None
        pack = NewObject(
            id=self.object_id,
            kind=ObjectKind.PACK,
            size=self.size,
            segment_size=self.size,
            segments=1,
            files=len(self.placed),
            first_key=self.placed[0].key,
            last_key=self.placed[-1].key,
        )
        return RawSegment(pack, 0, b"".join(self.parts), path, tuple(self.placed))


def read_pack(source: SourceTree, unread: Unread, object_id: int, room: int) -> PackRead:
    """Read and join small files, up to `room` bytes of them. Blocking."""
    found = PackRead(object_id, room)
    carried, began_ns = unread.first, unread.began_ns
    with source.in_order() as nearby:
        for number, file in enumerate(unread.files):
            try:
                data = nearby.read_small(file.entry) if carried is None else carried
            except SizeLiesError:
                found.large.append(file)
                continue
            except SourceFileError as error:
                found.errors.append((file, error))
                continue
            carried = None
            if not found.take(file, data, began_ns):
                if found.placed:
                    found.rest = Unread(unread.files[number:], began_ns, data)
                    break
                found.large.append(file)
    return found
