"""Everything that a user can ask of a running engine: one `match`.

An impossible request is a `UsageError`; a long one becomes a task, beside the jobs.
"""

from __future__ import annotations

from collections.abc import Collection

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.engine.requests import folders, servers
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands import (
    MOST_WORKERS,
    ActOnFiles,
    AddServer,
    Cancel,
    Choose,
    Command,
    Drain,
    ExportNzb,
    LimitBandwidth,
    LimitFetching,
    Pause,
    PauseAll,
    PauseServer,
    Restore,
    Resume,
    ResumeAll,
    ResumeServer,
    Retry,
    SetConnections,
    SetPriority,
    SetWorkers,
    TestServer,
    Upload,
    Verify,
)
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.transitions import JOBS, JobEvent


async def obey(shift: WorkingState, command: Command) -> None:
    """Carry out a command, or begin to. Raises `UsageError`, and errors that end the engine."""
    if isinstance(command, Drain):
        drain(shift)
        return
    if isinstance(command, AddServer):  # no transaction waits for a disk
        await servers.add(shift, command.server)
        return
    if isinstance(command, Restore):  # nor for the disk of the target
        await folders.restore(shift, command)
    else:
        async with shift.catalogue.transaction(durable=True) as tx:
            await _obey(shift, tx, command)
    await shift.queue.refresh()
    await folders.redress(shift)
    shift.give_way()


def drain(shift: WorkingState) -> None:
    """Finish the articles in flight, and start nothing new."""
    shift.draining = True
    if shift.run is not None:
        shift.run.drain()


async def _obey(shift: WorkingState, tx: Transaction, command: Command) -> None:
    match command:
        case Upload():
            await folders.upload(shift, tx, command)
        case Choose():
            await folders.choose(shift, tx, command)
        case Verify():
            await folders.verify(tx, command)
        case ExportNzb():
            await folders.export(shift, tx, command)
        case ActOnFiles():
            await folders.act_on_files(shift, tx, command)
        case Pause(job_id):
            await _change(tx, job_id, JobEvent.PAUSE)
            if mine := shift.is_at_work_on(job_id):
                mine.pause()
        case Resume(job_id):
            await _change(tx, job_id, JobEvent.RESUME)
            await _go_on(shift, tx, {job_id})
        case Cancel(job_id):
            if mine := shift.is_at_work_on(job_id):
                mine.cancel()
            else:
                await _change(tx, job_id, JobEvent.CANCEL)
        case Retry(job_id, allow_shrink):
            await _change(tx, job_id, JobEvent.RETRY)
            if allow_shrink:
                await folders.allow_shrink(shift, tx, job_id)
        case SetPriority(job_id, priority):
            await jobs.set_priority(tx, job_id, priority)
        case PauseAll():
            await jobs.change_all(tx, JobEvent.PAUSE)
            if shift.at_work is not None:
                shift.at_work.pause()
        case ResumeAll():
            await _go_on(shift, tx, await jobs.change_all(tx, JobEvent.RESUME))
        case TestServer(server):
            shift.trials.begin(server, shift.settings.newsgroups, shift.settings.poster)
        case _:
            _set(shift, command)


def _set(shift: WorkingState, command: Command) -> None:
    """Change a setting until this engine ends, without saving it."""
    stores = shift.stores
    match command:
        case SetWorkers(count):
            if not 1 <= count <= MOST_WORKERS:
                raise UsageError(f"There can be 1 to {MOST_WORKERS} workers.")
            shift.workers = count
            if shift.run is not None:
                shift.run.crew.allowed = count
        case SetConnections(server, count):
            stores.set_connections(server, count)
        case PauseServer(server):
            stores.hold(server)
            shift.events.info(f"server {server} is paused by you")
        case ResumeServer(server):
            stores.release(server)
            shift.events.info(f"server {server} is resumed")
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


async def _go_on(shift: WorkingState, tx: Transaction, job_ids: Collection[int]) -> None:
    """Resume the running job, if it is among these and paused."""
    mine = shift.at_work
    if mine is not None and mine.job.id in job_ids:
        await jobs.change_state(tx, mine.job.id, JobEvent.BEGIN)
        mine.go_on()
