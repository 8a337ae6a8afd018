"""read: the bytes of changed files, once, hashed as they pass.

A pack is read in one worker-thread call (a call a file would cost more than the file). A
large file is read segment by segment, its SHA-256 and xxh3 running along. A file that is
not as the walk saw it is recorded with its new state and read again in the next pass (see
`pending`). What was read of it before stays good for dedupe.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import xxhash
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from usenetsync_tui.catalogue import files, objects
from usenetsync_tui.catalogue.files import PendingFile, Placed
from usenetsync_tui.catalogue.objects import NewObject
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.entries import Entry, FileKind, Notice, NoticeKind
from usenetsync_tui.model.segments import ObjectKind
from usenetsync_tui.pipeline.crew import READ_AT_ONCE
from usenetsync_tui.pipeline.dress import (
    DressedSegment,
    FileAbandoned,
    FileRead,
    RawSegment,
    ReadItem,
    dress,
    is_dense,
    wanted_compression,
)
from usenetsync_tui.pipeline.pack import FileUnit, PackUnit, Unit
from usenetsync_tui.pipeline.pending import Outstanding
from usenetsync_tui.pipeline.run import Run, Stage
from usenetsync_tui.pipeline.source import SourceTree
from usenetsync_tui.pipeline.streams import put

_IDS_A_BLOCK = 100
Segmented = RawSegment | DressedSegment


@dataclass(slots=True)
class Failures:
    """Files that could not be read in this pass."""

    errors: list[tuple[PendingFile, SourceFileError]] = field(default_factory=list)


class ObjectIds:
    """Fresh object ids, a block a round trip."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._ids: list[int] = []
        self._lock = anyio.Lock()

    async def next(self) -> int:
        """An id nobody has."""
        async with self._lock:
            if not self._ids:
                async with self._run.catalogue.transaction() as tx:
                    self._ids = (await objects.allocate(tx, _IDS_A_BLOCK))[::-1]
            return self._ids.pop()


class Reader:
    """One reading worker."""

    def __init__(
        self,
        run: Run,
        source: SourceTree,
        ids: ObjectIds,
        stage: Stage,
        number: int,
        outstanding: Outstanding,
        out: MemoryObjectSendStream[ReadItem],
    ) -> None:
        self._wanted = None if is_dense(run) else wanted_compression(run)
        self._outstanding = outstanding
        self._run = run
        self._source = source
        self._ids = ids
        self._stage = stage
        self._slot = stage.slot(number)
        self._number = number
        self._out = out

    async def work(self, units: MemoryObjectReceiveStream[Unit]) -> None:
        """Read units until there are no more."""
        async with units, self._out:
            async for unit in self._stage.team.items(self._number, units):
                match unit:
                    case PackUnit():
                        await self._read_pack(unit)
                    case FileUnit():
                        await self._read_file(unit.file)
                self._stage.done += 1

    async def _read_pack(self, unit: PackUnit) -> None:
        first = unit.files[0].entry.path
        object_id = await self._ids.next()
        failures = Failures()
        with self._slot.working(first, f"{len(unit.files)} files"):
            item = await to_thread.run_sync(self._pack, unit, object_id, failures)
        for file, error in failures.errors:
            await give_up(self._run, self._source, file, error)
        if item is None:
            self._outstanding.done()
            return
        self._run.progress.current = unit.files[-1].entry.path
        await self._send(item)

    def _pack(self, unit: PackUnit, object_id: int, failures: Failures) -> Segmented | None:
        raw = read_pack(self._source, unit.files, object_id, failures)
        return None if raw is None else self._dressed(raw)

    def _dressed(self, raw: RawSegment) -> Segmented:
        """In a worker thread: the segment dressed, unless that takes too long here."""
        return raw if self._wanted is None else dress(raw, self._wanted)

    async def _send(self, item: Segmented) -> None:
        self._run.progress.in_flight += len(item.data)
        await put(self._out, item)

    async def _read_file(self, file: PendingFile) -> None:
        entry, chunk = file.entry, self._run.limits.chunk_size
        new = NewObject(
            id=await self._object_of(file),
            kind=ObjectKind.FILE,
            size=entry.size,
            segment_size=chunk,
            segments=-(-entry.size // chunk),
            files=1,
            first_key=file.key,
            last_key=file.key,
        )
        sent, at_once = 0, max(1, READ_AT_ONCE // chunk)
        try:
            with await to_thread.run_sync(self._source.open, entry) as opened:
                digests = hashlib.sha256(), xxhash.xxh3_128()

                def step(first: int) -> list[Segmented]:
                    items = []
                    for index in range(first, min(first + at_once, new.segments)):
                        offset = index * chunk
                        data: bytes = opened.read(offset, min(chunk, entry.size - offset))
                        for digest in digests:
                            digest.update(data)
                        raw = RawSegment(new, index, data, entry.path, seen=entry)
                        items.append(self._dressed(raw))
                    return items

                for first in range(0, new.segments, at_once):
                    await self._run.gate.passed()
                    await self._stage.team.breathe()
                    if self._run.draining:
                        self._outstanding.done()
                        return
                    with self._slot.working(entry.path, f"segment {first + 1}/{new.segments}"):
                        items = await to_thread.run_sync(step, first)
                    self._run.progress.current = entry.path
                    for item in items:
                        sent += len(item.data)
                        await self._send(item)
                await to_thread.run_sync(opened.check)
            placed = Placed(file.key, new.id, 0, digests[0].digest(), digests[1].digest())
            await put(self._out, FileRead(new, placed))
        except SourceFileError as error:
            await give_up(self._run, self._source, file, error)
            if sent:
                self._run.progress.total_bytes += sent  # work that was, and will be, done
                await put(self._out, FileAbandoned(new))
            else:
                self._outstanding.done()

    async def _object_of(self, file: PendingFile) -> int:
        """The object an earlier run began for the file, if it was cut the same way; else new."""
        if file.object_id is not None:
            async with self._run.catalogue.transaction() as tx:
                shape = await objects.shape(tx, file.object_id)
                if shape == (self._run.limits.chunk_size, self._run.folder.copies):
                    return file.object_id
        return await self._ids.next()


async def give_up(run: Run, source: SourceTree, file: PendingFile, error: SourceFileError) -> None:
    """Record why a file was not read.

    Gone: it is not in this version. Changed: pending again as it is now. Unreadable: failed.
    """
    path, key, size = file.entry.path, file.key, file.entry.size
    await run.notice(Notice(error.kind, path, error.reason))
    seen = None
    if error.kind is NoticeKind.CHANGED:
        try:
            seen = await to_thread.run_sync(source.restat, path)
        except SourceFileError as unreadable:
            error = unreadable
    folder, version = run.folder.id, run.version
    async with run.catalogue.transaction() as tx:
        if seen is not None and seen.kind == FileKind.REGULAR:
            await files.apply_changes(tx, folder, version, [seen], [])
            run.progress.total_bytes += seen.size - size
            if seen.size:
                return
        elif error.kind in (NoticeKind.CHANGED, NoticeKind.VANISHED):
            await files.apply_changes(tx, folder, version, [], [key])
        else:
            await files.set_failed(tx, folder, [(key, error.reason)])
    run.progress.failed(size if seen is None else seen.size)


def read_pack(
    source: SourceTree, members: Sequence[PendingFile], object_id: int, failures: Failures
) -> RawSegment | None:
    """Read and join small files; what fails is left out. Blocking; None when nothing is left."""
    read = source.read_small
    sha256, xxh3 = hashlib.sha256, xxhash.xxh3_128_digest
    parts: list[bytes] = []
    placed: list[Placed] = []
    offset = 0
    for file in members:
        try:
            data = read(file.entry)
        except SourceFileError as error:
            failures.errors.append((file, error))
            continue
        parts.append(data)
        placed.append(Placed(file.key, object_id, offset, sha256(data).digest(), xxh3(data)))
        offset += len(data)
    if not placed:
        return None
    pack = NewObject(
        id=object_id,
        kind=ObjectKind.PACK,
        size=offset,
        segment_size=offset,
        segments=1,
        files=len(placed),
        first_key=placed[0].key,
        last_key=placed[-1].key,
    )
    return RawSegment(pack, 0, b"".join(parts), members[0].entry.path, tuple(placed))


def why_unreadable(source: SourceTree, entry: Entry) -> Notice | None:
    """Why a file that failed before still cannot be opened; None when it can. Blocking."""
    try:
        with source.open(entry):
            return None
    except SourceFileError as error:
        return Notice(error.kind, entry.path, error.reason)
