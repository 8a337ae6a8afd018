"""The requests about a folder: back it up, restore it, verify it, act on its files."""

from __future__ import annotations

from functools import partial

from anyio import to_thread

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import bulk, folders, jobs, left_out
from usenetsync_tui.catalogue.tables.snapshots import finished_version
from usenetsync_tui.disk.source.filters import tree_filters
from usenetsync_tui.engine.jobs.new_jobs import folder_of, new_index, new_restore, new_verify, queue
from usenetsync_tui.engine.progress.tasks import Task
from usenetsync_tui.engine.requests.paths import refuse_path
from usenetsync_tui.engine.requests.retention import refuse_removed
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import SourceError, UsageError
from usenetsync_tui.model.commands.folders import Choose, FolderChoices
from usenetsync_tui.model.commands.jobs import ActOnFiles, Restore, Upload, Verify
from usenetsync_tui.model.commands.versions import ExportNzb
from usenetsync_tui.model.filters import FilterChoices, Filters
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.lists.files import FileAction
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.transitions import JobEvent
from usenetsync_tui.pipeline.upload.file_actions import FileAct, act, is_building


async def upload(working_state: WorkingState, tx: Transaction, command: Upload) -> int:
    """Queue the upload of a folder, or resume its open one; returns the job's id."""
    folder = await _keep(working_state, tx, command.path, command.choices)
    await refuse_removed(tx, folder)
    job_id = await _queue_upload(working_state, tx, folder)
    if command.allow_shrink:
        await allow_shrink(working_state, tx, job_id)
    if folder.is_public and folder.own_files:
        working_state.events.warn(
            f"{folder.name}: anyone on Usenet can read your passwords and keys"
        )
    return job_id


async def allow_shrink(working_state: WorkingState, tx: Transaction, job_id: int) -> None:
    """Let an upload, even a running one, accept that most files of its folder are gone."""
    await jobs.allow_shrink(tx, job_id)
    running = working_state.running_if(job_id)
    if running is not None:
        running.run.allow_shrink = True


async def choose(working_state: WorkingState, tx: Transaction, command: Choose) -> None:
    """Store choices for a folder; its open upload gets the priority at once."""
    folder = await folder_of(tx, command.folder_id)
    folder = await _keep(working_state, tx, folder.path, command.choices)
    open_job = await jobs.open_of_folder(tx, folder.id, Verb.UPLOAD)
    if open_job is not None and command.choices.priority is not None:
        await jobs.set_priority(tx, open_job, folder.priority)
    waits = command.choices.is_for_next_run and working_state.upload_of(folder.id) is not None
    when = ", used from its next upload on" if waits else ""
    working_state.events.info(f"{folder.name}: backup options saved{when}")


async def use_new_headers(working_state: WorkingState) -> None:
    """Make running jobs post with their folders' current newsgroups, poster and obfuscation."""
    for run in working_state.runs:
        folder = working_state.queue.folder(run.folder.id)
        if folder is None:
            continue
        before, now = run.folder.realm, folder.realm
        if now.id == before.id and now.headers != before.headers:
            run.use_headers(now, await working_state.stores.of(now))


async def restore(working_state: WorkingState, command: Restore) -> int:
    """Queue a restore, with priority over the folder's own uploads; returns the job's id."""
    if command.target or not command.in_place:
        refuse_path(command.target)
    new = await new_restore(working_state.catalogue, command, way_out="Choose another folder.")
    async with working_state.catalogue.transaction(durable=True) as tx:
        return await queue(tx, new)


async def verify(tx: Transaction, command: Verify) -> int:
    """Queue the check of every article of a folder; returns the job's id."""
    return await queue(tx, await new_verify(tx, command))


async def post_index(tx: Transaction, folder_id: int) -> int:
    """Queue the posting of what is missing of a folder's index; returns the job's id."""
    return await queue(tx, await new_index(tx, await folder_of(tx, folder_id)))


async def export(working_state: WorkingState, tx: Transaction, command: ExportNzb) -> None:
    """Start a task that writes an NZB."""
    from usenetsync_tui.engine.requests.export import export_nzb  # which few runs need

    refuse_path(command.path)
    folder = await folder_of(tx, command.folder_id)
    version = await finished_version(tx, folder.id, command.version)
    working_state.tasks.begin(
        f"NZB of {folder.name}, version {version}",
        lambda task: export_nzb(working_state.catalogue, folder, version, command, task),
    )


async def act_on_files(working_state: WorkingState, tx: Transaction, command: ActOnFiles) -> None:
    """Start to act on files. Without a version under construction, a retry makes a new one."""
    folder = await folder_of(tx, command.selection.folder_id)
    retry = command.action is FileAction.RETRY
    if retry and not await is_building(tx, command.selection):
        await _queue_unless_open(tx, folder, takes_all_in=True)
        working_state.events.info(
            f"{folder.name}: an upload of a new version retries the failed files"
        )
        return
    working_state.tasks.begin(
        f"{command.action} files of {folder.name}", partial(_act, working_state, folder, command)
    )


async def _act(
    working_state: WorkingState, folder: Folder, command: ActOnFiles, task: Task
) -> None:
    action, selection = command.action, command.selection
    async with working_state.catalogue.transaction() as tx:
        if not await is_building(tx, selection):
            raise UsageError(f"Nothing to {action}: no upload is running.")
        task.total = await bulk.count(tx, selection, action)
    task.words = f"{action} {plural(task.total, 'file')} of {folder.name}"

    def seen(count: int) -> None:
        task.done += count

    what = FileAct(action, selection, working_state.settings.limits.batch_size)
    await act(working_state.catalogue, what, lambda: working_state.upload_of(folder.id), seen)
    if action is FileAction.RETRY and working_state.upload_of(folder.id) is None:
        async with working_state.catalogue.transaction(durable=True) as tx:
            await _queue_unless_open(tx, folder, takes_all_in=False)


async def _keep(
    working_state: WorkingState, tx: Transaction, path: bytes, choices: FolderChoices
) -> Folder:
    defaults = working_state.settings.folder_defaults
    await to_thread.run_sync(_check, choices.filters)
    if not await folders.lacks_key(tx, path, choices, defaults):
        return await folders.keep(tx, path, choices, defaults)
    others = await folders.wrapped_keys(tx)
    # In a thread: a passphrase takes a second, and may be tried on several keys.
    key = await to_thread.run_sync(working_state.stores.keys.new_key, others)
    return await folders.keep(tx, path, choices, defaults, lambda: key)


def _check(choices: FilterChoices) -> None:
    """Raise `UsageError` for filters that cannot be used."""
    try:
        tree_filters.check(choices.applied_to(Filters()))
    except (SourceError, ValueError) as error:
        raise UsageError(str(error)) from error


async def _queue_upload(working_state: WorkingState, tx: Transaction, folder: Folder) -> int:
    job_id = await jobs.queue_upload(tx, folder.id, folder.priority)
    working_state.held.discard(job_id)
    running = working_state.running_if(job_id)
    if running is not None:
        await jobs.change_state(tx, job_id, JobEvent.BEGIN)
        running.resume()
    return job_id


async def _queue_unless_open(tx: Transaction, folder: Folder, *, takes_all_in: bool) -> None:
    """Queue an upload that takes in failed files, unless the folder has an open one."""
    if await jobs.open_of_folder(tx, folder.id, Verb.UPLOAD) is not None:
        return
    job_id = await jobs.queue_upload(tx, folder.id, folder.priority)
    if takes_all_in:
        await left_out.clear(tx, job_id)
