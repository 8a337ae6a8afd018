"""attempt: one reading of a large file into one object, and the object it is compared with.

Knows slices and digests; refuses to know queues and counters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import xxhash

from usenetsync_tui.catalogue.tables import known
from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.disk.source.racy import is_racy
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.segments import Ending, FileRead, FilesKnown, RawSegment, Segmented

_DIGESTS_A_PAGE = 1_024


class PlannedOtherwiseError(Exception):
    """A slice of a resumed object differs from what an earlier run planned."""


@dataclass(slots=True)
class ComparedObject:
    """The object that a file is compared with."""

    object_id: int
    segment_size: int
    resumed: bool
    """Whether an earlier run began it for this file; else it holds the path's earlier content."""
    _page: dict[int, bytes] = field(default_factory=dict)
    _until: int = 0

    async def digests(self, run: JobRun, first: int, last: int) -> dict[int, bytes]:
        """The digests of its slices, as far as they were planned. Call it from front to end."""
        if last > self._until:
            self._until = first + max(_DIGESTS_A_PAGE, last - first)
            async with run.catalogue.transaction() as tx:
                self._page = await known.slices(tx, self.object_id, first, self._until)
        return self._page


class Attempt:
    """Reads one file's slices and compares each with its known digest."""

    def __init__(
        self, new: NewObject, entry: Entry, opened: SourceFile, base: ComparedObject | None
    ) -> None:
        self.new = new
        self.entry = entry
        self.opened = opened
        self.base = base
        self.begun = False
        """Whether a segment of the new object was handed on."""
        self.known = 0
        """Unchanged slices."""
        self.known_bytes = 0
        self.counted = 0
        """Bytes that are counted as done, or will be."""
        self._differs = False
        self._sha256 = hashlib.sha256()
        self._xxh3 = xxhash.xxh3_128()

    async def planned(self, run: JobRun, first: int, last: int) -> dict[int, bytes]:
        """The digests to compare slices with; none once the file differs."""
        if self.base is None or self._differs:
            return {}
        return await self.base.digests(run, first, last)

    def slices(
        self,
        first: int,
        last: int,
        planned: dict[int, bytes],
        prepared: Callable[[RawSegment], Segmented],
    ) -> list[Segmented | int]:
        """A segment for each changed slice, and the length of each unchanged one. Blocking.

        Raises `PlannedOtherwiseError`, SourceFileError.
        """
        found: list[Segmented | int] = []
        for index in range(first, last):
            offset = index * self.new.segment_size
            data = self.opened.read(offset, min(self.new.segment_size, self.new.size - offset))
            self._sha256.update(data)
            self._xxh3.update(data)
            before, digest = planned.get(index), b""
            if before is not None and not self._differs:
                digest = hashlib.sha256(data).digest()
                if digest == before:
                    found.append(len(data))
                    continue
                if self.base is not None and self.base.resumed:
                    raise PlannedOtherwiseError
            self._differs = self.base is not None and not self.base.resumed
            path = self.entry.path
            found.append(prepared(RawSegment(self.new, index, data, path, (), self.entry, digest)))
        return found

    def ending(self) -> Ending:
        """The result for a file that was read to its end and is as the walk saw it."""
        key, size = self.new.first_key, self.new.size
        racy = size != self.entry.size or is_racy(
            self.entry.mtime_ns, self.entry.ctime_ns, self.opened.began_ns
        )
        if not size:
            return FilesKnown(empty=(Placed(key, None, None, None, None, 0, racy),))
        digests = self._sha256.digest(), self._xxh3.digest()
        if self.base is not None and not self.base.resumed and not self.begun:
            return FilesKnown(kept=(Placed(key, self.base.object_id, 0, *digests, size, racy),))
        placed = Placed(key, self.new.id, 0, *digests, size, racy)
        resumed = self.base is not None and self.base.resumed
        return FileRead(self.new, placed, self.known if resumed else 0)
