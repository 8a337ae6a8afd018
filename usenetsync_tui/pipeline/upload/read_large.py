"""read_large: reads a file that becomes an object of its own, slice by slice, once.

It computes the digests while reading. It compares each slice with what an earlier run planned, or
with what the path held at its last reading: no slice that could have changed unnoticed is trusted.

- A resumed object continues. If the file is certainly as it was when its slices were planned, they
  are not read again: the digest of the file is made of theirs. Else each is read and compared; if
  one differs, the reader gives the object up and starts a new one: an object is never a mixture.
- An unchanged file keeps its object. If it differs, it shares the slices before the difference
  with the old object, so that one read is enough.
- Of a sparse file only the bytes between its holes are read (`disk.source.sparse_file`): they are
  the content of its object.
- A file that does not end where its size says, although nothing else of it changed, is measured
  first, as its articles state the object's size. A file without an end is given up.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator

from anyio import to_thread

from usenetsync_tui.catalogue.tables import objects
from usenetsync_tui.catalogue.tables.files import PendingFile
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.disk.source.racy import is_settled
from usenetsync_tui.disk.source.source_file import SourceFile, WrongSizeError
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.model.segments import ObjectKind
from usenetsync_tui.pipeline.run.handover import Handover
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage, WorkerSlot
from usenetsync_tui.pipeline.run.segments import (
    FileAbandoned,
    RawSegment,
    ReadItem,
    Segmented,
    SlicesShared,
)
from usenetsync_tui.pipeline.run.worker_counts import READ_AT_ONCE
from usenetsync_tui.pipeline.upload.attempt import Attempt, ComparedObject, PlannedOtherwiseError
from usenetsync_tui.pipeline.upload.give_up import give_up
from usenetsync_tui.pipeline.upload.object_ids import ObjectIds
from usenetsync_tui.pipeline.upload.slice_readers.readers import SliceReaders

MOST_UNSTATED = 16 << 30
"""Most bytes of a file with a wrong size: a longer one is not backed up."""
_LONGEST = 3_600.0
"""Most seconds for measuring such a file."""
READ_BY_PROCESS = 6 << 20
"""Bytes that a helper process reads at once: here they are not in memory three times."""
_TURN = 0.2
"""Seconds that a thread reads on before the event loop has a look."""
_A_MOMENT = 0.5
_ATTEMPTS = 4
_SHARED_AT_ONCE = 1_000


class LargeReader:
    """Reads large files, one at a time, for one reading worker."""

    def __init__(
        self,
        run: JobRun,
        source: SourceTree,
        ids: ObjectIds,
        stage: Stage,
        slot: WorkerSlot,
        prepared: Callable[[RawSegment], Segmented],
        slices: SliceReaders,
        out: Handover[ReadItem],
        send: Callable[[ReadItem], Awaitable[None]],
    ) -> None:
        """`send` sends an item that the planner counts as a unit of its own."""
        self._run = run
        self._source = source
        self._ids = ids
        self._stage = stage
        self._slot = slot
        self._prepared = prepared
        self._slices = slices
        self._out = out
        self._send = send

    async def read(self, file: PendingFile) -> None:
        """Read a file to its end, or record why that is impossible."""
        size = file.entry.size
        attempt: Attempt | None = None
        try:
            with await to_thread.run_sync(self._opened, file) as opened:
                self._run.progress.total_bytes += opened.size - size
                size = opened.size
                await self._slices.expect(self._run.progress.total_bytes)
                for _ in range(_ATTEMPTS):
                    attempt = await self._begin(file, opened, size)
                    try:
                        await self._go_on(attempt)
                        return
                    except PlannedOtherwiseError:
                        given_up, attempt = attempt, None
                        await self._abandon(given_up)
                        file = file._replace(object_id=None)
                    except WrongSizeError:
                        given_up, attempt = attempt, None
                        await self._abandon(given_up)
                        before, size = size, await self._measured(opened, file)
                        self._run.progress.total_bytes += size - before
                    if self._run.draining:
                        return
            raise SourceFileError(NoticeKind.CHANGED, "its length differs each time it is read")
        except SourceFileError as error:
            self._run.progress.total_bytes += file.entry.size - size
            await give_up(self._run, self._source, file, error)
            if attempt is not None:
                await self._abandon(attempt)

    def _opened(self, file: PendingFile) -> SourceFile:
        """Without its holes, unless its articles are to be its own bytes. Blocking."""
        plain = self._run.folder.realm.profile is Profile.PLAIN
        return self._source.open(file.entry, holes=not plain)

    async def _begin(self, file: PendingFile, opened: SourceFile, size: int) -> Attempt:
        base = await self._base(file, size)
        chunk = base.segment_size if base is not None else self._run.limits.chunk_size
        resumed = base is not None and base.resumed
        new = NewObject(
            id=base.object_id if base is not None and resumed else await self._ids.next(),
            kind=ObjectKind.FILE,
            size=size,
            segment_size=chunk,
            segments=-(-size // chunk),
            files=1,
            first_key=file.key,
            last_key=file.key,
        )
        algorithm, has_past = self._run.folder.realm.digest, file.has_past
        reading = self._slices.read, self._prepared
        return Attempt(new, file.entry, opened, base, algorithm, *reading, has_past=has_past)

    async def _base(self, file: PendingFile, size: int) -> ComparedObject | None:
        """The object that the file is compared with: the one that an interrupted upload began for
        it, if it was cut in the same way; else the one that holds the path's earlier content."""
        chunk, before = self._run.limits.chunk_size, file.before
        if file.object_id is not None:
            async with self._run.catalogue.transaction() as tx:
                shape = await objects.shape(tx, file.object_id)
            if shape == (size, chunk, self._run.folder.copies):
                trusted = file.is_as_planned and self._is_old(file)
                return ComparedObject(file.object_id, chunk, resumed=True, is_trusted=trusted)
        if before is None or before.object_size != size or before.segment_size > chunk:
            return None
        digest = before.file_digest
        return ComparedObject(before.object_id, before.segment_size, resumed=False, digest=digest)

    def _is_old(self, file: PendingFile) -> bool:
        """Whether a file was last changed well before any run began to read for this version.

        Not in an adopted folder, where a file counts as unchanged although it has other times.
        """
        run, entry = self._run, file.entry
        if run.trusted_before is None or run.folder.adopted_version is not None:
            return False
        return is_settled(entry.mtime_ns, entry.ctime_ns, run.trusted_before)

    async def _go_on(self, attempt: Attempt) -> None:
        """Read the file slice by slice; returns early when the run drains."""
        run, new = self._run, attempt.new
        while attempt.at < new.segments:
            await run.gate.passed()
            await self._stage.stage_workers.checkpoint()
            await self._out.room()
            if run.draining:
                return
            last = attempt.end_of_group(self._at_once)
            await attempt.look_up(run, last)
            await run.budget.take(attempt.bytes_until(last))
            run.progress.current = attempt.entry.path
            try:
                await to_thread.run_sync(self._read_on, attempt, last, time.monotonic() + _TURN)
            finally:
                self._slot.end()
                run.progress.done_bytes += attempt.newly_known()
        await to_thread.run_sync(attempt.opened.check_end, new.size)
        if attempt.base is not None and not attempt.base.resumed:
            run.progress.deduplicated_bytes += attempt.known_bytes
        beside = await to_thread.run_sync(attempt.opened.metadata)
        if beside.lack:
            await run.notice(Notice(NoticeKind.ATTRIBUTES, attempt.entry.path, beside.lack))
        await self._send(attempt.ending(beside))

    def _read_on(self, attempt: Attempt, last: int, until: float) -> None:
        """In a thread: read groups of slices that the budget has room for, and hand them on.

        The first of them ends before `last` and has its room. Returns at the end, when something
        must be waited for on the event loop, or at the time `until`.
        """
        run, new = self._run, attempt.new
        while True:
            left = attempt.bytes_until(last)
            self._slot.begin(attempt.entry.path, f"segment {attempt.at + 1}/{new.segments}")
            try:
                slices = attempt.slices(last)
                left -= sum(i.size for i in slices if not isinstance(i, int))  # in flight now
            finally:
                run.budget.give(left)
            self._out.put(list(_to_send(attempt, slices)))
            last = attempt.end_of_group(self._at_once)
            if attempt.at >= new.segments or not attempt.is_looked_up(last):
                return
            if time.monotonic() > until or not self._may_go_on():
                return
            if not self._out.wait_for_room(until):
                return
            if not run.budget.try_take(attempt.bytes_until(last)):
                return

    def _may_go_on(self) -> bool:
        run = self._run
        return run.gate.is_open and not run.draining and not self._stage.stage_workers.too_many

    @property
    def _at_once(self) -> int:
        most = READ_BY_PROCESS if self._slices.is_ready else READ_AT_ONCE
        return min(most, self._run.budget.most)

    async def _abandon(self, attempt: Attempt) -> None:
        """Give up an object; the bytes already counted for it stay counted as done."""
        self._run.progress.total_bytes += attempt.counted
        if attempt.begun or (attempt.base is not None and attempt.base.resumed):
            await self._send(FileAbandoned(attempt.new))

    async def _measured(self, opened: SourceFile, file: PendingFile) -> int:
        """Count the bytes of a file whose stated size is wrong. Raises SourceFileError."""
        size, until = 0, time.monotonic() + _LONGEST
        while True:
            await self._run.gate.passed()
            with self._slot.working(file.entry.path, "measuring its length"):
                more, ended = await to_thread.run_sync(_count, opened, size)
            size += more
            if ended or self._run.draining:
                return size
            if size > MOST_UNSTATED or time.monotonic() > until:
                reason = f"does not end: the file system states {file.entry.size:,} bytes"
                raise SourceFileError(NoticeKind.UNREADABLE, f"{reason}, {size:,} were read")


def _to_send(attempt: Attempt, slices: list[Segmented | int]) -> Iterator[ReadItem]:
    """What the planner gets of some slices that follow each other; unchanged ones only count."""
    for item in slices:
        if isinstance(item, int):
            attempt.knows(item)
            continue
        if attempt.base is not None and not attempt.base.resumed and not attempt.begun:
            for first in range(0, attempt.known, _SHARED_AT_ONCE):
                last = min(first + _SHARED_AT_ONCE, attempt.known)
                yield SlicesShared(attempt.new, attempt.entry, attempt.base.object_id, first, last)
        attempt.begun = True
        attempt.counted += item.size
        yield item


def _count(opened: SourceFile, offset: int) -> tuple[int, bool]:
    """Read on for up to `_A_MOMENT` seconds: how many bytes came, and whether the file ended.

    Blocking.
    """
    begin, until = offset, time.monotonic() + _A_MOMENT
    while time.monotonic() < until and offset - begin < READ_AT_ONCE:
        data = opened.some(offset, READ_AT_ONCE)
        if not data:
            return offset - begin, True
        offset += len(data)
    return offset - begin, False
