"""What ``/progress`` sends: each job, and the twelve figures of SystemMetrics.

Pure. Everything comes from an `EngineStatus` and the `Counters` made of statuses; a figure that is
not known is null.
"""

from __future__ import annotations

import json
import os
from typing import Any

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.progress_stream.counters import Counters

PROTOCOL = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""
_LIVE = (JobState.RUNNING, JobState.PAUSED)
_MOST_JOBS = 100
"""Jobs in one message: the newest ones of a longer queue."""


def message(status: EngineStatus, counters: Counters) -> bytes:
    """The JSON text of one message, in ASCII: ``protocol state jobs metrics``.

    `jobs` are the open ones and those that ended since the engine began. Bytes of names that are
    not UTF-8 are surrogate escapes, as ``\\udcff``.
    """
    jobs = [job for job in status.jobs if job.id in counters.followed]
    shown = {
        "protocol": PROTOCOL,
        "state": status.state,
        "waiting": None if status.waiting is None else safe_name(str(status.waiting)),
        "jobs": [job_figures(job) for job in jobs[-_MOST_JOBS:]],
        "metrics": system_metrics(status, counters),
    }
    return json.dumps(shown, separators=(",", ":")).encode("ascii")


def job_figures(job: JobStatus) -> dict[str, Any]:
    """One job, with the keys that `upload --json` has too.

    `current` and `total` are source bytes, `file` the path in hand, `phase` what it does in a word,
    `throughput` bytes a second, `eta` seconds or null.
    """
    return {
        "job": job.id,
        "verb": job.verb,
        "folder": job.folder,
        "state": job.state,
        "current": job.done_bytes,
        "total": job.total_bytes,
        "file": _text(job.current),
        "phase": job.phase,
        "throughput": round(job.bytes_per_second, 1),
        "eta": _rounded(job.eta),
        "files": job.done_files,
        "total_files": job.total_files,
        "scanned": job.scanned,
        "errors": job.errors,
    }


def system_metrics(status: EngineStatus, counters: Counters) -> dict[str, Any]:
    """The twelve figures.

    `filesPerSecond`  files done, a second, over ten seconds (`EngineStatus.files_per_second`)
    `throughputMbps`  source bytes done, in 10^6 bits a second (`EngineStatus.bytes_per_second`)
    `activeConnections`  connections that a request is on: of all servers, or to PostgreSQL (`pool`)
                      while there is no server
    `queryTime`       milliseconds of the last status query (`PoolStatus.query_ms`); null before it
    `uploadSpeed`     payload bytes acknowledged by stores, a second, over ten seconds (`Counters`)
    `queueDepth`      items waiting in front of all stages
    `activeWorkers`   workers busy in all stages
    `memoryUsage`     resident bytes of the engine's process
    `cacheHitRate`    segments found in the catalogue per segment planned, 0…1
    `currentFile`     the path in hand of the running job; null when no job runs
    `totalProgress`   source bytes done per byte of all jobs that run or are paused, 0…1; null when
                      there is none, or its total is not known yet
    `eta`             seconds until the last of these jobs ends; null while one does not know
    """
    live = live_jobs(status)
    return {
        "filesPerSecond": round(status.files_per_second, 1),
        "throughputMbps": round(status.bytes_per_second * 8 / 1e6, 3),
        "activeConnections": active_connections(status),
        "queryTime": None if status.pool is None else round(status.pool.query_ms, 3),
        "uploadSpeed": round(counters.posted_per_second, 1),
        "queueDepth": sum(stage.depth for stage in status.stages),
        "activeWorkers": sum(stage.active for stage in status.stages),
        "memoryUsage": status.memory,
        "cacheHitRate": round(status.dedupe_rate, 4),
        "currentFile": _text(live[0].current) if live else None,
        "totalProgress": total_progress(live),
        "eta": _rounded(longest_eta(live)),
    }


def live_jobs(status: EngineStatus) -> list[JobStatus]:
    """The jobs that run, then those that are paused in the middle."""
    if status.state in (EngineState.STOPPED, EngineState.FAILED):
        return []
    found = [job for job in status.jobs if job.state in _LIVE and job.elapsed]
    return sorted(found, key=lambda job: job.state is JobState.PAUSED)


def active_connections(status: EngineStatus) -> int:
    """Connections that a request is on."""
    if status.servers:
        return sum(server.busy for server in status.servers)
    return status.pool.in_use if status.pool is not None else 0


def total_progress(live: list[JobStatus]) -> float | None:
    """The share of the live jobs that is done, 0…1; None while it is not known."""
    total = sum(job.total_bytes for job in live)
    if not total or not all(job.scanned for job in live):
        return None
    return round(min(1.0, sum(job.done_bytes for job in live) / total), 4)


def longest_eta(live: list[JobStatus]) -> float | None:
    """Seconds until all live jobs are done; None while one of them does not know."""
    known = [job.eta for job in live if job.eta is not None]
    return max(known) if known and len(known) == len(live) else None


def _text(path: bytes) -> str:
    return os.fsdecode(path)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
