"""read: reads the bytes of changed files once, and hashes them on the way.

`read_pack` reads small files, `read_large` large ones. A file that is no longer as the walk saw it
is recorded with its new state and read again in the next pass (see `pending`). The segments
already read from it still serve deduplication.
"""

from __future__ import annotations

import time
from functools import partial

from anyio.streams.memory import MemoryObjectReceiveStream

from usenetsync_tui.catalogue.tables import new_files
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.pipeline.run.handover import Handover
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.segments import (
    RawSegment,
    ReadItem,
    Segmented,
    is_dense,
    prepare,
    wanted_compression,
)
from usenetsync_tui.pipeline.run.streams import take
from usenetsync_tui.pipeline.upload.give_up import give_up
from usenetsync_tui.pipeline.upload.object_ids import ObjectIds
from usenetsync_tui.pipeline.upload.pack import FileUnit, PackUnit, Unit
from usenetsync_tui.pipeline.upload.pack_readers.readers import PackReaders
from usenetsync_tui.pipeline.upload.pending import Outstanding
from usenetsync_tui.pipeline.upload.read_large import LargeReader
from usenetsync_tui.pipeline.upload.read_pack import Packing, PackRead, UnreadFiles
from usenetsync_tui.pipeline.upload.slice_readers.readers import SliceReaders


class Reader:
    """One reading worker."""

    def __init__(
        self,
        run: JobRun,
        source: SourceTree,
        ids: ObjectIds,
        stage: Stage,
        number: int,
        outstanding: Outstanding,
        out: Handover[ReadItem],
        packs: PackReaders,
        slices: SliceReaders,
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
        self._packs = packs
        self._room = packs.packing.room
        self._large = LargeReader(
            run, source, ids, stage, self._slot, self._prepared, slices, out, self._send
        )

    async def work(self, units: MemoryObjectReceiveStream[Unit]) -> None:
        """Read units until there are no more."""
        async with units:
            mine = self._stage.stage_workers.items(self._number, partial(take, units))
            async for unit in mine:
                match unit:
                    case PackUnit():
                        await self._read_pack(unit)
                    case FileUnit():
                        await self._large.read(unit.file)
                self._outstanding.done()
                self._stage.done += 1

    async def _read_pack(self, unit: PackUnit) -> None:
        """Read one pack, or several if files are larger than their size says."""
        rest: UnreadFiles | None = UnreadFiles(unit.files, time.time_ns())
        while rest is not None:
            object_id = await self._ids.next()
            left = max(self._room, len(rest.first[0]) if rest.first else 0)
            await self._run.budget.take(left)
            try:
                with self._slot.working(rest.files[0].entry.path, plural(len(rest.files), "file")):
                    found, segment = await self._packs.read(rest, object_id)
                left -= 0 if segment is None else segment.size  # in flight now
            finally:
                self._run.budget.give(left)
            await self._hand_on(found, segment)
            rest = found.rest
        self._run.progress.current = unit.files[-1].entry.path

    async def _hand_on(self, found: PackRead, segment: Segmented | None) -> None:
        progress = self._run.progress
        progress.total_bytes += found.surplus
        await self._run.notice(*found.lacks)
        for file, error in found.errors:
            await give_up(self._run, self._source, file, error)
        known = found.known()
        if known is not None:
            same = sum(p.size or 0 for p in known.kept)
            progress.done_bytes += same
            progress.deduplicated_bytes += same
            await self._send(known)
        if segment is not None:
            await self._send(segment)
        if found.large:
            run = self._run
            async with run.catalogue.transaction() as tx:
                await new_files.add_rowless(tx, run.folder.id, run.version, found.large)
        for file in found.large:
            await self._large.read(file._replace(has_row=True))

    async def _send(self, item: ReadItem) -> None:
        """Send an item that the planner counts as a unit of its own."""
        self._outstanding.add()
        await self._out.room()
        self._out.put([item])

    def _prepared(self, raw: RawSegment) -> Segmented:
        """The segment with digest and payload; as it is if `compress` does that. Blocking."""
        return raw if self._wanted is None else prepare(raw, self._wanted)


def packing_of(run: JobRun) -> Packing:
    """How the run makes packs."""
    realm = run.folder.realm
    room = run.limits.chunk_size if realm.profile is not Profile.PLAIN else 0
    return Packing(room, realm.digest, None if is_dense(run) else wanted_compression(run))
