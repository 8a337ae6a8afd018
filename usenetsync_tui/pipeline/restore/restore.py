"""restore: writes a version of a folder, or a part of it, into a target.

Rows come in pages in path order; files of one pack are written from one fetch. Files that are
already right in the target are left alone; files that a killed restore left half-written are
continued segment by segment. Every file is compared with its own digest before it gets its name. A
file that cannot be fetched or written is listed with its reason, and the others continue; a target
that cannot be written any more ends the restore. Further names of a file come when all files are
there (`hard_links`). Directories get their owners, modes and times
last, children before parents.

What the version does not have is deleted in between, if the user wants that: see `surplus`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

import anyio
from anyio import from_thread, to_thread
from anyio.lowlevel import current_token
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from usenetsync_tui.catalogue.tables import segments, version_files
from usenetsync_tui.catalogue.tables.metadata import metadata
from usenetsync_tui.catalogue.tables.version_files import Span, VersionRow
from usenetsync_tui.disk.restored.names import STEM
from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.pipeline.restore.directories import finish_directories
from usenetsync_tui.pipeline.restore.files import Group, RestoreContext, Restorer
from usenetsync_tui.pipeline.restore.hard_links import restore_links, waits, within
from usenetsync_tui.pipeline.restore.owners import localized, owners_here
from usenetsync_tui.pipeline.restore.surplus import delete
from usenetsync_tui.pipeline.restore.target_parts import TargetParts
from usenetsync_tui.pipeline.restore.version_names import VersionNames
from usenetsync_tui.pipeline.restore.version_paths import require_paths, spans_of
from usenetsync_tui.pipeline.run.fetch_lanes import FetchLanes
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage, WorkerSlot
from usenetsync_tui.pipeline.run.worker_counts import most_lanes

_QUEUE = 8
_MANY = 2_000
"""Files for which it pays to start processes that make them."""


async def restore(
    run: JobRun,
    target: TargetTree,
    paths: Sequence[bytes],
    parts: TargetParts,
    *,
    owns_target: bool,
) -> None:
    """Restore what `run.version` has at and below some paths into an opened target.

    `paths`: relative, none below another; without one, everything. `parts`: the same part, with the
    choices for it. `owns_target`: restore the root's own owner, mode and mtime too. Raises
    `UnknownPathError` when the version lacks a path, `TargetError` when the target cannot be
    written any more, SourceError when the folder's filters cannot be read and something is to be
    deleted, and `DatabaseUnavailableError`; a problem with one file is a notice.
    """
    began_ns = time.time_ns()
    progress, spans = run.progress, spans_of(run.folder.id, run.version, paths)
    progress.phase = "restore"
    await to_thread.run_sync(parts.check)
    async with run.catalogue.transaction() as tx:
        await require_paths(tx, run.folder, run.version, paths)
    for span in spans:
        await _count(run, span, parts)
    progress.scanned = True
    await _prepare(run, target)
    if progress.total_files >= _MANY:
        await to_thread.run_sync(target.start_writers)
    shared = RestoreContext(run, target, parts)
    if not parts.choices.numeric_ids:
        async with run.catalogue.transaction() as tx:
            shared.owners = await owners_here(tx, run.folder.id)
    try:
        await _restore_files(shared, spans)
        if parts.choices.delete and not shared.is_over():
            progress.phase = "delete"
            await delete(shared, spans, began_ns)
        if not shared.is_over():
            progress.phase = "finish"
            await finish_directories(shared, spans, paths, owns_target=owns_target)
            await to_thread.run_sync(target.sync)
    finally:
        await shared.report.end()
    if shared.failure is not None:
        raise shared.failure


async def _count(run: JobRun, span: Span, parts: TargetParts) -> None:
    """Add a span's files and bytes to the totals, those that are not excluded."""
    progress = run.progress
    if not parts.excludes_any:
        async with run.catalogue.transaction() as tx:
            count, size = await version_files.version_totals(tx, span)
        progress.total_files += count
        progress.total_bytes += size
        return
    while not run.draining:
        async with run.catalogue.transaction() as tx:
            page = await version_files.version_sizes(tx, span, run.limits.batch_size)
        if not page:
            return
        for _, path, kind, size in page:
            if kind == FileKind.REGULAR and not parts.excludes(path):
                progress.total_files += 1
                progress.total_bytes += size
        span = replace(span, start=page[-1][0] + b"\0")


async def _restore_files(shared: RestoreContext, parts: list[Span]) -> None:
    run = shared.run
    groups_in, groups = anyio.create_memory_object_stream[Group](_QUEUE)
    listing = Stage("list", 1)
    # Each worker may hold the segment of a pack.
    workers = min(run.limits.max_workers, most_lanes(run.limits))
    writing = Stage("restore", workers, groups)
    with ExitStack() as every_stream:  # a task cancelled before its first step closes none
        async with anyio.create_task_group() as group:
            shared.lanes = FetchLanes(run, group, shared.is_over)
            run.stages[:] = [listing, writing, shared.lanes.stage]
            left = workers

            async def work(slot: WorkerSlot, mine: MemoryObjectReceiveStream[Group]) -> None:
                nonlocal left
                restorer = Restorer(shared, slot, writing)
                await restorer.work(mine)
                left -= 1
                if not left:
                    await restore_links(shared, within(parts, shared.parts), restorer)
                    shared.lanes.close()

            for slot in writing.slots:
                group.start_soon(work, slot, every_stream.enter_context(groups.clone()))
            groups.close()
            await _hand_out(shared, parts, groups_in)


async def _prepare(run: JobRun, target: TargetTree) -> None:
    """Choose temporary names that no path has, and let the target look up the version's paths."""
    stem, number = STEM, 0
    async with run.catalogue.transaction() as tx:
        # No path of the whole folder: the target may already hold other parts of it.
        while await version_files.has_text(tx, run.folder.id, stem.decode()):
            number += 1
            stem = b"%s%d-" % (STEM, number)  # a resumed restore finds the same names
        is_exact = await metadata.tells_all(tx, run.folder.id, run.version)
    names, loop = VersionNames(run), current_token()
    # Threads of the stores ask, too, which are not anyio's.
    target.serve(
        stem, lambda real: from_thread.run(names.owner, real, token=loop), is_exact=is_exact
    )


async def _hand_out(
    shared: RestoreContext, parts: list[Span], out: MemoryObjectSendStream[Group]
) -> None:
    """Send rows grouped by object; the last group of a page continues in the next page."""
    open_groups: dict[int | None, Group] = {}
    async with out:
        for span in parts:
            async for page in pages(shared, span):
                last: int | None = None
                for row in page:
                    if shared.parts.excludes(row.path) or waits(shared, row):
                        continue
                    last = row.object_id
                    if (group := open_groups.get(last)) is None:
                        group = open_groups[last] = Group(last, [])
                    group.rows.append(row)
                going_on = open_groups.pop(last) if last is not None else None
                await _send(shared, list(open_groups.values()), out)
                open_groups = {last: going_on} if going_on else {}
        await _send(shared, list(open_groups.values()), out)


async def _send(
    shared: RestoreContext, groups: Sequence[Group], out: MemoryObjectSendStream[Group]
) -> None:
    packs = [g.object_id for g in groups if g.object_id is not None and g.is_pack]
    copies: dict[int, list[Segment]] = {}
    if packs and not shared.is_over():
        async with shared.run.catalogue.transaction() as tx:
            copies = await segments.of_packs(tx, packs)
    for group in groups:
        group.copies = copies.get(group.object_id or 0, ())
        await shared.run.gate.passed()
        if not shared.is_over():
            await out.send(group)


async def pages(shared: RestoreContext, span: Span) -> AsyncIterator[list[VersionRow]]:
    """A span's rows, a batch at a time."""
    run = shared.run
    while not shared.is_over():
        async with run.catalogue.transaction() as tx:
            page = await version_files.version_page(tx, span, run.limits.batch_size)
        if not page:
            return
        yield [localized(row, shared.owners) for row in page]
        span = replace(span, start=page[-1].key + b"\0")
