"""The figures for Prometheus, in its text format.

Names and units follow its conventions: base units (bytes, seconds, ratios), ``_total`` for
counters, which only grow while the process lives. A label is a server's name, a state, a verb, a
stage or a folder's number: never the name of a file or folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.servers.servers import ServerState
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.progress_stream.counters import Counters
from usenetsync_tui.progress_stream.figures import (
    active_connections,
    live_jobs,
    longest_eta,
    total_progress,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of the format that `exposition` writes."""


def registry(status: Callable[[], EngineStatus], counters: Counters) -> CollectorRegistry:
    """Collects the figures, and those of the process, at each scrape."""
    made = CollectorRegistry()
    made.register(_Figures(status, counters))
    ProcessCollector(registry=made)
    return made


def exposition(collected: CollectorRegistry) -> bytes:
    """All figures now, as `CONTENT_TYPE`."""
    return generate_latest(collected)


class _Figures(Collector):
    def __init__(self, status: Callable[[], EngineStatus], counters: Counters) -> None:
        self._status, self._counters = status, counters

    def describe(self) -> Iterable[Metric]:
        """Nothing: so the registry does not collect when this is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All metrics now."""
        status = self._status()
        yield from _engine(status, self._counters)
        yield from _counted(self._counters)
        yield from _servers(status)
        yield from _folders(status)


def _engine(status: EngineStatus, counters: Counters) -> Iterator[Metric]:
    live = live_jobs(status)
    yield _labelled(
        "engine_state",
        "What the engine does: 1 for its state, 0 for the others.",
        "state",
        {state: int(state is status.state) for state in EngineState},
    )
    yield _labelled(
        "jobs",
        "Jobs that are not over, by state.",
        "state",
        {
            state: sum(job.state is state for job in status.jobs)
            for state in JobState
            if not state.is_over
        },
    )
    yield _gauge("files_per_second", "Files done, over ten seconds.", status.files_per_second)
    yield _gauge(
        "throughput_bytes_per_second",
        "Source bytes done, over ten seconds.",
        status.bytes_per_second,
    )
    yield _gauge(
        "upload_bytes_per_second",
        "Payload bytes that stores acknowledged, over ten seconds.",
        counters.posted_per_second,
    )
    yield _gauge(
        "active_connections", "Connections that a request is on.", active_connections(status)
    )
    if status.pool is not None:
        yield _gauge(
            "query_duration_seconds",
            "Time of the last status query to PostgreSQL.",
            status.pool.query_ms / 1000,
        )
    yield _labelled(
        "queue_items",
        "Items waiting in front of a stage.",
        "stage",
        {stage.name: stage.depth for stage in status.stages},
    )
    yield _labelled(
        "active_workers",
        "Workers busy in a stage.",
        "stage",
        {stage.name: stage.active for stage in status.stages},
    )
    yield _gauge("memory_bytes", "Resident memory of the engine's process.", status.memory)
    yield _gauge("in_flight_bytes", "Source bytes between read and confirm.", status.in_flight)
    yield _gauge(
        "cache_hit_ratio",
        "Segments found in the catalogue, per segment planned.",
        status.dedupe_rate,
    )
    if (progress := total_progress(live)) is not None:
        yield _gauge("progress_ratio", "Share done of the jobs under way.", progress)
    if (eta := longest_eta(live)) is not None:
        yield _gauge("eta_seconds", "Time left until the jobs under way are done.", eta)


def _counted(counters: Counters) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "usenetsync_done_files", "Files done by jobs.", value=counters.done_files
    )
    yield CounterMetricFamily(
        "usenetsync_done_bytes", "Source bytes done by jobs.", value=counters.done_bytes
    )
    yield CounterMetricFamily(
        "usenetsync_posted_bytes",
        "Payload bytes that stores acknowledged.",
        value=counters.posted_bytes,
    )
    ended = CounterMetricFamily(
        "usenetsync_jobs_ended", "Jobs that ended.", labels=["verb", "state"]
    )
    for (verb, state), count in counters.ended.items():
        ended.add_metric([str(verb), str(state)], count)
    yield ended
    for name, words, counter in (
        ("bytes", "Bytes posted to and fetched from a server.", counters.server_bytes),
        ("articles", "Articles posted to and fetched from a server.", counters.server_articles),
        ("errors", "Errors of a server.", counters.server_errors),
    ):
        family = CounterMetricFamily(f"usenetsync_server_{name}", words, labels=["server"])
        for server, count in counter.items():
            family.add_metric([server], count)
        yield family


def _servers(status: EngineStatus) -> Iterator[Metric]:
    usable = (ServerState.UP, ServerState.IDLE)
    yield _labelled(
        "server_up",
        "Whether a server can be used: 0 while it is down, paused or stopped.",
        "server",
        {server.name: int(server.state in usable) for server in status.servers},
    )
    yield _labelled(
        "server_connections",
        "Open connections to a server.",
        "server",
        {server.name: server.open for server in status.servers},
    )


def _folders(status: EngineStatus) -> Iterator[Metric]:
    finished = {
        str(each.folder.id): each.latest.finished_at.timestamp()
        for each in status.folders
        if each.latest is not None and each.latest.finished_at is not None
    }
    yield _labelled(
        "folder_last_version_timestamp_seconds",
        "When the newest version of a folder was finished, in Unix time.",
        "folder_id",
        finished,
    )


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"usenetsync_{name}", words, value=value)


def _labelled(name: str, words: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"usenetsync_{name}", words, labels=[label])
    for key, value in values.items():
        family.add_metric([str(key)], value)
    return family
