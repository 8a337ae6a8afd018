"""file_actions: hold, leave out or retry files of the version under construction, in batches.

The catalogue selects the files; this module applies the action to a running upload: its counters,
its notices, and the files it reads. A file that a reader has already taken cannot be held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import bulk, jobs, left_out, snapshots
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import SnapshotState
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.lists.files import FileAction, FileSelection
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.run.action_gate import ActionGate
from usenetsync_tui.pipeline.run.job_run import JobRun, Progress

Changed = Sequence[tuple[bytes, int]]
"""Path and size of files."""


@value_object
class FileAct:
    """An action, the files it applies to, and how many of them one transaction takes."""

    action: FileAction
    selection: FileSelection
    batch_size: int


async def is_building(tx: Transaction, selection: FileSelection) -> bool:
    """Whether the version of a selection is under construction."""
    versions = await snapshots.of_folder(tx, selection.folder_id)
    return any(
        s.version == selection.version and s.state is SnapshotState.BUILDING for s in versions
    )


async def act(
    catalogue: Catalogue,
    what: FileAct,
    at_work: Callable[[], JobRun | None],
    done: Callable[[int], None],
) -> None:
    """Apply the action to the files of a selection; call `done` with the size of each batch.

    `at_work` returns the running upload of the folder, if there is one. `UsageError` when the
    version is finished, or when all its files are read and none can be held.
    """
    after: bytes | None = None
    while True:
        run = at_work()
        gate = run.action_gate if run is not None else None
        async with gate.stopped() if gate is not None else nullcontext():
            if gate is not None and gate.is_over:
                await _too_late(catalogue, what, gate)
                return
            batch = await _one_batch(catalogue, what, after, run)
        done(batch.seen)
        if batch.last is None:
            return
        after = batch.last


async def _too_late(catalogue: Catalogue, what: FileAct, gate: ActionGate) -> None:
    """Everything is read: the next run takes in the files that failed."""
    if what.action is not FileAction.RETRY:
        raise UsageError("Too late: the upload has already read all files.")
    gate.needs_another_run = True
    async with catalogue.transaction() as tx:
        await left_out.clear(tx, await _job_of(tx, what, None))


async def _one_batch(
    catalogue: Catalogue, what: FileAct, after: bytes | None, run: JobRun | None
) -> bulk.ActionBatch:
    gate = run.action_gate if run is not None else ActionGate()
    async with catalogue.transaction() as tx:
        if not await is_building(tx, what.selection):
            raise UsageError(f"Nothing to {what.action}: no upload is running.")
        job_id = await _job_of(tx, what, run)
        if what.action is not FileAction.RETRY:
            after = max(after or b"", gate.at) or None
        batch = await bulk.act(tx, what.selection, what.action, after, what.batch_size)
        counted = [c for c in batch.changed if gate.is_counted(path_key(c[0]))]
        if what.action is FileAction.RETRY:
            taken_in = await _take_in(tx, what, batch, job_id)
            seen = {path for path, _ in counted}
            kinds = await left_out.delete_notices(tx, job_id, list(seen))
            unseen = [path for path, _ in batch.changed if path not in seen]
            await left_out.delete_notices(tx, job_id, unseen)
        else:
            notices = _notices(what, batch.changed)
            await jobs.add_notices(tx, job_id, notices)
    if run is not None and what.action is FileAction.RETRY:
        _unfail(run.progress, [c for c in counted if c[0] in taken_in], kinds)
        gate.retries += bool(taken_in)
        gate.needs_another_run |= len(taken_in) < len(batch.changed)
    elif run is not None:
        gate.leaves_out |= bool(batch.changed)
        _fail(run.progress, counted, _notices(what, counted))
    return batch


async def _job_of(tx: Transaction, what: FileAct, run: JobRun | None) -> int:
    """The upload whose report lists the files."""
    if run is not None:
        return run.job_id
    latest = await jobs.latest_of_folder(tx, what.selection.folder_id, Verb.UPLOAD)
    if latest is None:
        raise UsageError(f"Nothing to {what.action}: no upload is running.")
    return latest


async def _take_in(
    tx: Transaction, what: FileAct, batch: bulk.ActionBatch, job_id: int
) -> frozenset[bytes]:
    """Paths of the files to be read; for the others, articles are posted again."""
    keys = {path_key(path): path for path, _ in batch.changed}
    pending = await left_out.pending(tx, what.selection.folder_id, list(keys))
    return frozenset(keys[key] for key in pending)


def _notices(what: FileAct, changed: Changed) -> list[Notice]:
    return [Notice(NoticeKind.LEFT_OUT, path, bulk.REASONS[what.action]) for path, _ in changed]


def _fail(progress: Progress, counted: Changed, notices: Sequence[Notice]) -> None:
    """Count these files as failed; the run fails those that it has not counted yet itself."""
    for _, size in counted:
        progress.failed(size)
    progress.notices += len(notices)
    progress.errors += len(notices)
    progress.latest.extend(notices)


def _unfail(progress: Progress, counted: Changed, kinds: Sequence[NoticeKind]) -> None:
    """Count these files as not done again, and take back their notices, which had `kinds`."""
    for _, size in counted:
        if progress.done_files and progress.done_bytes >= size:
            progress.done_files -= 1
            progress.done_bytes -= size
        else:  # it failed before it was counted
            progress.total_files += 1
            progress.total_bytes += size
    progress.notices -= len(kinds)
    progress.errors -= sum(kind.is_error for kind in kinds)
    gone = {path for path, _ in counted}
    latest = [n for n in progress.latest if n.path not in gone]
    progress.latest.clear()
    progress.latest.extend(latest)
