"""Everything that a user can ask of a running engine: one `match`.

An impossible request is a `UsageError`; a long one becomes a task, beside the jobs.
"""

from __future__ import annotations

from collections.abc import Collection

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.engine.requests import (
    catalogue,
    folders,
    keeping,
    moved_folder,
    retention,
    secret,
    servers,
)
from usenetsync_tui.engine.requests.mailbox import Letter
from usenetsync_tui.engine.requests.paths import refuse_path
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.engine import (
    BackUpDatabase,
    ChangeKey,
    Drain,
    RestoreDatabase,
    ShowKey,
)
from usenetsync_tui.model.commands.folders import (
    Choose,
    MoveFolder,
    PreviewFilters,
    RemoveFolder,
    SetKeepRules,
    StopPreview,
)
from usenetsync_tui.model.commands.jobs import (
    MOST_WORKERS,
    ActOnFiles,
    Cancel,
    Forget,
    Pause,
    PauseAll,
    PostIndex,
    Restore,
    Resume,
    ResumeAll,
    Retry,
    SetPriority,
    SetWorkers,
    Upload,
    Verify,
)
from usenetsync_tui.model.commands.recovery import (
    Adopt,
    LookByString,
    RestoreByString,
    Share,
    StopAdopting,
    StopSharing,
    StopStringRestore,
    WriteString,
)
from usenetsync_tui.model.commands.servers import (
    AddServer,
    LimitBandwidth,
    LimitFetching,
    PauseServer,
    ResumeServer,
    SetConnections,
    TestServer,
)
from usenetsync_tui.model.commands.versions import (
    ExportNzb,
    PreviewRestore,
    ProtectVersions,
    TagVersion,
)
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.transitions import JOBS, JobEvent


async def obey(working_state: WorkingState, letter: Letter) -> int | None:
    """Carry out a command, or begin to, and answer; returns the job that it made or changed.

    Raises why it is refused (`UsageError`, `EngineBusyError`), and errors that end the engine.
    """
    command = letter.command
    match command:
        case Adopt():
            working_state.adoptions.begin(command, done=letter.done, refused=letter.refused)
        case ChangeKey():  # one transaction of its own, between files
            letter.done(await secret.change(working_state, command))
        case MoveFolder():  # no transaction waits for the disk where the folder is
            moved = await moved_folder.move(working_state, command)
            await working_state.queue.refresh()
            letter.done(moved)
        case SetKeepRules():
            effect = await keeping.set_rules(
                working_state.catalogue, command, working_state.settings.keep_rules
            )
            await working_state.queue.refresh()
            working_state.events.info(f"{effect.folder}: keep rules saved")
            letter.done(effect)
        case TagVersion():
            letter.done(await keeping.tag(working_state.catalogue, command))
        case ProtectVersions():
            letter.done(await keeping.protect(working_state.catalogue, command))
        case RestoreDatabase():  # it replaces what the others change
            found = await catalogue.restore(working_state, command)
            await working_state.queue.refresh()
            letter.done(found)
        case _:
            job_id = await _obey(working_state, command)
            letter.obeyed(job_id)
            return job_id
    return None


async def _obey(working_state: WorkingState, command: Command) -> int | None:
    """Carry out a command that has no result."""
    match command:
        case Drain():
            drain(working_state)
        case AddServer(server):  # no transaction waits for a disk
            await servers.add(working_state, server)
        case BackUpDatabase():
            catalogue.begin_backup(working_state, command)
        case ShowKey():
            await secret.show(working_state)
        case StopAdopting():
            working_state.adoptions.stop()
        case LookByString():
            working_state.string_searches.begin(command)
        case RestoreByString():
            refuse_path(command.target)
            working_state.string_restores.begin(command)
        case StopStringRestore():
            working_state.string_restores.stop()
        case PreviewFilters():
            working_state.previews.begin(command)
        case PreviewRestore(restore):
            if command.string:
                refuse_path(restore.target)
            await working_state.restore_previews.begin(command)
        case StopPreview(window):
            working_state.previews.stop(window)
            working_state.restore_previews.stop(window)
        case Share() | WriteString() | StopSharing():
            _share(working_state, command)
        case _:
            return await _change_queue(working_state, command)
    return None


async def _change_queue(working_state: WorkingState, command: Command) -> int | None:
    """Carry out a command after which jobs may begin, end, or run otherwise."""
    if isinstance(command, Upload):  # no transaction waits for the disk of the source
        await moved_folder.refuse_known(working_state, command)
    if isinstance(command, Restore):  # nor for that of the target
        job_id: int | None = await folders.restore(working_state, command)
    else:
        async with working_state.catalogue.transaction(durable=True) as tx:
            job_id = await _change_rows(working_state, tx, command)
    await working_state.queue.refresh()
    await folders.use_new_headers(working_state)
    working_state.give_way()
    return job_id


def drain(working_state: WorkingState) -> None:
    """Finish the articles in flight, and start nothing new."""
    working_state.draining = True
    for run in working_state.runs:
        run.drain()
    working_state.string_restores.stop()


async def _change_rows(
    working_state: WorkingState, tx: Transaction, command: Command
) -> int | None:
    match command:
        case Upload():
            return await folders.upload(working_state, tx, command)
        case Choose():
            await folders.choose(working_state, tx, command)
        case Verify():
            return await folders.verify(tx, command)
        case PostIndex(folder_id):
            return await folders.post_index(tx, folder_id)
        case Forget():
            return await retention.forget(tx, command)
        case RemoveFolder():
            return await retention.remove(tx, command)
        case ExportNzb():
            await folders.export(working_state, tx, command)
        case ActOnFiles():
            await folders.act_on_files(working_state, tx, command)
        case Pause(job_id):
            working_state.held.discard(job_id)
            await _change(tx, job_id, JobEvent.PAUSE)
            if running := working_state.running_if(job_id):
                running.pause()
            return job_id
        case Resume(job_id):
            working_state.held.discard(job_id)
            await _change(tx, job_id, JobEvent.RESUME)
            await _go_on(working_state, tx, {job_id})
            return job_id
        case Cancel(job_id):
            working_state.held.discard(job_id)
            if running := working_state.running_if(job_id):
                running.cancel()
            else:
                await _change(tx, job_id, JobEvent.CANCEL)
            return job_id
        case Retry(job_id, allow_shrink):
            await _change(tx, job_id, JobEvent.RETRY)
            if allow_shrink:
                await folders.allow_shrink(working_state, tx, job_id)
            return job_id
        case SetPriority(job_id, priority):
            await jobs.set_priority(tx, job_id, priority)
            return job_id
        case PauseAll():
            await jobs.change_all(tx, JobEvent.PAUSE)
            working_state.held.clear()
            for life in working_state.running.values():
                life.pause()
        case ResumeAll():
            working_state.held.clear()
            await _go_on(working_state, tx, await jobs.change_all(tx, JobEvent.RESUME))
        case TestServer(server):
            working_state.trials.begin(
                server, working_state.settings.newsgroups, working_state.settings.poster
            )
        case _:
            _set(working_state, command)
    return None


def _share(working_state: WorkingState, command: Share | WriteString | StopSharing) -> None:
    match command:
        case Share(folder_id, passphrase, window):
            working_state.shared.begin(folder_id, passphrase, window)
        case WriteString(path, window):
            working_state.shared.write(path, window)
        case StopSharing(window):
            working_state.shared.end(window)


def _set(working_state: WorkingState, command: Command) -> None:
    """Change a setting until this engine ends, without saving it."""
    stores = working_state.stores
    match command:
        case SetWorkers(count):
            if not 1 <= count <= MOST_WORKERS:
                raise UsageError(f"There can be 1 to {MOST_WORKERS} workers.")
            working_state.workers = count
            working_state.share_workers()
        case SetConnections(server, count):
            stores.set_connections(server, count)
        case PauseServer(server):
            stores.hold(server)
            working_state.events.info(f"server {server} is paused by you")
        case ResumeServer(server):
            stores.release(server)
            working_state.events.info(f"server {server} is resumed")
        case LimitBandwidth(bytes_per_second, ""):
            stores.limit_bandwidth(bytes_per_second)
        case LimitBandwidth(bytes_per_second, server):
            stores.limit_server(server, bytes_per_second)
        case LimitFetching(bytes_per_second, ""):
            stores.limit_fetching(bytes_per_second)
        case LimitFetching(bytes_per_second, server):
            stores.limit_fetching_from(server, bytes_per_second)


async def _change(tx: Transaction, job_id: int, event: JobEvent) -> None:
    """Change a job's state, unless it has it already. `UsageError` for an impossible change."""
    if await jobs.change_state(tx, job_id, event):
        return
    job = await jobs.by_id(tx, job_id)
    if job is None:
        raise UsageError("There is no such job.")
    state = JOBS.result(event)
    if job.state is not state and not (state is JobState.QUEUED and not job.state.is_over):
        raise UsageError(f"The {job.verb} is {job.state}.")


async def _go_on(working_state: WorkingState, tx: Transaction, job_ids: Collection[int]) -> None:
    """Resume those of these jobs that run and are paused."""
    for job_id in job_ids:
        if (life := working_state.running_if(job_id)) is not None:
            await jobs.change_state(tx, job_id, JobEvent.BEGIN)
            life.resume()
