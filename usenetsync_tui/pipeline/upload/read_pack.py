"""Small files read and joined in one worker-thread call, as a call for each file would cost more.

Knows which files go into a pack, and which do not need to: empty files, and those whose content is
unchanged since the path was last read. A file with more bytes than a small file may have, whatever
its size says, is left for the reader of large files. Refuses to know the catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from usenetsync_tui.catalogue.tables.files import Before, PendingFile, Placed
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.disk.content import content_of
from usenetsync_tui.disk.source.racy import COARSE_NS, is_racy
from usenetsync_tui.disk.source.source_file import WrongSizeError
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.digests import DigestAlgorithm, FileDigest, kind_of
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import Compression
from usenetsync_tui.model.metadata.metadata import NONE, Metadata
from usenetsync_tui.model.segments import ObjectKind
from usenetsync_tui.pipeline.run.segments import FilesKnown, RawSegment, Segmented, prepare


@dataclass(frozen=True, slots=True)
class Packing:
    """How packs are made."""

    room: int
    """Bytes that fit into a pack; 0: every file that is not empty counts as large."""
    algorithm: DigestAlgorithm
    wanted: Compression | None
    """None: a later stage compresses."""


@dataclass(frozen=True, slots=True)
class UnreadFiles:
    """Small files that are still to be read, in path order."""

    files: Sequence[PendingFile]
    began_ns: int
    """The wall clock before the first of them was opened, in ns since 1970."""
    first: tuple[bytes, Metadata] | None = None
    """The content of the first of them and what else it has, if it is read already."""


@dataclass(slots=True)
class PackRead:
    """The result of reading some small files."""

    object_id: int
    room: int
    """Bytes that fit into the pack; 0: every file that is not empty counts as large."""
    algorithm: DigestAlgorithm
    placed: list[Placed] = field(default_factory=list)
    empty: list[Placed] = field(default_factory=list)
    kept: list[Placed] = field(default_factory=list)
    """Unchanged files, and where they lie."""
    large: list[PendingFile] = field(default_factory=list)
    """Files that are larger than their size says, or have holes."""
    errors: list[tuple[PendingFile, SourceFileError]] = field(default_factory=list)
    """Files that could not be read in this pass."""
    lacks: list[Notice] = field(default_factory=list)
    """Files that are kept without something that could not be read."""
    rest: UnreadFiles | None = None
    """Files for which the pack had no room."""
    surplus: int = 0
    """Bytes read minus the sizes that the walk saw; may be negative."""
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def take(
        self, file: PendingFile, data: bytes, began_ns: int, metadata: Metadata = NONE
    ) -> bool:
        """Sort a file's content into the lists above; False when the pack has no room for it."""
        entry, before, size = file.entry, file.before, len(data)
        mtime_ns, ctime_ns = entry.mtime_ns, entry.ctime_ns
        old = began_ns - COARSE_NS
        racy = size != entry.size or (
            (mtime_ns >= old or ctime_ns >= old) and is_racy(mtime_ns, ctime_ns, began_ns)
        )
        kind = kind_of(self.algorithm, of_segments=False)
        digest = FileDigest(kind, digest_of(self.algorithm, data))
        if not size:
            self.empty.append(Placed(file.key, None, None, None, 0, racy, metadata, file.rowless))
        elif before is not None and _is_same(before, digest, data):
            at = before.object_id, before.offset
            self.kept.append(Placed(file.key, *at, before.file_digest, size, racy, metadata))
        elif self.size + size > self.room:
            return False
        else:
            at = self.object_id, self.size
            self.placed.append(Placed(file.key, *at, digest, size, racy, metadata, file.rowless))
            self.parts.append(data)
            self.size += size
        self.surplus += size - entry.size
        if metadata.lack:
            self.lacks.append(Notice(NoticeKind.ATTRIBUTES, entry.path, metadata.lack))
        return True

    def known(self) -> FilesKnown | None:
        """The files for which nothing must be posted."""
        if not self.empty and not self.kept:
            return None
        return FilesKnown(tuple(self.empty), tuple(self.kept))

    def pack(self) -> NewObject:
        """The object of the files in `placed`, of which there are some."""
        return NewObject(
            id=self.object_id,
            kind=ObjectKind.PACK,
            size=self.size,
            segment_size=self.size,
            segments=1,
            files=len(self.placed),
            first_key=self.placed[0].key,
            last_key=self.placed[-1].key,
        )

    def segment(self, path: bytes) -> RawSegment | None:
        """The pack, if there is anything in it; `path` is for the screen."""
        if not self.placed:
            return None
        data = b"".join(self.parts)
        digest = digest_of(self.algorithm, data)
        return RawSegment(
            self.pack(), 0, data, path, tuple(self.placed), hash=digest, size=len(data)
        )


def _is_same(before: Before, digest: FileDigest, data: bytes) -> bool:
    """Whether the path held these bytes before; the digest of that time may be of another kind."""
    known = before.file_digest
    if known is None or known.kind is digest.kind:
        return known == digest
    content = content_of(len(data), known, before.segment_size)
    return content is not None and content.is_of(data)


def read_pack(
    source: SourceTree, unread: UnreadFiles, object_id: int, room: int, algorithm: DigestAlgorithm
) -> PackRead:
    """Read and join small files, up to `room` bytes of them. Blocking."""
    found = PackRead(object_id, room, algorithm)
    carried, began_ns = unread.first, unread.began_ns
    with source.in_order() as nearby:
        for number, file in enumerate(unread.files):
            try:
                data, beside = nearby.take_small(file.entry) if carried is None else carried
            except WrongSizeError:
                found.large.append(file)
                continue
            except SourceFileError as error:
                found.errors.append((file, error))
                continue
            carried = None
            if not found.take(file, data, began_ns, beside):
                if found.placed:
                    found.rest = UnreadFiles(unread.files[number:], began_ns, (data, beside))
                    break
                found.large.append(file)
    return found


def read_prepared(
    source: SourceTree, unread: UnreadFiles, object_id: int, packing: Packing
) -> tuple[PackRead, Segmented | None]:
    """The same, and the pack with its payload if there is anything in it. Blocking."""
    found = read_pack(source, unread, object_id, packing.room, packing.algorithm)
    raw = found.segment(unread.files[0].entry.path)
    if raw is None or packing.wanted is None:
        return found, raw
    return found, prepare(raw, packing.wanted)
