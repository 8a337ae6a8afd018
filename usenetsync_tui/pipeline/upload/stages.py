"""stages: connects the stages of an upload with bounded streams.

Their capacities times the segment size bound the memory; `limits.memory_limit` lowers the
capacities when segments are huge. Refuses to know what happens before and after the stages run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine
from typing import Any

import anyio
from anyio import to_thread

from usenetsync_tui.disk.source.own_files import OwnFiles, OwnPath
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.model.entries import Entry, Notice
from usenetsync_tui.pipeline.posting.ledger import Ledger
from usenetsync_tui.pipeline.posting.posting_lanes import capacity, posting_lanes
from usenetsync_tui.pipeline.posting.settle import settle
from usenetsync_tui.pipeline.run.handover import Handover
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.judge import Judge
from usenetsync_tui.pipeline.run.segments import ReadItem, is_dense
from usenetsync_tui.pipeline.upload.compress import compress
from usenetsync_tui.pipeline.upload.give_up import why_unreadable
from usenetsync_tui.pipeline.upload.indexing.index import index
from usenetsync_tui.pipeline.upload.indexing.index_result import IndexResult
from usenetsync_tui.pipeline.upload.indexing.looked_at import LookedAt
from usenetsync_tui.pipeline.upload.object_ids import ObjectIds
from usenetsync_tui.pipeline.upload.pack import Unit
from usenetsync_tui.pipeline.upload.pack_readers.readers import pack_readers
from usenetsync_tui.pipeline.upload.pending import Outstanding, find_units
from usenetsync_tui.pipeline.upload.plan import Planner
from usenetsync_tui.pipeline.upload.read import Reader, packing_of
from usenetsync_tui.pipeline.upload.slice_readers.readers import slice_readers

_BATCHED = 2
"""Queue of prepared segments, in capacities: one batch is planned while others are read."""


async def run_stages(
    run: JobRun, ledger: Ledger, source: SourceTree, judge: Judge, own: Collection[OwnPath]
) -> None:
    """Take the folder's changes into the version once; the articles are posted when it returns."""
    size = capacity(run)
    units_in, units = anyio.create_memory_object_stream[Unit](size)
    # Readers prepare segments themselves, unless compression is slow: then it is a stage.
    dense = is_dense(run)
    readers = run.worker_counts.of_stage("read", _readers)
    prepared = Handover[ReadItem](_BATCHED * size)
    raw = Handover[ReadItem](size) if dense else prepared
    scanning, planning = Stage("scan", 1), Stage("plan", 1, prepared)
    reading = Stage("read", readers, units)
    compressing = Stage("compress", run.worker_counts.of_stage("compress", _compressors), raw)
    run.stages[:] = [scanning, reading, planning]
    if dense:
        run.stages.insert(2, compressing)
    ids, indexed = ObjectIds(run.catalogue), IndexResult()
    outstanding = Outstanding()

    async def read(number: int) -> None:
        reader = Reader(run, source, ids, reading, number, outstanding, raw, packs, slices)
        await reader.work(units.clone())

    async def compress_on(number: int) -> None:
        await compress(run, compressing, number, raw, prepared)

    async with posting_lanes(run, ledger) as postings, units, units_in:
        async with (
            pack_readers(source, packing_of(run), readers.allowed) as packs,
            slice_readers(run, readers.allowed) as slices,
            anyio.create_task_group() as group,
        ):
            await settle(run, ledger, source, scanning.slots[0], postings)
            run.progress.phase = "upload"
            group.start_soon(_index, run, scanning, indexed, source, judge, own)
            group.start_soon(find_units, run, indexed, outstanding, units_in)
            group.start_soon(_all_of, reading.stage_workers.most, read, raw)
            if dense:
                group.start_soon(_all_of, compressing.stage_workers.most, compress_on, prepared)
            planner = Planner(run, ledger, planning, outstanding, postings)
            group.start_soon(planner.work, prepared)


async def _all_of(
    workers: int, work: Callable[[int], Coroutine[Any, Any, None]], out: Handover[ReadItem]
) -> None:
    """Run all workers of a stage; nothing more comes out of it when they have ended."""
    async with anyio.create_task_group() as group:
        for number in range(workers):
            group.start_soon(work, number)
    out.close()


def _readers(workers: int) -> int:
    return max(1, workers // 2)


def _compressors(workers: int) -> int:
    return max(1, workers - _readers(workers))


async def _index(
    run: JobRun,
    stage: Stage,
    indexed: IndexResult,
    source: SourceTree,
    judge: Judge,
    own: Collection[OwnPath],
) -> None:
    def check(entry: Entry) -> Notice | None:
        return why_unreadable(source, entry)

    own_files = await to_thread.run_sync(OwnFiles, run.folder.path, own)
    with stage.slots[0].working(run.folder.path):
        await index(run, stage, indexed, check, judge, own_files, LookedAt(run, source))
