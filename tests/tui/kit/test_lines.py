"""The pure functions that compose lines."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from tui_demo import running

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.text.figures import bar, duration, percent, size
from usenetsync_tui.tui.kit.inks import Line, fit, flow, width_of
from usenetsync_tui.tui.kit.list_lines import position
from usenetsync_tui.tui.panes.status_line import banner_lines


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


def test_the_middle_is_cut() -> None:
    assert cut_middle("very/long/way/to/a/name.bin", 16) == "very/…/name.bin" or cut_middle(
        "very/long/way/to/a/name.bin", 16
    ).endswith("name.bin")


def test_fields_flow_and_the_last_ones_are_left_out() -> None:
    fields: list[Line] = [((word, "plain"),) for word in ("aaaa", "bbbb", "cccc", "dddd")]
    assert [text(line) for line in flow(fields, 12, rows=2)] == ["aaaa   bbbb", "cccc   dddd"]
    assert [text(line) for line in flow(fields, 12, rows=1)] == ["aaaa   bbbb"]


def test_a_field_wider_than_the_line_is_cut() -> None:
    fields: list[Line] = [(("much too long", "plain"),), (("ab", "plain"),)]
    assert [text(line) for line in flow(fields, 6, rows=2)] == ["much …", "ab"]


def test_fitting_cuts_at_the_end_and_joins_neighbours() -> None:
    line: Line = (("ab", "plain"), ("", "bad"), ("cd", "plain"), ("日本", "muted"))
    assert fit(line, 8) == (("abcd", "plain"), ("日本", "muted"))
    assert fit(line, 7) == (("abcd", "plain"), ("日…", "muted"))
    assert text(fit(line, 3)) == "ab…"
    assert fit(line, 0) == ()
    assert all(width_of(fit(line, width)) <= width for width in range(12))


def test_a_message_is_harmless_and_shown() -> None:
    status = EngineStatus(EngineState.FAILED, message="no\x1b]0;owned\x07 database")
    (line,) = banner_lines(status, 80, 2)
    assert text(line) == "no␛]0;owned␇ database"


def test_read_only_comes_first() -> None:
    lines = banner_lines(running(read_only=True, message="more"), 80, 2)
    assert text(lines[0]).startswith("read-only")


def test_positions() -> None:
    assert position(0, 0, exact=True) == ""
    assert position(412_876, 840_113, exact=True) == "row 412,877 / 840,113 · 49%"
    assert position(9, 1000, exact=False) == "row 10 / 1,000+"
