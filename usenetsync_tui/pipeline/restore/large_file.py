"""large_file: restores a large file, segment by segment, into its part file.

The lanes' threads write the segments where they belong, in any order (`run.fetch_lanes`).

Each segment is checked by its own digest when it is fetched, the whole file by the file's digest
(`disk.whole_digest`): contradictory rows lead to a file reported as damaged, never to a wrong file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import anyio
from anyio import to_thread

from usenetsync_tui.catalogue.tables import segments
from usenetsync_tui.catalogue.tables.version_files import VersionRow
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.disk.content import Content
from usenetsync_tui.disk.restored.part_file import PartFile
from usenetsync_tui.disk.whole_digest import WholeDigest, whole_digest
from usenetsync_tui.errors import FileDamagedError
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.pipeline.run.fetch_lanes import FetchLanes
from usenetsync_tui.pipeline.run.job_run import JobRun, Progress
from usenetsync_tui.pipeline.run.wanted_segment import WantedSegment
from usenetsync_tui.pipeline.run.wants import Wants

_SEGMENTS_A_PAGE = 256
_WANTED_AT_ONCE = 32
_CHECKED_AT_ONCE = 4
"""Segments of a part file that are compared at once."""
_CONTRADICTION = "its rows in the catalogue contradict each other"


class UnfinishedBytes:
    """The bytes of an unfinished file that the progress shows, until the file itself counts."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bytes = 0

    def add(self, count: int) -> None:
        """Count bytes that were written."""
        self._bytes += count
        self._progress.done_bytes += count

    def take_back(self) -> None:
        """Subtract all of them: the file is done or given up."""
        self._progress.done_bytes -= self._bytes
        self._bytes = 0


class LargeFile:
    """A file that is an object of its own, on its way into the target."""

    def __init__(self, run: JobRun, row: VersionRow, content: Content, lanes: FetchLanes) -> None:
        """Raises FileDamagedError when the row and its object's row cannot both be right."""
        self._run = run
        self._row = row
        self._content = content
        self._lanes = lanes
        self._count, self._step = row.segments or 0, row.segment_size or 0
        if self._step <= 0 or -(-row.size // self._step) != self._count:
            raise FileDamagedError(_CONTRADICTION)

    async def fill(
        self, part: PartFile, shown: UnfinishedBytes, is_over: Callable[[], bool]
    ) -> bool:
        """Fetch and write all of it, several segments at once; ends at the first error.

        False when the run ends first (`is_over`). Raises StoreError, TargetFileError, TargetError,
        and FileDamagedError when the result does not match the file's digest.
        """
        whole = whole_digest(self._content, self._step, part.read)
        async with Wants(self._lanes) as wants:
            for first in range(0, self._count, _SEGMENTS_A_PAGE):
                last = min(first + _SEGMENTS_A_PAGE, self._count)
                copies = await self._copies(first, last)
                if part.resumed:
                    await self._skip_present(copies, part, whole, shown)
                wanted = [self._wanted(wants, part, whole, shown, *each) for each in copies.items()]
                for start in range(0, len(wanted), _WANTED_AT_ONCE):
                    await self._run.gate.passed()
                    if is_over() or wants.failure is not None:
                        break
                    await wants.add_all(wanted[start : start + _WANTED_AT_ONCE])
                if is_over() or wants.failure is not None:
                    break
            await wants.all_kept()
        if is_over():
            return False
        if not await to_thread.run_sync(whole.is_right):
            raise FileDamagedError("its segments do not add up to the file that was backed up")
        return True

    async def _copies(self, first: int, last: int) -> dict[int, list[Segment]]:
        """The copies of some segments, without those of a wrong size."""
        async with self._run.catalogue.transaction() as tx:
            found = await segments.of_object(tx, self._row.object_id or 0, first, last)
        copies: dict[int, list[Segment]] = {index: [] for index in range(first, last)}
        unfit = set()
        for segment in found:
            if segment.size == min(self._step, self._row.size - segment.index * self._step):
                copies[segment.index].append(segment)
            else:
                unfit.add(segment.index)
        if any(not copies[index] for index in unfit):
            raise FileDamagedError(_CONTRADICTION)
        return copies

    def _wanted(
        self,
        wants: Wants,
        part: PartFile,
        whole: WholeDigest,
        shown: UnfinishedBytes,
        index: int,
        copies: Sequence[Segment],
    ) -> WantedSegment:
        write = partial(self._write, part, whole, index, copies)
        done = partial(shown.add, copies[0].size if copies else 0)
        return wants.new(self._row.path, copies, write, done)

    def _write(
        self,
        part: PartFile,
        whole: WholeDigest,
        index: int,
        copies: Sequence[Segment],
        data: bytes,
    ) -> None:
        """Write a segment where it belongs. Blocking."""
        part.write(index * self._step, data)
        whole.add(index, data, self._digest(data, copies))

    async def _skip_present(
        self,
        copies: dict[int, list[Segment]],
        part: PartFile,
        whole: WholeDigest,
        shown: UnfinishedBytes,
    ) -> None:
        """Take out the segments that the part file already holds, some at once."""
        todo = iter(list(copies))

        async def check_some() -> None:
            for index in todo:
                mine = copies[index]
                size = mine[0].size if mine else 0
                async with self._run.budget.holding(size):
                    is_there = await to_thread.run_sync(self._is_there, part, whole, index, mine)
                if is_there:
                    del copies[index]
                    shown.add(size)

        try:
            async with anyio.create_task_group() as group:
                for _ in range(_CHECKED_AT_ONCE):
                    group.start_soon(check_some)
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    def _is_there(
        self, part: PartFile, whole: WholeDigest, index: int, copies: Sequence[Segment]
    ) -> bool:
        data = self._present(part, index * self._step, copies)
        if data is not None:
            whole.add(index, data, copies[0].hash)
        return data is not None

    def _digest(self, data: bytes, copies: Sequence[Segment]) -> bytes:
        """The digest of a fetched segment, which `fetch.opened` compared with that of one copy."""
        if len({copy.hash for copy in copies}) == 1:
            return copies[0].hash
        return digest_of(self._content.kind.algorithm, data)

    def _present(self, part: PartFile, offset: int, copies: Sequence[Segment]) -> bytes | None:
        """The segment, if the part file already holds it with the right digest. Blocking."""
        if not copies or not part.has_data(offset, copies[0].size):
            return None
        data = part.read(offset, copies[0].size)
        is_right = digest_of(self._content.kind.algorithm, data) == copies[0].hash
        return data if is_right else None
