"""attempt: one reading of a large file into one object, and the object it is compared with.

Knows slices and digests; refuses to know queues and counters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from usenetsync_tui.catalogue.tables import known
from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.codec.digests import SegmentsDigest, digest_of, new_digester
from usenetsync_tui.disk.source.racy import is_racy
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.model.digests import DigestAlgorithm, FileDigest, kind_of
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.metadata.metadata import NONE, Metadata
from usenetsync_tui.model.segments import Bytes
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.segments import (
    Ending,
    FileRead,
    FilesKnown,
    PreparedSegment,
    RawSegment,
    Segmented,
)
from usenetsync_tui.pipeline.upload.slice_readers.read_slice import Place, ReadSlice

_DIGESTS_A_PAGE = 1_024
_SLICES_AT_ONCE = 16


class PlannedOtherwiseError(Exception):
    """A slice of a resumed object differs from what an earlier run planned."""


@dataclass(slots=True)
class ComparedObject:
    """The object that a file is compared with."""

    object_id: int
    segment_size: int
    resumed: bool
    """Whether an earlier run began it for this file; else it holds the path's earlier content."""
    digest: FileDigest | None = None
    """The digest of the earlier content."""
    is_trusted: bool = False
    """Whether the file is certainly as it was when its slices were planned: they are not read."""
    _page: dict[int, bytes] = field(default_factory=dict)
    _until: int = 0

    async def look_up(self, run: JobRun, first: int, last: int) -> None:
        """Load the digests of these slices, as far as they were planned, from front to end."""
        if last > self._until:
            self._until = first + max(_DIGESTS_A_PAGE, last - first)
            async with run.catalogue.transaction() as tx:
                self._page = await known.slices(tx, self.object_id, first, self._until)

    def has(self, last: int) -> bool:
        """Whether the slices before `last` are looked up."""
        return last <= self._until

    def digest_of(self, index: int) -> bytes | None:
        """The digest of a slice that is looked up; None: it was not planned."""
        return self._page.get(index)


class Attempt:
    """Reads one file's slices and compares each with its known digest."""

    def __init__(
        self,
        new: NewObject,
        entry: Entry,
        opened: SourceFile,
        base: ComparedObject | None,
        algorithm: DigestAlgorithm,
        elsewhere: Callable[[SourceFile, Sequence[Place]], Sequence[ReadSlice | None]],
        prepared: Callable[[RawSegment], Segmented],
        *,
        has_past: bool = True,
    ) -> None:
        """`elsewhere` reads slices at some places of the file, those it can: `SliceReaders.read`.
        `prepared` prepares those that are read here. `has_past`: whether an article of an earlier
        state of the path may exist."""
        self.new = new
        self.entry = entry
        self._has_past = has_past or base is not None
        self.opened = opened
        self._elsewhere = elsewhere
        self._prepared = prepared
        self.base = base
        self.at = 0
        """The next slice to read."""
        self._here = 0
        """The slices before this one are read here, if they were not read elsewhere."""
        self.begun = False
        """Whether a segment of the new object was handed on."""
        self.known = 0
        """Unchanged slices."""
        self.known_bytes = 0
        self._told = 0
        self.counted = 0
        """Bytes that are counted as done, or will be."""
        self._differs = False
        self._algorithm = algorithm
        self._segments = SegmentsDigest(algorithm, new.size, new.segment_size) if new.size else None
        before = base.digest if base is not None else None
        is_whole = before is not None and not before.kind.is_of_segments
        self._whole = new_digester(before.kind.algorithm) if before and is_whole else None
        """The digest of all bytes, while the file may still be the one whose row has such a one."""

    def end_of_group(self, most: int) -> int:
        """The end, exclusive, of the slices that are read together: a few, of `most` bytes."""
        count = max(1, min(most // self.new.segment_size, _SLICES_AT_ONCE))
        return min(self.at + count, self.new.segments)

    def bytes_until(self, last: int) -> int:
        """Bytes of the slices from the next one to before `last`."""
        size = self.new.segment_size
        return min(last * size, self.new.size) - self.at * size

    async def look_up(self, run: JobRun, last: int) -> None:
        """Load what the slices before `last` are compared with."""
        if self._compared is not None:
            await self._compared.look_up(run, self.at, last)

    def is_looked_up(self, last: int) -> bool:
        """Whether `slices` can go on to `last`."""
        return self._compared is None or self._compared.has(last)

    @property
    def _compared(self) -> ComparedObject | None:
        """What the next slice is compared with; nothing once the file differs."""
        return None if self._differs else self.base

    def slices(self, last: int) -> list[Segmented | int]:
        """A segment for each changed slice before `last`, the length of each unchanged one.

        Blocking. Raises `PlannedOtherwiseError`, SourceFileError.
        """
        found: list[Segmented | int] = []
        while self.at < last:
            if there := self._read_elsewhere(last):
                found += there
                continue
            index = self.at
            offset, length = self._place(index)
            compared = self._compared
            before = compared.digest_of(index) if compared is not None else None
            self.at += 1
            if before is not None and compared is not None and compared.is_trusted:
                self._add(before)
                found.append(length)
                continue
            data = self.opened.read(offset, length)
            digest = self._digest(data)
            if before is not None:
                if digest == before:
                    found.append(len(data))
                    continue
                if self.base is not None and self.base.resumed:
                    raise PlannedOtherwiseError
            found.append(self._prepared(self._raw(index, data, digest, length)))
        return found

    def _raw(self, index: int, data: Bytes, digest: bytes, size: int) -> RawSegment:
        """A slice that is to be posted."""
        self._differs = self.base is not None and not self.base.resumed
        about = self.new, index, data, self.entry.path, (), self.entry, self._has_past
        return RawSegment(*about, hash=digest, size=size)

    def _read_elsewhere(self, last: int) -> list[Segmented]:
        """Segments of the next slices before `last` that are read elsewhere, up to one that is not.

        Slices that are to be compared are read here.
        """
        if self.at < self._here:
            return []
        end, compared = self.at, self._compared
        while end < last and (compared is None or compared.digest_of(end) is None):
            end += 1
        if end == self.at or (self._whole is not None and not self._differs):
            return []
        found = list[Segmented]()
        places = [self._place(index) for index in range(self.at, end)]
        self._here = end
        for read in self._elsewhere(self.opened, places):
            if read is None:
                break
            self._add(read.digest)
            raw = self._raw(self.at, read.data, read.digest, read.size)
            found.append(PreparedSegment(raw, read.codec, read.payload, read.payload.encoded))
            self.at += 1
        return found

    def _place(self, index: int) -> Place:
        offset = index * self.new.segment_size
        return offset, min(self.new.segment_size, self.new.size - offset)

    def knows(self, size: int) -> None:
        """Count an unchanged slice."""
        self.known += 1
        self.known_bytes += size
        self.counted += size

    def newly_known(self) -> int:
        """Bytes of unchanged slices since the last call."""
        before, self._told = self._told, self.known_bytes
        return self.known_bytes - before

    def _digest(self, data: bytes) -> bytes:
        """The digest of the next slice, which is added to the digest of the file."""
        digest = digest_of(self._algorithm, data)
        self._add(digest)
        if self._whole is not None and not self._differs:
            self._whole.update(data)
        return digest

    def _add(self, digest: bytes) -> None:
        assert self._segments is not None  # a file with a slice is not empty
        self._segments.add(digest)

    def ending(self, beside: Metadata = NONE) -> Ending:
        """The result for a file that was read to its end and is as the walk saw it.

        `beside`: what it has beside its entry.
        """
        key, size = self.new.first_key, self.new.size
        racy = size != self.opened.size or is_racy(
            self.entry.mtime_ns, self.entry.ctime_ns, self.opened.began_ns
        )
        rest = size, racy, beside
        if not size:
            return FilesKnown(empty=(Placed(key, None, None, None, *rest),))
        digest = self._file_digest()
        if self.base is not None and not self.base.resumed and not self.begun:
            if self.opened.extents is None:
                digest = self._as_before() or digest
            return FilesKnown(kept=(Placed(key, self.base.object_id, 0, digest, *rest),))
        placed = Placed(key, self.new.id, 0, digest, *rest)
        resumed = self.base is not None and self.base.resumed
        return FileRead(self.new, placed, self.known if resumed else 0)

    def _file_digest(self) -> FileDigest:
        value = self._segments.digest() if self._segments is not None else None
        assert value is not None  # the file was read to its end
        return FileDigest(kind_of(self._algorithm, of_segments=True), value)

    def _as_before(self) -> FileDigest | None:
        """The digest that an earlier program made of all bytes, if it is right."""
        before = self.base.digest if self.base is not None else None
        if before is None or self._whole is None or self._whole.digest() != before.value:
            return None
        return before
