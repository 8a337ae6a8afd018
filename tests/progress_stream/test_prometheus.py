"""``/metrics`` as Prometheus reads it, ``/healthz``, and the counters behind them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from progress_ground import Ground, job_status
from prometheus_client.parser import text_string_to_metric_families

from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.servers.servers import ServerState, ServerStatus
from usenetsync_tui.model.status.engine import EngineState, EngineStatus, PoolStatus
from usenetsync_tui.model.status.jobs import StageStatus
from usenetsync_tui.model.waiting import Waiting, WaitsFor
from usenetsync_tui.progress_stream.counters import Counters
from usenetsync_tui.progress_stream.health import health

_SECRET = b"a-name-nobody-may-see"


def test_every_figure_in_the_text_format() -> None:
    server = ServerStatus("news", "h", ServerState.DOWN, open=3, busy=2, bytes=7, articles=5)
    ground = Ground(
        EngineStatus(
            EngineState.RUNNING,
            jobs=(
                job_status(1, JobState.QUEUED, folder=_SECRET.decode(), elapsed=0.0),
                job_status(2, done_bytes=5, total_bytes=10, eta=9.0, current=_SECRET),
            ),
            stages=(StageStatus("post", 4, 8, 2, 3, 9),),
            pool=PoolStatus(4, 1, 0, 36, 1.5),
            bytes_per_second=8.0,
            files_per_second=2.0,
            memory=1234,
            dedupe_rate=0.5,
            servers=(server,),
        )
    )
    try:
        code, text, headers = ground.get("/metrics")
    finally:
        ground.close()
    assert code == 200
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert _SECRET.decode() not in text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families.values()
        for sample in family.samples
    }
    for key, value in {
        ("usenetsync_engine_state", "running"): 1,
        ("usenetsync_engine_state", "idle"): 0,
        ("usenetsync_jobs", "queued"): 1,
        ("usenetsync_jobs", "running"): 1,
        ("usenetsync_files_per_second",): 2,
        ("usenetsync_throughput_bytes_per_second",): 8,
        ("usenetsync_active_connections",): 2,
        ("usenetsync_query_duration_seconds",): 0.0015,
        ("usenetsync_queue_items", "post"): 4,
        ("usenetsync_active_workers", "post"): 2,
        ("usenetsync_memory_bytes",): 1234,
        ("usenetsync_cache_hit_ratio",): 0.5,
        ("usenetsync_progress_ratio",): 0.5,
        ("usenetsync_eta_seconds",): 9,
        ("usenetsync_server_up", "news"): 0,
        ("usenetsync_server_connections", "news"): 3,
        ("usenetsync_server_bytes_total", "news"): 7,
        ("usenetsync_server_articles_total", "news"): 5,
        ("usenetsync_done_bytes_total",): 0,  # what was done before is not counted
    }.items():
        assert values[key] == value, key
    assert all(name.endswith("_total") for name, *_ in values if families.get(name[:-6]) and
               families[name[:-6]].type == "counter")  # fmt: skip
    assert values["process_cpu_seconds_total",] > 0


def test_counters_only_grow_over_jobs_and_engines() -> None:
    counters, seen = Counters(), []

    def look(now: float, status: EngineStatus) -> None:
        counters.look(status, now)
        seen.append((counters.done_bytes, counters.posted_bytes, counters.server_bytes["s"]))

    def server(count: int) -> tuple[ServerStatus, ...]:
        return (ServerStatus("s", "h", ServerState.UP, bytes=count),)

    begun = EngineStatus(EngineState.RUNNING, servers=server(10), jobs=(
        job_status(1, JobState.COMPLETED, done_bytes=500),
        job_status(2, done_bytes=100, posted_bytes=100),
    ))  # fmt: skip
    look(0, begun)
    assert seen[-1] == (0, 0, 10)
    later = replace(begun, servers=server(40), jobs=(
        job_status(2, done_bytes=150, posted_bytes=130),
        job_status(3, JobState.FAILED, done_bytes=7, verb=Verb.RESTORE),  # between two looks
    ))  # fmt: skip
    look(10, later)
    assert seen[-1] == (57, 30, 40)
    assert counters.posted_per_second == 3
    assert counters.followed == {2, 3}
    look(11, EngineStatus(EngineState.STARTING))  # another engine
    look(12, replace(later, servers=server(5), jobs=(job_status(2, JobState.COMPLETED,
                                                                done_bytes=150),)))  # fmt: skip
    assert seen[-1] == (57, 30, 40)
    assert dict(counters.ended) == {
        (Verb.RESTORE, JobState.FAILED): 1,
        (Verb.UPLOAD, JobState.COMPLETED): 1,
    }
    look(13, replace(later, servers=server(6), jobs=(job_status(4, done_bytes=1),)))
    assert seen[-1] == (58, 30, 41)
    assert seen == sorted(seen)


def test_an_engine_without_jobs_counts_its_first_from_the_beginning() -> None:
    counters = Counters()
    counters.look(EngineStatus(EngineState.STARTING), 0)
    counters.look(EngineStatus(EngineState.IDLE), 1)
    counters.look(EngineStatus(EngineState.IDLE, jobs=(job_status(1, done_files=3),)), 2)
    assert counters.done_files == 3


@pytest.mark.parametrize(
    ("state", "waiting", "age", "code", "word"),
    [
        (EngineState.IDLE, None, 0, 200, "ok"),
        (EngineState.RUNNING, Waiting("waiting for news.example.com: refused"), 0, 200, "ok"),
        (EngineState.PAUSED, None, 9, 200, "ok"),
        (EngineState.RUNNING, None, 11, 503, "silent"),
        (EngineState.STARTING, None, 0, 503, "starting"),
        (EngineState.STARTING, Waiting("x", what=WaitsFor.DATABASE), 0, 503, "starting: the d"),
        (EngineState.RUNNING, Waiting("x", what=WaitsFor.DATABASE), 0, 503, "waiting: the d"),
        (EngineState.DRAINING, None, 0, 503, "stopping"),
        (EngineState.FAILED, None, 99, 503, "failed"),
        (EngineState.STOPPED, None, 0, 503, "stopped"),
    ],
)
def test_health(
    state: EngineState, waiting: Waiting | None, age: float, code: int, word: str
) -> None:
    status, words = health(
        EngineStatus(state, waiting=waiting, message="/private/name"), age
    )  # nothing private in it
    assert status == code
    assert words.startswith(word)
    assert "private" not in words
    assert "example" not in words


def test_health_needs_no_token(ground: Ground) -> None:
    assert ground.get("/healthz", token=None)[:2] == (200, "ok\n")
