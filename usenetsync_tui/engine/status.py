"""Composes the engine's status, an immutable value, from its parts.

Unchanged parts stay the same objects, so that the screen can compare by identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from usenetsync_tui.engine.progress.figures import run_status, same
from usenetsync_tui.engine.queue import JobQueue
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status import (
    EngineState,
    EngineStatus,
    Event,
    Examination,
    FolderStatus,
    JobStatus,
    PoolStatus,
)
from usenetsync_tui.model.waiting import Waiting


def composed(
    before: EngineStatus,
    *,
    state: EngineState | None,
    message: str,
    waiting: Waiting | None,
    shift: WorkingState | None,
    queue: JobQueue | None,
    pool: PoolStatus | None,
    database: str,
    events: tuple[Event, ...],
    read_only: bool,
    examination: Examination | None,
) -> EngineStatus:
    """The status after `before`. `state` is None while `shift`, which knows it, is set."""
    figures = shift.measure() if shift is not None else None
    now = replace(
        before,
        state=_state(shift) if state is None and shift is not None else state or before.state,
        message=message,
        waiting=waiting,
        pool=pool,
        database=database,
        events=events,
        read_only=read_only,
        examination=examination,
    )
    if queue is not None:
        now = replace(
            now,
            jobs=same(before.jobs, (_current(job, figures) for job in queue.shown)),
            folders=same(before.folders, _folders(queue, figures)),
        )
    if shift is None:
        return now
    stores, run = shift.stores, shift.run
    return replace(
        run_status(now, run, shift.rates),
        servers=same(before.servers, stores.statuses),
        bandwidth_limit=stores.bandwidth_limit,
        fetch_limit=stores.fetch_limit,
        tasks=shift.tasks.statuses,
        trial=shift.trials.trial,
        workers_allowed=_workers(shift),
        limits=shift.settings.limits,
        folder_defaults=shift.settings.folder_defaults,
    )


def _state(shift: WorkingState) -> EngineState:
    if shift.draining:
        return EngineState.DRAINING
    if shift.at_work is not None:
        return EngineState.PAUSED if shift.at_work.is_paused else EngineState.RUNNING
    held = [job for job in shift.queue.open if job.state is JobState.PAUSED]
    return EngineState.PAUSED if held and len(held) == len(shift.queue.open) else EngineState.IDLE


def _workers(shift: WorkingState) -> int:
    if shift.run is not None:
        return shift.run.crew.allowed
    return shift.workers or shift.settings.limits.max_workers


def _current(job: JobStatus, figures: JobStatus | None) -> JobStatus:
    """The running job's figures, instead of those of its row."""
    return figures if figures is not None and figures.id == job.id else job


def _folders(queue: JobQueue, figures: JobStatus | None) -> Iterator[FolderStatus]:
    for standing in queue.folders:
        mine = figures is not None and figures.folder_id == standing.folder.id
        yield replace(standing, job=figures) if mine else standing
