"""New restores and verifies, of the screen's requests and of the commands.

Knows the checks of the target and of the version, and adds the job. Refuses to know who runs it:
the engine takes it from the queue, or a command runs it itself (`command_job`).
"""

from __future__ import annotations

from functools import partial

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import folders, jobs
from usenetsync_tui.catalogue.tables.snapshots import finished_version
from usenetsync_tui.disk.overlap import refuse_overlap
from usenetsync_tui.disk.source.filters.path_filter import PathFilter
from usenetsync_tui.engine.jobs.own_place import own_place
from usenetsync_tui.errors import QueuedAlreadyError, UnknownFolderError, UsageError
from usenetsync_tui.model.commands.jobs import Restore, Verify
from usenetsync_tui.model.folders import Folder, Priority
from usenetsync_tui.model.jobs import Job, Verb
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.restores.paths import MOST_PATHS, outermost
from usenetsync_tui.model.value_object import value_object

_QUEUED_ALREADY = {
    Verb.RESTORE: "That is being restored already.",
    Verb.VERIFY: "It is being verified already.",
    Verb.INDEX: "Its index is being posted already.",
}


@value_object
class NewJob:
    """A job that passed its checks, and is not in the catalogue yet."""

    folder: Folder
    verb: Verb
    version: int
    """A finished one."""
    target: bytes | None = None
    paths: tuple[bytes, ...] = ()
    choices: RestoreChoices = RestoreChoices()
    bodies: bool = False
    sample: int = 1

    def is_same(self, job: Job) -> bool:
        """Whether a job does the same work. Only a restore is of one version."""
        if (job.verb, job.folder_id) != (self.verb, self.folder.id):
            return False
        restored = self.target, self.paths, self.version, self.choices
        other = job.target, job.paths, job.version, job.choices
        return self.verb is not Verb.RESTORE or restored == other


async def new_restore(catalogue: Catalogue, wanted: Restore, *, way_out: str) -> NewJob:
    """Check a restore.

    A target that overlaps the folder is a `UsageError` that ends with `way_out`, a sentence.
    `UnknownFolderError`, `UnknownSnapshotError`, `UnknownPathError`; `UsageError` for a pattern
    that can match nothing. `SourceError`: the folder's own place is not there (`own_place`).
    """
    async with catalogue.transaction() as tx:
        folder = await folder_of(tx, wanted.folder_id)
    paths = outermost(wanted.paths, folder.path)
    if len(paths) > MOST_PATHS:
        raise UsageError(
            f"A restore takes up to {MOST_PATHS:,} paths: name the folders of the files."
        )
    PathFilter(wanted.choices.exclude)
    target = wanted.target
    if not target:
        target = await own_place(catalogue, folder, recreate=wanted.recreate)
    elif not wanted.in_place:  # outside of a transaction: no transaction waits for a disk
        await to_thread.run_sync(
            partial(refuse_overlap, wanted.target, folder.path, way_out=way_out)
        )
    from usenetsync_tui.pipeline.restore.version_paths import require_paths

    async with catalogue.transaction() as tx:
        version = await finished_version(tx, folder.id, wanted.version)
        await require_paths(tx, folder, version, paths)
    return NewJob(folder, Verb.RESTORE, version, target=target, paths=paths, choices=wanted.choices)


async def new_verify(tx: Transaction, wanted: Verify) -> NewJob:
    """Check a verify. `UnknownFolderError`, `UnknownSnapshotError` without a finished version."""
    folder = await folder_of(tx, wanted.folder_id)
    version = await finished_version(tx, folder.id, None)
    bodies = wanted.bodies or wanted.sample > 1
    return NewJob(folder, Verb.VERIFY, version, bodies=bodies, sample=wanted.sample)


async def new_index(tx: Transaction, folder: Folder) -> NewJob:
    """The posting of what is missing of a folder's index. `UnknownSnapshotError` as above."""
    return NewJob(folder, Verb.INDEX, await finished_version(tx, folder.id, None))


async def folder_of(tx: Transaction, folder_id: int) -> Folder:
    """The folder with this id. `UnknownFolderError`."""
    folder = await folders.by_id(tx, folder_id)
    if folder is None:
        raise UnknownFolderError(f"It has the number {folder_id}.")
    return folder


async def queue(tx: Transaction, new: NewJob) -> int:
    """Add a job to the queue; returns its id. `QueuedAlreadyError` if it has the same job."""
    for job in await jobs.open_jobs(tx):
        if new.is_same(job):
            raise QueuedAlreadyError(_QUEUED_ALREADY[new.verb], job.id)
    priority = new.folder.priority
    if new.verb in (Verb.RESTORE, Verb.INDEX):
        priority = urgent(priority)
    return await _add(tx, new, priority, queued=True)


async def add(tx: Transaction, new: NewJob) -> int:
    """Add a job that the caller runs itself; returns its id."""
    return await _add(tx, new, new.folder.priority, queued=False)


async def _add(tx: Transaction, new: NewJob, priority: Priority, *, queued: bool) -> int:
    return await jobs.add(
        tx,
        new.folder.id,
        new.verb,
        priority,
        target=new.target,
        paths=new.paths,
        choices=new.choices,
        version=new.version,
        bodies=new.bodies,
        sample=new.sample,
        queued=queued,
    )


def urgent(priority: Priority) -> Priority:
    """A priority above that of the folder's own uploads, for work that a user waits for."""
    return Priority(max(Priority.CRITICAL, min(Priority.HIGH, priority - 1)))
