"""Turns a run's counters into the immutable figures of a status."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from usenetsync_tui.engine.progress.rates import RateMeter
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import Job, JobState
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus, WorkerStatus
from usenetsync_tui.pipeline.run.job_run import JobRun

_T = TypeVar("_T")


def queued_figures(job: Job, folder: Folder | None) -> JobStatus:
    """The figures of a job that is not running, from its row."""
    return JobStatus(
        id=job.id,
        folder_id=job.folder_id,
        folder=folder.name if folder else str(job.folder_id),
        verb=job.verb,
        priority=job.priority,
        state=job.state,
        version=job.version,
        phase=str(job.state),
        scanned=job.state.is_over,
        entries=0,
        unchanged=0,
        total_files=job.total_files,
        done_files=job.done_files,
        total_bytes=job.total_bytes,
        done_bytes=job.done_bytes,
        posted_bytes=job.posted_bytes,
        deduplicated_bytes=job.deduplicated_bytes,
        errors=job.errors,
        current=b"",
        bytes_per_second=0.0,
        files_per_second=0.0,
        eta=None,
        elapsed=job.worked,
        message=job.message or "",
        target=job.target or b"",
        refusal=job.refusal,
    )


def running_figures(
    run: JobRun, job: Job, state: JobState, rates: RateMeter, now: float, started: float
) -> JobStatus:
    """The figures of a running job, from its run. `now` and `started`: monotonic seconds."""
    p, amounts = run.progress, run.amounts
    left = amounts.total_bytes - amounts.done_bytes - p.missed_bytes
    indexing = p.phase == "upload" and not p.scanned
    return JobStatus(
        id=job.id,
        folder_id=run.folder.id,
        folder=run.folder.name,
        verb=job.verb,
        priority=job.priority,
        state=state,
        version=run.version or None,
        phase="scan" if indexing and not p.done_bytes else p.phase,
        scanned=p.scanned,
        entries=p.entries,
        unchanged=p.unchanged,
        total_files=amounts.total_files,
        done_files=amounts.done_files,
        total_bytes=amounts.total_bytes,
        done_bytes=amounts.done_bytes,
        posted_bytes=amounts.posted_bytes,
        deduplicated_bytes=amounts.deduplicated_bytes,
        errors=p.errors,
        current=p.current,
        bytes_per_second=rates.bytes_per_second,
        files_per_second=rates.files_per_second,
        eta=rates.eta(now - started, left) if p.scanned else None,
        elapsed=amounts.worked,
        verified=p.verified,
        unverified=p.unverified,
        from_copies=p.from_copies,
        target=job.target or b"",
        missed_files=p.missed_files,
        kept_bytes=p.kept_bytes,
        deleted=p.deleted,
        waiting=run.waits.current,
        at_work=True,
    )


def reusing_equal(before: tuple[_T, ...], now: Iterable[_T]) -> tuple[_T, ...]:
    """`now`, with equal items replaced by the objects of `before`: the screen can compare by
    identity to see that nothing changed."""
    new = tuple(now)
    if len(new) != len(before):
        return new
    kept = tuple(old if old == this else this for old, this in zip(before, new, strict=True))
    return before if all(old is this for old, this in zip(before, kept, strict=True)) else kept


def run_status(before: EngineStatus, runs: Sequence[JobRun], rates: RateMeter) -> EngineStatus:
    """The previous status with the figures of the current runs, or of none.

    The last notices stay after the end of the runs.
    """
    progress = [run.progress for run in runs]
    segments = sum(p.segments for p in progress)
    stages = (replace(s.status(), job_id=run.job_id) for run in runs for s in run.stages)
    latest = [notice for p in progress for notice in p.latest]
    return replace(
        before,
        stages=reusing_equal(before.stages, stages),
        workers=reusing_equal(before.workers, workers(runs)),
        bytes_per_second=rates.bytes_per_second if runs else 0.0,
        files_per_second=rates.files_per_second if runs else 0.0,
        throughput=reusing_equal(before.throughput, rates.history),
        memory=resident_bytes(),
        in_flight=sum(p.in_flight for p in progress),
        dedupe_rate=sum(p.deduplicated_segments for p in progress) / segments if segments else 0.0,
        notices=reusing_equal(before.notices, latest) if runs else before.notices,
        notice_count=sum(p.notices for p in progress) if runs else before.notice_count,
    )


def workers(runs: Sequence[JobRun]) -> Iterator[WorkerStatus]:
    """Every worker of every stage of every run, numbered from 1."""
    slots = [(run.job_id, slot) for run in runs for stage in run.stages for slot in stage.slots]
    return (
        WorkerStatus(number, slot.stage, slot.item, slot.detail, job_id)
        for number, (job_id, slot) in enumerate(slots, 1)
    )


def resident_bytes() -> int:
    """Memory of this process in bytes: now, or the peak if the system reports only that."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
