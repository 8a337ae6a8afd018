"""The lines of files, versions, changes and articles: aligned, never wider than requested."""

from __future__ import annotations

import dataclasses
import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tui_fakes import HOSTILE, NOON, FakeBrowser, article, snapshot

from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.folders import SnapshotState
from usenetsync_tui.model.lists.files import FileFilter, FileOrder, FileView
from usenetsync_tui.model.segments import SegmentStatus
from usenetsync_tui.model.versions.changes import Change, ChangeRow
from usenetsync_tui.tui.files.file_lines import (
    Columns,
    file_line,
    header_line,
    marked_words,
    reason,
    sorted_words,
)
from usenetsync_tui.tui.kit.inks import Line, width_of
from usenetsync_tui.tui.kit.list_lines import minute, minute_of, position
from usenetsync_tui.tui.screens.article_lines import article_header, article_line, article_lines
from usenetsync_tui.tui.screens.changes_screen import change_line, changes_header
from usenetsync_tui.tui.screens.deeper_screen import crumb_line, crumbs_of
from usenetsync_tui.tui.screens.version_lines import version_header, version_line, version_remark

WIDTHS = [20, 36, 54, 76, 98, 136, 160]
ROW = FakeBrowser(9).row(5)


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("columns", Columns)
def test_files_fit_and_are_aligned(width: int, columns: Columns) -> None:
    header = text(header_line(width, columns))
    for path, articles in itertools.product(HOSTILE, (0, 27, 26_042, 30_000_000)):
        row = dataclasses.replace(ROW, path=path, articles=articles, posted=articles, size=2**62)
        line = file_line(row, width, cursor=True, marked=True, columns=columns)
        assert width_of(line) <= width
        assert text(line).isprintable()
        assert cell_len(text(line)[: text(line).index("! failed")]) == header.index("STATE")


@pytest.mark.parametrize("width", WIDTHS)
def test_versions_fit(width: int) -> None:
    for row in (snapshot(12), snapshot(123_456, files=3_000_512, size=2**62, stored_size=2**62)):
        assert width_of(version_line(row, width, cursor=True, marked=True)) <= max(width, 42)
    assert width_of(version_header(width)) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_changes_fit(width: int) -> None:
    for path, change in itertools.product(HOSTILE, Change):
        row = ChangeRow(path, FileKind.REGULAR, change, 2**62, None)
        line = change_line(row, width, cursor=False)
        assert width_of(line) <= max(width, 34)
        assert text(line).isprintable()
    assert width_of(changes_header(width)) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_articles_fit_and_are_harmless(width: int) -> None:
    evil = "\x1b]0;owned\x07\u202e[@click=app.quit]" * 3
    for number in range(12):
        row = dataclasses.replace(
            article(number, 7), server=evil, message_id=evil, aliases=(evil,), error=evil
        )
        assert text(article_line(row, width, cursor=True)).isprintable()
        if width >= 76:
            assert width_of(article_line(row, width, cursor=True)) <= width
        lines = article_lines(row, width)
        assert all(width_of(line) <= max(width, 25) for line in lines)
        assert all(text(line).isprintable() for line in lines)
        joined = "".join(text(line[1:]) for line in lines)
        assert "owned" in joined
    assert width_of(article_header(width)) <= width


@pytest.mark.parametrize("status", SegmentStatus)
def test_every_state_of_an_article_has_a_glyph_and_a_word(status: SegmentStatus) -> None:
    line = article_line(dataclasses.replace(article(0, 1), status=status), 98, cursor=False)
    assert status.name.lower() in text(line)


def test_every_field_of_an_article_is_shown() -> None:
    lines = [text(line) for line in article_lines(article(7, 3), 60)]
    assert lines[0].split() == ["Message-ID", "<0000000300000007.part@example.invalid>"]
    assert any(line.startswith("server reply") and "441 posting failed" in line for line in lines)
    assert any("768,000 bytes" in line for line in lines)


def test_entries_without_a_size_show_their_kind() -> None:
    folder = dataclasses.replace(ROW, kind=FileKind.DIRECTORY, articles=0)
    link = dataclasses.replace(ROW, kind=FileKind.SYMLINK, articles=0)
    assert text(file_line(folder, 76, cursor=False)).split()[1:3] == ["folder", "–"]
    assert text(file_line(link, 76, cursor=False)).split()[1:3] == ["link", "–"]


def test_a_chosen_column_is_kept_before_articles() -> None:
    def names(width: int, columns: Columns) -> list[str]:
        return text(header_line(width, columns)).split()

    assert names(76, Columns.BASIC) == ["NAME", "SIZE", "ARTICLES", "STATE"]
    assert names(76, Columns.MODIFIED) == ["NAME", "SIZE", "ARTICLES", "MODIFIED", "STATE"]
    assert names(76, Columns.DIGEST) == ["NAME", "SIZE", "ARTICLES", "DIGEST", "STATE"]
    assert names(62, Columns.DIGEST) == ["NAME", "SIZE", "DIGEST", "STATE"]


def test_positions() -> None:
    assert position(0, 0, exact=True) == ""
    assert position(412_876, 840_113, exact=True) == "row 412,877 / 840,113 · 49%"
    assert position(9, 10_000, exact=False) == "row 10 / 10,000+"


def test_orders_say_where_they_grow() -> None:
    assert sorted_words(FileOrder.PATH, reverse=False) == "by path ▲"
    assert sorted_words(FileOrder.PATH, reverse=True) == "by path ▼"
    assert sorted_words(FileOrder.SIZE, reverse=False) == "by size ▼"
    assert sorted_words(FileOrder.SIZE, reverse=True) == "by size ▲"


def test_marks_in_words() -> None:
    failed = FileFilter(view=FileView.FAILED)
    assert marked_words(2, failed, everything=False, exact=True) == "2 marked"
    assert marked_words(8_412, failed, everything=True, exact=True) == "all 8,412 that match"
    assert marked_words(10_000, failed, everything=True, exact=False) == "all 10,000+ that match"
    assert marked_words(90, FileFilter(), everything=True, exact=True) == "all 90 marked"


def test_only_failed_files_have_a_reason() -> None:
    assert reason(ROW) == "Permission denied"
    assert reason(None) == reason(dataclasses.replace(ROW, state=FileView.DONE)) == ""


def test_times_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert minute(NOON) == minute_of(int(NOON.timestamp())) == "2026-11-24 21:00"
        assert minute(None) == "–"
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.integers(-(2**63), 2**64))
def test_any_time_of_a_file_is_a_date_or_a_dash(seconds: int) -> None:
    assert minute_of(seconds) == "–" or cell_len(minute_of(seconds)) == 16


def test_the_longest_crumb_gives_way() -> None:
    crumbs = crumbs_of("photos", "version 12", b"a/" * 200 + b"IMG.CR3", "segment 5 copy 1")
    for width in (60, 80, 140):
        line = text(crumb_line(crumbs, width))
        assert cell_len(line) <= width
        assert line.startswith("photos › version 12 › a/")
        assert line.endswith("IMG.CR3 › segment 5 copy 1")
    assert text(crumb_line(crumbs_of("x\x1b[2J", *HOSTILE), 80)).isprintable()


def test_a_version_without_an_index_says_so() -> None:
    assert version_remark(snapshot(12)) == ""
    assert version_remark(snapshot(12, indexed=False)) == "no index in the store"
    assert version_remark(snapshot(10, indexed=False)) == "3 errors · no index in the store"
    building = snapshot(12, indexed=False, state=SnapshotState.BUILDING)
    assert version_remark(building) == ""
