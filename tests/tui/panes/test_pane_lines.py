"""The lines of the lower panes and the status line, at any width."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tui_demo import HOSTILE, STATES, WORKERS, job, running, server, servers
from tui_fakes import CAUSES, FakeBrowser

from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports.browser import Cause, DatabaseFigures, TableSize
from usenetsync_tui.model.servers.servers import ConnectionStatus, ServerState
from usenetsync_tui.model.status.engine import EngineState, EngineStatus, PoolStatus
from usenetsync_tui.model.status.jobs import StageStatus, WorkerStatus
from usenetsync_tui.model.status.tasks import Event, Severity, TaskStatus
from usenetsync_tui.model.text.figures import bits, columns, count, milliseconds, pace, rate, size
from usenetsync_tui.tui.kit.inks import INKS, Line, fit, width_of
from usenetsync_tui.tui.kit.lines_view import redrawn
from usenetsync_tui.tui.panes.database_lines import database_lines
from usenetsync_tui.tui.panes.error_lines import (
    MOST_FILES,
    AffectedFiles,
    CauseFileKey,
    MoreKey,
    cause_items,
    has_errors,
    key_of,
    verdict_lines,
)
from usenetsync_tui.tui.panes.log_pane import event_lines, log_lines
from usenetsync_tui.tui.panes.server_lines import server_items, state_of, trouble_lines
from usenetsync_tui.tui.panes.status_line import banner_lines, status_lines
from usenetsync_tui.tui.panes.workers_pane import SIDE_BY_SIDE, worker_lines

WIDTHS = (*range(20, 64), *range(64, 161, 7))
FIGURES = DatabaseFigures(
    "PostgreSQL 18.0",
    9_412_000_000,
    9,
    (
        TableSize("segments", 4_400_000_000, 30_000_000, tuple(range(100, 116))),
        TableSize("\x1b[2Jevil", 8192, -1),
    ),
)


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


def flat(items: object) -> list[str]:
    return [text(line) for item in items for line in item.lines]  # type: ignore[attr-defined]


def check(lines: list[Line], width: int) -> None:
    assert [text(line) for line in lines if width_of(line) > width] == []
    assert all(text(line).isprintable() for line in lines)


@pytest.mark.parametrize("state", STATES)
def test_every_line_fits_at_every_width(state: str) -> None:
    handle = STATES[state]()
    status = handle.status
    browser = handle.browser
    causes = browser.cause_list if isinstance(browser, FakeBrowser) else CAUSES
    unfolded = {key_of(cause): AffectedFiles(HOSTILE) for cause in causes}
    everyone = frozenset(each.name for each in status.servers)
    for width in WIDTHS:
        lines = [
            *worker_lines(status, width, 10),
            *status_lines(status, width, 2),
            *banner_lines(status, width, 2),
            *log_lines(status.events, width),
            *database_lines(FIGURES, status, width, problem="no\x1b[2J way"),
            *database_lines(None, status, width),
            *(line for each in status.jobs for line in verdict_lines(each, width)),
        ]
        for item in (
            *server_items(status.servers, everyone, width),
            *cause_items(causes, unfolded, width),
        ):
            lines += item.lines
        check(lines, width)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_harmless(name: bytes) -> None:
    evil = name.decode("utf-8", "surrogateescape")
    status = running(
        stages=(StageStatus("read", 1, 2, 1, 1, 5),),
        workers=tuple(WorkerStatus(n, "read", name, evil) for n in range(20)),
        tasks=(TaskStatus(1, evil, 3, None), TaskStatus(2, evil, 3, 9)),
        message=evil,
    )
    bad = server(
        evil,
        state=ServerState.DOWN,
        message=evil,
        encrypted=False,
        connections=(ConnectionStatus(1, evil, 5, 6, 7, 0.1),),
    )
    cause = Cause(NoticeKind.UNPOSTED, evil, evil, 1_234_567)
    for width in WIDTHS:
        lines = [
            *worker_lines(status, width, 12),
            *banner_lines(status, width, 2),
            *event_lines(Event(0.0, Severity.WARN, evil), width),
            *(fit(line, width) for line in trouble_lines([bad, bad])),
        ]
        for item in (
            *server_items([bad], frozenset({evil}), width),
            *cause_items([cause], {key_of(cause): AffectedFiles((name,))}, width),
        ):
            lines += item.lines
        check(lines, width)


# Words


def test_sizes_have_three_digits_and_never_outgrow_their_cells() -> None:
    assert [size(n) for n in (0, 1, 999, 1_000, 84_200_000, 212_000_000, 1_020_000_000_000)] == [
        "0 B",
        "1 B",
        "999 B",
        "1.00 kB",
        "84.2 MB",
        "212 MB",
        "1.02 TB",
    ]
    assert [size(n) for n in (9_994, 9_995, 99_950, 999_499, 999_500)] == [
        "9.99 kB",
        "10.0 kB",
        "100 kB",
        "999 kB",
        "1.00 MB",
    ]


@given(st.integers(0, 10**20))
def test_any_size_takes_seven_cells_at_most(number: int) -> None:
    assert len(size(number)) <= 7
    assert len(count(min(number, 999_000_000))) <= 5


def test_other_figures() -> None:
    assert [count(n) for n in (0, 9_999, 10_000, 91_422, 999_499, 999_500, 30_000_000)] == [
        "0",
        "9,999",
        "10.0k",
        "91.4k",
        "999k",
        "1.00M",
        "30.0M",
    ]
    assert [pace(n) for n in (0.0, 0.42, 97.3, 1204.0)] == ["0", "0.4", "97", "1,204"]
    assert [milliseconds(n) for n in (0.0004, 0.048, 0.9996, 1.25)] == [
        "0.4 ms",
        "48 ms",
        "1.0 s",
        "1.2 s",
    ]
    assert rate(84_200_000) == "84.2 MB/s"
    assert bits(84_200_000) == "674 Mbit/s"


def test_columns_begin_at_zero() -> None:
    assert columns([]) == ""
    assert columns([0, 0]) == "▁▁"
    assert columns([0, 1, 4, 8]) == "▁▁▄█"
    assert columns([210, 345]) == "▅█"


# Redrawing


lines_of_text = st.lists(
    st.tuples(st.text("ab日 ", max_size=5), st.sampled_from(INKS[:3])), max_size=6
).map(tuple)


def _cells(line: Line) -> list[tuple[str, str]]:
    return [(char, ink) for part, ink in line for char in part for _ in range(cell_len(char))]


@given(lines_of_text, lines_of_text)
def test_redrawing_the_given_cells_is_enough(before: Line, after: Line) -> None:
    cells = redrawn(before, after)
    old, new = _cells(before), _cells(after)
    # After the end of a line there are blanks.
    wide = max(len(old), len(new))
    old += [(" ", "end")] * (wide - len(old))
    new += [(" ", "end")] * (wide - len(new))
    assert old[cells:] == new[cells:]
    if before == after:
        assert cells == 0


def test_an_equal_right_end_is_not_sent_again() -> None:
    same: Line = (("a figure", "plain"), (" and more", "muted"))
    assert redrawn((("1", "strong"), *same), (("2", "strong"), *same)) == 1


# Workers


def test_stages_and_workers_side_by_side_where_there_is_room() -> None:
    wide = [text(line) for line in worker_lines(running(), SIDE_BY_SIDE, 12)]
    assert "read" in wide[2]
    assert "IMG_48213.CR3" in wide[2]
    narrow = [text(line) for line in worker_lines(running(), 76, 40)]
    assert not any("read" in line and "IMG" in line for line in narrow[:8])
    assert sum("IMG" in line for line in narrow) == 8


def test_where_workers_do_not_fit_the_busy_ones_are_shown() -> None:
    lines = [text(line) for line in worker_lines(running(), 76, 18)]
    shown = [line for line in lines if "IMG" in line or "/srv/photos" in line]
    assert len(shown) == 6
    assert not any("idle" in line for line in lines)
    assert any("9 of 11 at work" in line for line in lines)
    everyone = [text(line) for line in worker_lines(running(), 76, 40)]
    numbers = [int(line.split()[0]) for line in everyone if line[:3].strip().isdigit()]
    assert numbers == [worker.number for worker in WORKERS]


def test_a_full_queue_warns() -> None:
    stages = (StageStatus("post", 64, 64, 8, 8, 1), StageStatus("scan", 1, 1, 1, 1, 1))
    lines = worker_lines(running(stages=stages, workers=()), 76, 10)
    assert [[ink for _, ink in line if ink == "warn"] for line in lines[1:3]] == [["warn"], []]


def test_resources_name_the_limits() -> None:
    words = " ".join(text(line) for line in worker_lines(running(workers_allowed=12), 120, 12))
    for part in (
        "in flight 61.0 MB of 4.29 GB",
        "deduplicated 7%",
        "97 files/s",
        "12 workers (settings: 8)",
        "max 40 connections",
        "batch 1,000",
        "chunk 768 kB",
    ):
        assert part in words


def test_without_a_job_no_worker_is_shown() -> None:
    idle = EngineStatus(EngineState.IDLE)
    assert text(worker_lines(idle, 76, 10)[0]) == "Idle. No jobs running."
    assert text(worker_lines(EngineStatus(EngineState.STARTING), 76, 10)[0]).startswith("Opening")


# Status and banner


def test_the_status_line_has_every_metric() -> None:
    status = running(servers=(server("first"),))
    words = " ".join(text(line) for line in status_lines(status, 160, 2))
    for part in (
        "▲ running",
        "84.2 MB/s",
        "conns 18/20",
        "1,243,018 / 3,000,512",
        "97 files/s",
        "55%",
        "ETA 5h12m",
        "! 3 errors",
        "queued   760",
        "workers  9/11",
        "db  6/40 1.3 ms",
        "mem 212 MB",
        "dedupe 7%",
    ):
        assert part in words


def test_the_most_important_figures_survive_eighty_columns() -> None:
    status = running(servers=(server("first"),))
    words = " ".join(text(line) for line in status_lines(status, 78, 2))
    for part in ("84.2 MB/s", "conns", "files", "files/s", "55%", "ETA", "! 3 errors", "queued"):
        assert part in words


def test_changing_figures_do_not_shift_their_neighbours() -> None:
    def where(**changes: object) -> int:
        words = text(status_lines(running(**changes), 160, 1)[0])
        return words.index("! 3 errors")

    usual = where()
    assert where(bytes_per_second=1_020.0) == usual
    assert where(files_per_second=1_204.0) == usual
    assert where(jobs=(job(eta=59.0), running().jobs[1])) == usual


def test_only_jobs_under_way_count() -> None:
    done = job(id=2, state=JobState.COMPLETED, done_files=5, total_files=5, errors=9)
    line = text(status_lines(running(jobs=(done, job())), 160, 1)[0])
    assert "1,243,018 / 3,000,512" in line
    assert "! 3 errors" in line


def test_the_banner_shows_running_tasks() -> None:
    tasks = (
        TaskStatus(1, "retry 40,000 files of photos", 12_000, 40_000),
        TaskStatus(2, "nzb of music", 5, None),
        TaskStatus(3, "hold 4 files of music", 4, 4, over=True),
    )
    (line,) = banner_lines(running(tasks=tasks), 100, 2)
    assert text(line) == "retry 40,000 files of photos 12,000/40,000   nzb of music 5"
    assert len(banner_lines(running(tasks=tasks), 0, 0)) == 1


def test_the_banner_puts_servers_on_one_line() -> None:
    (line,) = banner_lines(servers().status, 120, 2)
    words = text(line)
    assert words.startswith("inhouse: certificate not verified")
    assert words.endswith("6: more")
    (alone,) = banner_lines(running(servers=servers().status.servers[2:]), 120, 2)
    assert "‖ resting 502 Too many connections ␛[31m · next try in 9m00s" in text(alone)


def test_a_failed_engine_comes_before_the_servers() -> None:
    status = dataclasses.replace(servers().status, state=EngineState.FAILED, message="no database")
    assert text(banner_lines(status, 80, 2)[0]) == "no database"


# Servers


def test_a_row_a_server() -> None:
    head, first, *_ = flat(
        server_items([server("first", bandwidth_limit=25_000_000)], frozenset(), 116)
    )
    assert head.split() == [
        "server",
        "state",
        "connections",
        "sent",
        "articles",
        "errors",
        "latency",
        "limit",
        "roles",
    ]
    for part in ("▲ up", "18/20", "1.20 GB", "1,500", "50 ms", "25.0 MB/s", "post verify fetch"):
        assert part in first


def test_head_and_rows_end_in_the_same_column() -> None:
    for width in (60, 76, 100):
        head, first = flat(server_items([server("first")], frozenset(), width))
        assert cell_len(head) == cell_len(first)


def test_an_insecure_connection_is_shown_in_red() -> None:
    for changes, words in (
        ({"encrypted": False}, "not encrypted"),
        ({"tls_verified": False}, "certificate not verified"),
    ):
        item = server_items([server("first", **changes)], frozenset(), 90)[1]
        (line,) = item.lines[1:]
        assert words in text(line)
        assert line[-1][1] == "bad"


def test_a_users_pause_comes_before_the_servers_state() -> None:
    assert state_of(server("a", held=True, state=ServerState.DOWN)) == ("‖ paused", "warn")
    assert state_of(server("a", state=ServerState.PAUSED)) == ("‖ resting", "warn")


def test_connections_are_unfolded_beside_each_other() -> None:
    one = server("first")
    folded = flat(server_items([one], frozenset(), 116))
    narrow = flat(server_items([one], frozenset({"first"}), 76))
    wide = flat(server_items([one], frozenset({"first"}), 116))
    assert (len(folded), len(narrow), len(wide)) == (2, 22, 12)
    assert wide[2].split()[:6] == ["1", "posting", "60.0", "MB", "75", "50"]
    none = flat(server_items([server("x", connections=())], frozenset({"x"}), 76))
    assert none[-1].strip() == "no connection is open"


# Errors


def test_causes_align_and_unfold() -> None:
    key = key_of(CAUSES[0])
    items = cause_items(CAUSES, {key: AffectedFiles((b"a", b"b"))}, 90)
    assert [item.key for item in items] == [
        key,
        CauseFileKey(key, b"a"),
        CauseFileKey(key, b"b"),
        MoreKey(key),
        key_of(CAUSES[1]),
        key_of(CAUSES[2]),
    ]
    assert flat(items)[0] == (
        "- 31 × not posted  441 posting failed: not authorised to post · spare"
    )
    assert flat(items)[3] == "    2 of 31 · enter shows more"
    assert flat(items)[4] == "+  4 × unreadable  Permission denied"


def test_the_whole_words_are_there_once_unfolded() -> None:
    reason = "441 posting failed: " + "very " * 30 + "last"
    cause = Cause(NoticeKind.UNPOSTED, reason, "spare", 2)
    (folded,) = cause_items([cause], {}, 60)
    assert len(folded.lines) == 1
    unfolded = cause_items([cause], {key_of(cause): AffectedFiles((), complete=True)}, 60)[0]
    words = " ".join(" ".join(text(line).split()) for line in unfolded.lines[1:])
    assert words == " ".join(reason.split())


def test_no_more_files_than_can_be_read_are_shown() -> None:
    cause = CAUSES[0]
    paths = tuple(b"%04d" % n for n in range(MOST_FILES))
    last = flat(cause_items([cause], {key_of(cause): AffectedFiles(paths)}, 90))[-1]
    assert "in Files" in last
    assert "enter" not in last


def test_the_subjects_that_have_errors() -> None:
    fine = running(jobs=(job(errors=0),)).folders[1]
    assert not has_errors(None)
    assert not has_errors(dataclasses.replace(fine, latest=None))
    assert has_errors(running().folders[1])
    failed = dataclasses.replace(fine, latest=None, job=job(errors=0, state=JobState.FAILED))
    assert has_errors(failed)


def test_the_summary_of_an_incomplete_job() -> None:
    assert verdict_lines(None, 80) == []
    assert verdict_lines(job(message="fine"), 80) == []
    assert verdict_lines(job(state=JobState.FAILED, message="441 no"), 80) == [(("441 no", "bad"),)]


# Log


def test_events_have_local_time_mark_and_words(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = event_lines(Event(45.0 * 60, Severity.BAD, "it broke"), 80)
    assert text(line).endswith(":45:00  ! it broke")
    assert line[-1] == ("it broke", "bad")


def test_long_events_stand_under_their_words() -> None:
    lines = event_lines(Event(0.0, Severity.INFO, "word " * 20), 40)
    assert len(lines) == 4
    assert all(text(line).startswith(" " * 12 + "word") for line in lines[1:])


# Database


def test_the_database_tells_pool_tables_and_shards() -> None:
    lines = [text(line) for line in database_lines(FIGURES, running(), 90)]
    assert lines[0] == "embedded   PostgreSQL 18.0   9.41 GB   9 connections"
    assert lines[1].endswith(" 6 of 40 in use · 12 open · query 1.3 ms")
    assert lines[3].split() == ["table", "size", "rows", "shards"]
    assert lines[4].split()[:4] == ["segments", "4.40", "GB", "30.0M"]
    assert lines[4].endswith("100 B to 115 B a shard")
    assert lines[5].endswith("–")


def test_waiting_for_the_pool_is_shown() -> None:
    status = running(pool=PoolStatus(40, 40, 3, 40, 1.0))
    assert "3 waiting" in text(database_lines(FIGURES, status, 90)[1])


def test_until_it_is_looked_up_the_database_is_a_row_of_dots() -> None:
    lines = [text(line) for line in database_lines(None, running(), 90)]
    assert lines[-1] == "…"
    failed = [text(line) for line in database_lines(None, running(), 90, problem="it is gone")]
    assert failed[-1] == "it is gone"
