"""stages: connects the stages of an upload with bounded streams.

Their capacities times the segment size bound the memory; `limits.memory_limit` lowers the
capacities when segments are huge. Refuses to know what happens before and after the stages run.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from typing import cast

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectSendStream

from usenetsync_tui.disk.source.own_files import OwnFiles, OwnPath
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.model.entries import Entry, Notice
from usenetsync_tui.pipeline.posting.ledger import Ledger
from usenetsync_tui.pipeline.posting.posting_lanes import capacity, posting_lanes
from usenetsync_tui.pipeline.posting.settle import settle
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.judge import Judge
from usenetsync_tui.pipeline.run.segments import PreparedItem, ReadItem, is_dense
from usenetsync_tui.pipeline.upload.compress import compress
from usenetsync_tui.pipeline.upload.give_up import why_unreadable
from usenetsync_tui.pipeline.upload.indexing.index import index
from usenetsync_tui.pipeline.upload.indexing.index_result import IndexResult
from usenetsync_tui.pipeline.upload.object_ids import ObjectIds
from usenetsync_tui.pipeline.upload.pack import Unit
from usenetsync_tui.pipeline.upload.pending import Outstanding, find_units
from usenetsync_tui.pipeline.upload.plan import Planner
from usenetsync_tui.pipeline.upload.read import Reader

_BATCHED = 3
"""Queue of prepared segments, in capacities: one batch is planned while others are read."""


async def run_stages(
    run: JobRun, ledger: Ledger, source: SourceTree, judge: Judge, own: Collection[OwnPath]
) -> None:
    """Take the folder's changes into the version once; the articles are posted when it returns."""
    size = capacity(run)
    units_in, units = anyio.create_memory_object_stream[Unit](size)
    read_in, read = anyio.create_memory_object_stream[ReadItem](size)
    prepared_in, prepared = anyio.create_memory_object_stream[PreparedItem](_BATCHED * size)
    scanning, planning = Stage("scan", 1), Stage("plan", 1, prepared)
    reading = Stage("read", run.worker_counts.of_stage("read", _readers), units)
    run.stages[:] = [scanning, reading, planning]
    # Readers prepare segments themselves, unless compression is slow: then it is a stage.
    dense = is_dense(run)
    compressing = Stage("compress", run.worker_counts.of_stage("compress", _compressors), read)
    if dense:
        run.stages.insert(2, compressing)
    ids, indexed = ObjectIds(run.catalogue), IndexResult()
    outstanding = Outstanding()
    # A reader that prepares its segments sends none raw.
    straight_on = cast("MemoryObjectSendStream[ReadItem]", prepared_in)
    streams = (units_in, units, read_in, read, prepared_in, prepared)
    async with posting_lanes(run, ledger) as postings:
        with ExitStack() as every_stream:  # a task cancelled before its first step closes none
            keep = every_stream.enter_context
            for stream in streams:
                keep(stream)
            async with anyio.create_task_group() as group:
                await settle(run, ledger, source, scanning.slots[0], postings)
                run.progress.phase = "upload"
                group.start_soon(_index, run, scanning, indexed, source, judge, own)
                group.start_soon(find_units, run, indexed, outstanding, keep(units_in.clone()))
                for number in range(reading.stage_workers.most):
                    out = read_in if dense else straight_on
                    mine = keep(out.clone())
                    reader = Reader(run, source, ids, reading, number, outstanding, mine)
                    group.start_soon(reader.work, keep(units.clone()))
                for number in range(compressing.stage_workers.most if dense else 0):
                    between = keep(read.clone()), keep(prepared_in.clone())
                    group.start_soon(compress, run, compressing, number, *between)
                planner = Planner(run, ledger, planning, outstanding, postings)
                group.start_soon(planner.work, keep(prepared.clone()))
                for stream in streams:
                    stream.close()


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
        await index(run, stage, indexed, check, judge, own_files)
