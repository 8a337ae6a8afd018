"""The requests to forget versions of a folder, or all of it: marked at once, erased by a job.

Refuses to know what is deleted, and in which order (`pipeline.forget`).
"""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.catalogue.tables.forgetting import versions
from usenetsync_tui.engine.jobs.new_jobs import folder_of, urgent
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands.folders import RemoveFolder
from usenetsync_tui.model.commands.jobs import Forget
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.transitions import JobEvent


async def forget(tx: Transaction, command: Forget) -> int:
    """Mark versions as forgotten; returns the job that deletes what only they need.

    An open job of the folder takes them up, too. Raises as `versions.mark`.
    """
    folder = await folder_of(tx, command.folder_id)
    if not command.versions:
        raise UsageError("Name the versions to forget.")
    await refuse_removed(tx, folder)
    await versions.mark(tx, folder.id, command.versions)
    return await _queue(tx, folder, Verb.FORGET)


async def remove(tx: Transaction, command: RemoveFolder) -> int:
    """Mark a folder as removed; returns the job that deletes all that it has.

    `UsageError` while a job of it is open, other than one that deletes.
    """
    folder = await folder_of(tx, command.folder_id)
    await versions.mark_all(tx, folder.id)
    open_job = await jobs.open_of_folder(tx, folder.id, Verb.FORGET)
    if open_job is not None:
        await jobs.change_state(tx, open_job, JobEvent.CANCEL)
    return await _queue(tx, folder, Verb.REMOVE)


async def refuse_removed(tx: Transaction, folder: Folder) -> None:
    """`UsageError` for a folder that is being removed."""
    if await versions.is_removed(tx, folder.id):
        raise UsageError(
            f"{folder.name} is being removed: wait until its job is over, or retry that job."
        )


async def _queue(tx: Transaction, folder: Folder, verb: Verb) -> int:
    open_job = await jobs.open_of_folder(tx, folder.id, verb)
    if open_job is not None:
        await jobs.change_state(tx, open_job, JobEvent.RESUME)
        return open_job
    return await jobs.add(tx, folder.id, verb, urgent(folder.priority), queued=True)
