"""upload: one run of an upload job, from settling the ledger to a visible version.

Connects the stages with bounded streams. Their capacities times the segment size bound the memory;
`limits.memory_limit` lowers the capacities when segments are huge.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass
from typing import cast

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectSendStream

from usenetsync_tui.catalogue.tables import files, folders, jobs, moves, objects, snapshots
from usenetsync_tui.disk.source.own_files import OwnFiles, OwnPlace
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.model.entries import Entry, Notice, NoticeKind
from usenetsync_tui.model.figures import plural
from usenetsync_tui.model.folders import Snapshot, StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.pipeline.posting.ledger import Ledger
from usenetsync_tui.pipeline.posting.posting_lanes import capacity, outgoing
from usenetsync_tui.pipeline.posting.settle import settle
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.judge import Judge, first_look, known
from usenetsync_tui.pipeline.run.segments import PreparedItem, ReadItem, is_dense
from usenetsync_tui.pipeline.upload.compress import compress
from usenetsync_tui.pipeline.upload.give_up import why_unreadable
from usenetsync_tui.pipeline.upload.index import IndexResult, index
from usenetsync_tui.pipeline.upload.object_ids import ObjectIds
from usenetsync_tui.pipeline.upload.pack import Unit
from usenetsync_tui.pipeline.upload.pending import PASSES, Outstanding, find_units
from usenetsync_tui.pipeline.upload.plan import Planner
from usenetsync_tui.pipeline.upload.read import Reader
from usenetsync_tui.pipeline.verify.check import (
    open_source,
    see_through,
    unverified_articles,
    watch,
)

_BATCHED = 3
"""Queue of prepared segments, in capacities: one batch is planned while others are read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; `version` is the newest one that can be restored (0: none)."""

    state: JobState
    version: int
    message: str
    refusal: Refusal | None = None
    """Why the folder was refused."""


async def upload(run: JobRun, own: Collection[OwnPlace] = ()) -> Outcome:
    """Run the job until it is done, drained or failed. The files of `own` places are left out.

    Refuses a folder that is not the one of the last version (see `disk.source.guard`). Raises
    SourceError when the folder cannot be read, DatabaseUnavailableError when the catalogue is gone;
    each of these leaves a job that can be resumed.
    """
    run.progress.phase = "settle"
    async with run.catalogue.transaction() as tx:
        await jobs.clear_notices(tx, run.job_id)
        before = await snapshots.latest_finished(tx, run.folder.id)
        building = await snapshots.under_construction(tx, run.folder.id)
    what = await known(run, before, building)
    found = await first_look(run, what)
    if isinstance(found, Refusal):
        return _refused(found, before)
    async with run.catalogue.transaction() as tx:
        run.version = await snapshots.begin(tx, run.folder.id)
        await jobs.set_version(tx, run.job_id, run.version)
    judge = Judge(run, what, found, resumed=building is not None)
    run.away = await to_thread.run_sync(judge.watch.away)
    with await open_source(run) as source:
        return await _take_in(run, source, judge, own, before)


async def _take_in(
    run: JobRun,
    source: SourceTree,
    judge: Judge,
    own: Collection[OwnPlace],
    before: Snapshot | None,
) -> Outcome:
    """Read the changes of a folder that passed the first check, and make its version."""
    await _move(run)
    unanswered = ""
    for _ in range(PASSES):
        ledger = Ledger()
        async with anyio.create_task_group() as beside:
            beside.start_soon(watch, run, ledger)
            await _stream(run, ledger, source, judge, own)
            beside.cancel_scope.cancel()
        await _remember_inodes(run, source)
        unanswered = await see_through(run, source)
        # A file whose articles had to be posted again may have changed: then it is read again.
        if run.draining or not (run.place.checks and await _is_pending(run)):
            break
    refusal = run.refusal
    if refusal is None and not run.draining:
        run.progress.phase = "finish"
        await _fail_leftovers(run)
        refusal = await judge.at_the_end()
    if refusal is not None:
        await judge.withdraw()
        await run.save_progress()
        return _refused(refusal, before)
    if run.draining:
        await run.save_progress()
        return Outcome(JobState.QUEUED, before.version if before else 0, "interrupted")
    await _report_unverified(run, unanswered)
    return await _finish(run, judge, before.version if before else 0)


def _refused(refusal: Refusal, before: Snapshot | None) -> Outcome:
    version = before.version if before else 0
    return Outcome(JobState.FAILED, version, str(refusal), refusal)


async def _remember_inodes(run: JobRun, source: SourceTree) -> None:
    """Note unstable inode numbers, so that the next walk does not reopen files for them alone."""
    if source.inodes.unstable and not run.folder.unstable_inodes:
        async with run.catalogue.transaction() as tx:
            await folders.found_unstable_inodes(tx, run.folder.id)


async def _move(run: JobRun) -> None:
    """Have files read again whose articles are in another realm, too few, or too large."""
    folder, after, limit = run.folder, b"", run.limits.batch_size
    async with run.catalogue.transaction() as tx:
        placed = await moves.is_placed(tx, folder, run.version)
    while not placed:
        async with run.catalogue.transaction() as tx:
            page = await moves.strays(tx, folder, after, limit)
            await moves.read_again(tx, folder, run.version, page)
        if not page:
            break
        after = page[-1]
    on_usenet = folder.realm.store is StoreKind.USENET
    while True:
        async with run.catalogue.transaction() as tx:
            page = await moves.torn(tx, folder, limit)
            if on_usenet:
                page += await moves.oversized(tx, folder, limit)
            await moves.read_again(tx, folder, run.version, page)
        if not page:
            break
    if run.away:
        return  # files below missing mount points stay in their place until these are back
    async with run.catalogue.transaction() as tx:
        await moves.place(tx, folder, run.version)


async def _stream(
    run: JobRun, ledger: Ledger, source: SourceTree, judge: Judge, own: Collection[OwnPlace]
) -> None:
    size = capacity(run)
    units_in, units = anyio.create_memory_object_stream[Unit](size)
    read_in, read = anyio.create_memory_object_stream[ReadItem](size)
    dressed_in, dressed = anyio.create_memory_object_stream[PreparedItem](_BATCHED * size)
    scanning, planning = Stage("scan", 1), Stage("plan", 1, dressed)
    reading = Stage("read", run.crew.team("read", _readers), units)
    run.stages[:] = [scanning, reading, planning]
    # Readers prepare segments themselves, unless compression is slow: then it is a stage.
    dense = is_dense(run)
    compressing = Stage("compress", run.crew.team("compress", _compressors), read)
    if dense:
        run.stages.insert(2, compressing)
    ids, indexed = ObjectIds(run.catalogue), IndexResult()
    outstanding = Outstanding()
    # A reader that prepares its segments sends none raw.
    straight_on = cast("MemoryObjectSendStream[ReadItem]", dressed_in)
    streams = (units_in, units, read_in, read, dressed_in, dressed)
    async with outgoing(run, ledger) as postings:
        with ExitStack() as every_stream:  # a task cancelled before its first step closes none
            keep = every_stream.enter_context
            for stream in streams:
                keep(stream)
            async with anyio.create_task_group() as group:
                await settle(run, ledger, source, scanning.slots[0], postings)
                run.progress.phase = "upload"
                group.start_soon(_index, run, scanning, indexed, source, judge, own)
                group.start_soon(find_units, run, indexed, outstanding, keep(units_in.clone()))
                for number in range(reading.team.most):
                    out = read_in if dense else straight_on
                    mine = keep(out.clone())
                    reader = Reader(run, source, ids, reading, number, outstanding, mine)
                    group.start_soon(reader.work, keep(units.clone()))
                for number in range(compressing.team.most if dense else 0):
                    between = keep(read.clone()), keep(dressed_in.clone())
                    group.start_soon(compress, run, compressing, number, *between)
                planner = Planner(run, ledger, planning, outstanding, postings)
                group.start_soon(planner.work, keep(dressed.clone()))
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
    own: Collection[OwnPlace],
) -> None:
    def check(entry: Entry) -> Notice | None:
        return why_unreadable(source, entry)

    places = await to_thread.run_sync(OwnFiles, run.folder.path, own)
    with stage.slots[0].working(run.folder.path):
        await index(run, stage, indexed, check, judge, places)


async def _is_pending(run: JobRun) -> bool:
    async with run.catalogue.transaction() as tx:
        return await files.any_pending(tx, run.folder)


async def _fail_leftovers(run: JobRun) -> None:
    """Leave out files that changed in every pass, with this reason."""
    reason = f"it kept changing while it was read, {PASSES} times"
    while True:
        async with run.catalogue.transaction() as tx:
            page = await files.pending_page(tx, run.folder, b"", run.limits.batch_size)
            await files.set_failed(tx, run.folder.id, [(f.key, reason) for f in page])
        if not page:
            return
        await run.notice(*(Notice(NoticeKind.CHANGED, f.entry.path, reason) for f in page))
        for file in page:
            run.progress.failed(file.entry.size)


async def _report_unposted(run: JobRun) -> None:
    """Report files with articles that the store did not take, with the store's message."""
    after = b""
    while True:
        async with run.catalogue.transaction() as tx:
            page = await files.unposted_page(tx, run.folder.id, after, run.limits.batch_size)
        if not page:
            return
        after = page[-1][1]
        words = "one of its articles was not posted"
        await run.notice(
            *(Notice(NoticeKind.UNPOSTED, path, reply or words) for path, _, reply in page)
        )


async def _report_unverified(run: JobRun, words: str) -> None:
    """Report how many posted articles no server has clearly confirmed."""
    count = run.progress.unverified = await unverified_articles(run)
    if count:
        text = f"{plural(count, 'article')} posted, but not verified"
        await run.notice(Notice(NoticeKind.UNKNOWN, b"", f"{text}: {words}" if words else text))


async def _finish(run: JobRun, judge: Judge, before: int) -> Outcome:
    """Remove vanished files and make the version visible, or drop it when nothing changed."""
    await _report_unposted(run)
    folder, version, unverified = run.folder.id, run.version, run.progress.unverified
    errors = run.progress.errors - bool(unverified)  # unverified articles are in the version
    async with run.catalogue.transaction(durable=True) as tx:
        await judge.remove(tx)
        await judge.remember(tx)
        await objects.delete_left_behind(tx, folder)
        await snapshots.mend(tx, folder)
        if before and not await files.has_changes(tx, folder, version):
            await snapshots.discard(tx, folder, version)
            message, version = f"nothing changed since version {before}", before
        else:
            counts = await files.count_version(tx, folder, version)
            changes = await files.diff_counts(tx, folder, version)
            await snapshots.finish(
                tx, folder, version, counts, changes, errors, unwalked=run.progress.unwalked
            )
            message = f"version {version}"
    await run.save_progress()
    if errors:
        message = f"{message}, incomplete: {plural(errors, 'problem')}"
        return Outcome(JobState.INCOMPLETE, version, message)
    if unverified:
        message = f"{message}, but {plural(unverified, 'article')} not verified"
        return Outcome(JobState.INCOMPLETE, version, message)
    return Outcome(JobState.COMPLETED, version, message)
