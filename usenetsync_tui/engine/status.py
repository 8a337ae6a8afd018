"""Composes the engine's status, an immutable value, from its parts.

Unchanged parts stay the same objects, so that the screen can compare by identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from usenetsync_tui.engine.progress.figures import reusing_equal, run_status
from usenetsync_tui.engine.queue import JobQueue
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.engine import EngineState, EngineStatus, PoolStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.status.tasks import Event, Examination
from usenetsync_tui.model.waiting import Waiting
from usenetsync_tui.model.windows import Window


def composed(
    before: EngineStatus,
    *,
    state: EngineState | None,
    message: str,
    waiting: Waiting | None,
    working_state: WorkingState | None,
    queue: JobQueue | None,
    pool: PoolStatus | None,
    database: str,
    events: tuple[Event, ...],
    read_only: bool,
    examination: Examination | None,
    windows: tuple[Window, ...],
) -> EngineStatus:
    """The status after `before`. `state` is None while `working_state`, which knows it, is set."""
    figures = working_state.measure() if working_state is not None else {}
    now = replace(
        before,
        state=_state(working_state)
        if state is None and working_state is not None
        else state or before.state,
        message=message,
        waiting=waiting,
        pool=pool,
        database=database,
        events=events,
        read_only=read_only,
        examination=examination,
        windows=windows,
    )
    if queue is not None:
        now = replace(
            now,
            jobs=reusing_equal(before.jobs, (figures.get(job.id, job) for job in queue.shown)),
            folders=reusing_equal(before.folders, _folders(queue, figures)),
        )
    if working_state is None:
        return now
    stores = working_state.stores
    return replace(
        run_status(now, working_state.runs, working_state.rates),
        held=reusing_equal(before.held, sorted(working_state.held)),
        servers=reusing_equal(before.servers, stores.statuses),
        bandwidth_limit=stores.bandwidth_limit,
        fetch_limit=stores.fetch_limit,
        tasks=working_state.tasks.statuses,
        trial=working_state.trials.trial,
        sharing=working_state.shared.sharing,
        adopting=working_state.adoptions.adopting,
        string_versions=working_state.string_searches.versions,
        string_restore=working_state.string_restores.status,
        preview=working_state.previews.preview,
        restore_preview=working_state.restore_previews.preview,
        workers_allowed=_workers(working_state),
        limits=working_state.settings.limits,
        folder_defaults=working_state.settings.folder_defaults,
        keep_rules=working_state.settings.keep_rules,
    )


def _state(working_state: WorkingState) -> EngineState:
    if working_state.draining:
        return EngineState.DRAINING
    if lives := working_state.running.values():
        is_paused = all(life.is_paused for life in lives)
        return EngineState.PAUSED if is_paused else EngineState.RUNNING
    held = [job for job in working_state.queue.open if job.state is JobState.PAUSED]
    return (
        EngineState.PAUSED
        if held and len(held) == len(working_state.queue.open)
        else EngineState.IDLE
    )


def _workers(working_state: WorkingState) -> int:
    if runs := working_state.runs:
        return sum(run.worker_counts.allowed for run in runs)
    return working_state.workers or working_state.settings.limits.max_workers


def _folders(queue: JobQueue, figures: Mapping[int, JobStatus]) -> Iterator[FolderStatus]:
    def now(job: JobStatus | None) -> JobStatus | None:
        return job if job is None else figures.get(job.id, job)

    for standing in queue.folders:
        yield replace(
            standing,
            job=now(standing.job),
            backup=now(standing.backup),
            errand=now(standing.errand),
        )
