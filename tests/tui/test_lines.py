"""The pure functions that compose lines."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from tui_demo import HOSTILE, NOTICES, STATES, job, running

from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status import EngineState, EngineStatus
from usenetsync_tui.tui.file_lines import position
from usenetsync_tui.tui.inks import Line, cut, cut_middle, flow, spread, width_of
from usenetsync_tui.tui.job_lines import fraction, job_lines
from usenetsync_tui.tui.notices import notice_lines
from usenetsync_tui.tui.stages import stage_lines
from usenetsync_tui.tui.status_line import banner_lines, status_lines
from usenetsync_tui.tui.words import bar, duration, percent, size


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0, "0s"), (59.6, "1m00s"), (243, "4m03s"), (18_720, "5h12m"), (90_000, "1d01h")],
)
def test_durations(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_sizes_are_decimal() -> None:
    assert [size(n) for n in (0, 1, 999, 84_200_000)] == ["0 B", "1 B", "999 B", "84.2 MB"]


def test_a_hundred_percent_means_all_of_it() -> None:
    assert percent(0.9999) == "99%"
    assert percent(1.0) == "100%"


@pytest.mark.parametrize("part", [-1.0, 0.0, 0.3, 0.5, 0.999, 1.0, 7.0])
def test_a_bar_keeps_its_width(part: float) -> None:
    full, empty = bar(part, 13)
    assert len(full + empty) == 13


@pytest.mark.parametrize("name", ["plain.txt", "写真/2024年/夏休み.jpg", "a/" * 40 + "日本.bin"])
@pytest.mark.parametrize("width", [1, 7, 12, 30, 200])
def test_cutting_fits_in_cells(name: str, width: int) -> None:
    assert cell_len(cut(name, width)) == width
    assert cell_len(cut_middle(name, width)) <= width


def test_the_middle_is_what_goes() -> None:
    assert cut_middle("very/long/way/to/a/name.bin", 16) == "very/…/name.bin" or cut_middle(
        "very/long/way/to/a/name.bin", 16
    ).endswith("name.bin")


def test_fields_flow_and_the_last_ones_are_left_out() -> None:
    fields: list[Line] = [((word, "plain"),) for word in ("aaaa", "bbbb", "cccc", "dddd")]
    assert [text(line) for line in flow(fields, 12, rows=2)] == ["aaaa   bbbb", "cccc   dddd"]
    assert [text(line) for line in flow(fields, 12, rows=1)] == ["aaaa   bbbb"]


def test_the_right_end_gives_way() -> None:
    left: Line = (("left", "plain"),)
    right: Line = (("right", "plain"),)
    assert text(spread(left, right, 12)) == "left   right"
    assert text(spread(left, right, 9)) == "left"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("width", [36, 54, 76, 136])
def test_lines_fit_their_pane(state: str, width: int) -> None:
    status = STATES[state]().status
    lines = [*stage_lines(status, width, 10), *status_lines(status, width, 2)]
    for one in status.jobs:
        lines += job_lines(one, width, chosen=True)
    assert [text(line) for line in lines if width_of(line) > width] == []


def test_progress_is_of_bytes_then_of_files_then_unknown() -> None:
    assert fraction(job(total_bytes=10, done_bytes=4)) == 0.4
    assert fraction(job(total_bytes=0, total_files=4, done_files=1)) == 0.25
    nothing = {"total_bytes": 0, "total_files": 0, "done_files": 0}
    assert fraction(job(**nothing, scanned=False)) is None
    assert fraction(job(**nothing, scanned=True)) == 1.0


def test_what_is_unknown_is_a_dash() -> None:
    lines = job_lines(job(eta=None), 80, chosen=False)
    assert "ETA –" in text(lines[1])


def test_a_growing_total_says_so() -> None:
    assert "/ 3,000,512+ files" in text(job_lines(job(scanned=False), 80, chosen=False)[2])


def test_the_status_line_counts_what_is_under_way() -> None:
    done = job(id=2, state=JobState.COMPLETED, done_files=5, total_files=5, errors=9)
    line = text(status_lines(running(jobs=(done, job())), 140, 1)[0])
    assert "1,243,018 / 3,000,512" in line
    assert "! 3 errors" in line
    assert "6/40" in line


def test_a_message_is_harmless_and_shown() -> None:
    status = EngineStatus(EngineState.FAILED, message="no\x1b]0;owned\x07 database")
    (line,) = banner_lines(status, 80, 2)
    assert text(line) == "no␛]0;owned␇ database"


def test_read_only_is_said_first() -> None:
    lines = banner_lines(running(read_only=True, message="more"), 80, 2)
    assert text(lines[0]).startswith("read-only")


def test_notices_are_grouped_the_latest_first() -> None:
    lines = [text(line) for line in notice_lines(running(), 80, 10)]
    assert lines[0] == "! changed while read × 1"
    assert lines[2] == "! unreadable × 2"
    assert lines[3].split()[0] == "private/keys/id_rsa"
    assert lines[-2].split()[0] == "run/docker.sock"
    assert lines[-1] == f"the latest {len(NOTICES)} of 37"


def test_a_group_shows_only_its_latest_files() -> None:
    notices = tuple(Notice(NoticeKind.VANISHED, b"f%d" % n, "gone") for n in range(20))
    lines = notice_lines(running(notices=notices, notice_count=20), 80, 10)
    assert [text(line).split()[0] for line in lines[1:]] == ["f19", "f18", "f17"]


def test_hostile_names_are_only_looked_at() -> None:
    notices = tuple(Notice(NoticeKind.UNREADABLE, name, "x\x1b[2J") for name in HOSTILE)
    lines = notice_lines(running(notices=notices), 80, 10)
    assert all(text(line).isprintable() for line in lines)


def test_positions() -> None:
    assert position(0, 0, exact=True) == ""
    assert position(412_876, 840_113, exact=True) == "row 412,877 / 840,113 · 49%"
    assert position(9, 1000, exact=False) == "row 10 / 1,000+"
