"""index: merge-join the walk with the catalogue's rows, in one order, in constant memory.

Two sorted streams yield the added, modified, removed and unchanged files without a query for each
file. Unchanged means the same (kind, size, mtime_ns, ctime_ns, inode, mode, link, owner), and not
racy: a file that could have changed unnoticed is read again and compared with its old content.
Inode numbers are not compared on file systems where they are unstable. The index opens and hashes
nothing, except that it tries to open files that failed before. It notes missing files
(`catalogue.tables.vanished`); they are removed when the version is finished, if the judge
(`run.judge`) accepts the source.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectSendStream

from usenetsync_tui.catalogue.tables import files
from usenetsync_tui.catalogue.tables.files import CurrentRow
from usenetsync_tui.disk.source.filters.tree_filters import TreeFilters
from usenetsync_tui.disk.source.own_files import OwnFiles
from usenetsync_tui.disk.source.scan import ScanBatch, walk
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.judge import Judge
from usenetsync_tui.pipeline.run.streams import put
from usenetsync_tui.pipeline.upload.indexing.index_result import IndexResult
from usenetsync_tui.pipeline.upload.indexing.long_paths import in_key_order
from usenetsync_tui.pipeline.upload.indexing.looked_at import LookedAt
from usenetsync_tui.pipeline.upload.indexing.merge import KEY, Check, Merge

_WALK_AHEAD = 10
_AT_ONCE = 5
"""Batches that the walk's thread gives at once, at most."""
_HOP = 0.02
"""Seconds in which they must come: a stop waits for them."""
_ROWS_PAGE = 5000
_ROWS_AHEAD = 2


async def index(
    run: JobRun,
    stage: Stage,
    result: IndexResult,
    check: Check,
    judge: Judge,
    own: OwnFiles,
    looked_at: LookedAt,
) -> None:
    """Bring the version under construction up to what is on disk; stops early on drain.

    Raises `SourceError` when the folder itself cannot be read; then nothing is removed. If the
    judge refuses the folder after the walk, the run drains.
    """
    run.progress.unwalked = 0
    await judge.begin_walk()
    await looked_at.begin()
    batches_in, batches = anyio.create_memory_object_stream[ScanBatch](_WALK_AHEAD)
    rows_in, rows = anyio.create_memory_object_stream[list[CurrentRow]](_ROWS_AHEAD)
    async with anyio.create_task_group() as group:
        group.start_soon(_walk, run, judge, own, batches_in)
        group.start_soon(_rows, run, rows_in)
        async with batches_in, batches, rows_in, rows:
            await Merge(run, stage, result, check, judge, rows, looked_at).run(batches)
        group.cancel_scope.cancel()
    result.finished = not run.draining
    result.notify()


async def _walk(
    run: JobRun, judge: Judge, own: OwnFiles, out: MemoryObjectSendStream[ScanBatch]
) -> None:
    filters = await to_thread.run_sync(TreeFilters, run.folder.filters, run.global_patterns)
    steps = in_key_order(walk(run.folder.path, own=own, watch=judge.watch, filters=filters))
    async with out:
        while not run.draining:
            await run.gate.passed()
            batches = await to_thread.run_sync(next_batches, steps)
            if not batches:
                return
            for batch in batches:
                await put(out, batch)


def next_batches(steps: Iterator[ScanBatch]) -> list[ScanBatch]:
    """The next batches: one of a slow file system, some of a fast one. Blocking."""
    batches: list[ScanBatch] = []
    end = time.monotonic() + _HOP
    for batch in islice(steps, _AT_ONCE):
        batches.append(batch)
        if time.monotonic() >= end:
            break
    return batches


async def _rows(run: JobRun, out: MemoryObjectSendStream[list[CurrentRow]]) -> None:
    after: bytes | None = None
    async with out:
        while True:
            async with run.catalogue.transaction() as tx:
                page = await files.current_page(tx, run.folder.id, after, _ROWS_PAGE)
            if not page:
                return
            await put(out, page)
            after = page[-1][KEY]
