"""Every key of the files pane."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from lists_ground import MUSIC, PHOTOS, listed, picture, until
from textual.events import MouseScrollDown
from textual.pilot import Pilot
from textual.widgets import Input
from tui_demo import job, running
from tui_fakes import HOSTILE, FakeBrowser

from usenetsync_tui.errors import DatabaseUnavailableError
from usenetsync_tui.model.commands.jobs import ActOnFiles
from usenetsync_tui.model.lists.files import (
    FileAction,
    FileFilter,
    FileOrder,
    FileSelection,
    FileView,
)
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.tui.files.files_pane import FilesPane, FilterInput
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.files.marks import Marks
from usenetsync_tui.tui.kit.question import Ask
from usenetsync_tui.tui.screens.articles_screen import ArticlesScreen

pytestmark = pytest.mark.anyio
COUNT = 3_000_000
FAILED = FileFilter(view=FileView.FAILED)


def foot(pilot: Pilot[None]) -> str:
    return picture(pilot.app).splitlines()[-1]


def title(pilot: Pilot[None]) -> str:
    return picture(pilot.app).splitlines()[0]


async def test_the_cursor_moves() -> None:
    async with listed(FakeBrowser(COUNT)) as (pilot, table):
        await pilot.press("j", "down", "k", "j")
        assert table.cursor == 2
        room = table.size.height - 1
        await pilot.press("pagedown", "pagedown")
        assert table.cursor == 2 + 2 * room
        await pilot.press("pageup", "up")
        assert table.cursor == 1 + room
        await pilot.press("G")
        assert table.cursor == COUNT - 1
        await until(pilot, lambda: table.cursor_row is not None)
        await pilot.press("g", "end", "home")
        assert table.cursor == 0
        await pilot.press("up")
        assert table.cursor == 0
        assert "row 1 / 3,000,000" in foot(pilot)


@pytest.mark.parametrize(
    ("words", "row"),
    [("50%", 1_500_000), ("0%", 0), ("100%", COUNT - 1), ("12,345", 12_344), ("1", 0)],
)
async def test_goto(words: str, row: int) -> None:
    async with listed(FakeBrowser(COUNT)) as (pilot, table):
        assert table.go_to_words(words) == ""
        await until(pilot, lambda: table.cursor == row and table.cursor_row is not None)
        assert table.scroll_offset.y <= row < table.scroll_offset.y + table.size.height


@pytest.mark.parametrize("words", ["", "x", "101%", "-3", "1e3", "%"])
async def test_an_invalid_position(words: str) -> None:
    async with listed(FakeBrowser(50)) as (_, table):
        assert "73%" in table.go_to_words(words)
        assert table.cursor == 0


async def test_the_end_is_gone_to_once_it_is_known() -> None:
    browser = FakeBrowser(COUNT)
    browser.hold = asyncio.Event()
    app_browser = FakeBrowser(3)
    async with listed(app_browser) as (pilot, table):
        table.open(browser, PHOTOS, 13)
        await until(pilot, lambda: table.row_count == 1000)
        await pilot.press("G")
        assert table.cursor == 999
        browser.hold.set()
        await until(pilot, lambda: table.cursor == COUNT - 1)


async def test_a_click_and_the_wheel() -> None:
    async with listed(FakeBrowser(COUNT)) as (pilot, table):
        # The frame is row 0, the header row 1.
        await pilot.click(FilesTable, offset=(5, 4))
        assert table.cursor == 3
        await pilot.click(FilesTable, offset=(80, 0))  # the head of a column without an order
        assert table.cursor == 3
        table.post_message(_wheel(table))
        await until(pilot, lambda: table.scroll_offset.y > 0)


def _wheel(table: FilesTable) -> MouseScrollDown:
    return MouseScrollDown(table, 5, 5, 0, 1, 0, False, False, False)


async def test_sorting() -> None:
    browser = FakeBrowser(90)
    async with listed(browser) as (pilot, table):
        assert "version 12 · by path ▲" in title(pilot)
        await pilot.press("j", "s")
        await until(pilot, lambda: table.row_count == 90)
        assert browser.queries[-1].order is FileOrder.SIZE
        assert "by size ▼" in title(pilot)
        assert table.cursor == 0
        await pilot.press("S")
        await until(pilot, lambda: table.row_count == 90)
        assert browser.queries[-1].reverse
        assert "by size ▲" in title(pilot)
        await pilot.press("s")
        await until(pilot, lambda: table.row_count == 90)
        assert (browser.queries[-1].order, browser.queries[-1].reverse) == (FileOrder.PATH, False)
        table.sort_by(FileOrder.PATH, reverse=True)
        await until(pilot, lambda: table.cursor_row == browser.row(89))


async def test_columns_come_and_go() -> None:
    async with listed(FakeBrowser(90, done=9), (140, 20)) as (pilot, _):
        seen = []
        for _ in range(3):
            seen.append([w for w in ("ARTICLES", "MODIFIED", "DIGEST") if w in picture(pilot.app)])
            await pilot.press("c")
            await pilot.pause()
        basic = ["ARTICLES"]
        assert seen == [basic, [*basic, "MODIFIED"], [*basic, "MODIFIED", "DIGEST"]]
        assert "MODIFIED" not in picture(pilot.app)


async def test_a_filter_is_typed_kept_and_dropped() -> None:
    browser = FakeBrowser(1_100)
    async with listed(browser) as (pilot, table):
        await pilot.press("slash")
        line = pilot.app.query_one(FilterInput)
        assert line.has_focus
        await pilot.press(*"is:failed")
        await until(pilot, lambda: table.row_count == 100)
        assert line.has_focus
        assert browser.queries[-1].filter == FAILED
        await pilot.press("enter")
        assert table.has_focus
        assert "is:failed" in picture(pilot.app)
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count == 1_100)
        assert not pilot.app.query_one("#filter").display
        assert line.value == ""


async def test_escape_in_the_line_drops_the_filter() -> None:
    async with listed(FakeBrowser(1_100)) as (pilot, table):
        await pilot.press("slash", *"0000007", "down")
        assert table.has_focus
        await until(pilot, lambda: table.row_count == 1)
        await pilot.press("slash", "escape")
        await until(pilot, lambda: table.row_count == 1_100)
        assert table.has_focus


async def test_an_invalid_filter_is_reported() -> None:
    browser = FakeBrowser(1_100)
    async with listed(browser) as (pilot, table):
        await pilot.press("slash", *"is:gone", "enter")
        await until(pilot, lambda: "queued, posting, done, failed" in picture(pilot.app))
        assert pilot.app.query_one(FilterInput).has_focus
        assert table.row_count == 1_100
        assert not any(query.filter for query in browser.queries)


async def test_a_filter_set_by_command_shows_in_the_line() -> None:
    async with listed(FakeBrowser(1_100)) as (pilot, table):
        assert table.filter_by_words('is:failed "IMG"') == ""
        await until(pilot, lambda: table.row_count == 100)
        assert pilot.app.query_one(Input).value == "IMG is:failed"
        assert pilot.app.query_one("#filter").display
        assert table.filter_by_words("is:bad") != ""
        assert table.row_count == 100


async def test_nothing_matches() -> None:
    async with listed(FakeBrowser(1_100)) as (pilot, table):
        table.filter_by(FileFilter((b"nowhere",)))
        await until(pilot, lambda: table.pages.loaded)
        await until(pilot, lambda: "No file matches" in picture(pilot.app))


async def test_keys_act_on_the_marked_files() -> None:
    async with listed(FakeBrowser(90)) as (pilot, table):
        await pilot.press("space", "j", "space")
        assert table.cursor == 3
        assert "2 marked" in foot(pilot)
        assert picture(pilot.app).count("●") == 2
        names = [table.pages.row(n).path for n in (0, 2)]  # type: ignore[union-attr]
        assert table.selection() == FileSelection(1, 12, ranges=tuple((n, n) for n in names))
        await pilot.press("g", "space")
        assert "1 marked" in foot(pilot)
        await pilot.press("u")
        assert "marked" not in foot(pilot)
        assert table.selection() == FileSelection(1, 12, ranges=((names[0][:-5] + b"1.CR3",) * 2,))


async def test_a_range_is_marked() -> None:
    browser = FakeBrowser(90)
    async with listed(browser) as (pilot, table):
        await pilot.press("j", "v", "j", "j")
        await pilot.pause()
        assert picture(pilot.app).count("●") == 3
        await pilot.press("v")
        assert "3 marked" in foot(pilot)
        assert table.selection() == FileSelection(
            1, 12, ranges=((browser.name(1), browser.name(3)),)
        )
        await pilot.press("k", "space")
        assert "2 marked" in foot(pilot)
        assert table.selection().without == (browser.name(2),)  # type: ignore[union-attr]
        await pilot.press("v", "escape")
        assert "2 marked" in foot(pilot)


async def test_a_range_goes_by_path_only() -> None:
    async with listed(FakeBrowser(90)) as (pilot, table):
        await pilot.press("s")
        await until(pilot, lambda: table.row_count == 90)
        await pilot.press("v", "j", "v")
        assert not table.marks
        assert any("path" in words for words in pilot.app.toasts())  # type: ignore[attr-defined]


async def test_all_that_match_are_marked() -> None:
    async with listed(FakeBrowser(1_100)) as (pilot, table):
        table.filter_by(FAILED)
        await until(pilot, lambda: table.row_count == 100)
        await pilot.press("A")
        assert "all 100 that match" in foot(pilot)
        await pilot.press("j", "space")
        assert "all 99 that match" in foot(pilot)
        selection = table.selection()
        assert selection is not None
        assert (selection.filter, selection.ranges, len(selection.without)) == (FAILED, None, 1)
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count == 1_100)
        assert not table.marks


async def test_marks_end_with_their_version_only() -> None:
    browser = FakeBrowser(90)
    async with listed(browser) as (pilot, table):
        await pilot.press("space", "s")
        assert table.marks
        table.open(browser, PHOTOS, 12)
        assert table.marks
        table.open(browser, PHOTOS, 13)
        assert not table.marks


@pytest.mark.parametrize(
    ("key", "action"),
    [("R", FileAction.RETRY), ("H", FileAction.HOLD), ("x", FileAction.LEAVE_OUT)],
)
async def test_one_file_is_acted_on_at_once(key: str, action: FileAction) -> None:
    browser = FakeBrowser(90)
    async with listed(browser) as (pilot, _):
        await pilot.press("j", key)
        await pilot.pause()
        selection = FileSelection(1, 12, ranges=((browser.name(1), browser.name(1)),))
        assert pilot.app.wanted == [ActOnFiles(action, selection)]  # type: ignore[attr-defined]


async def test_leaving_out_several_asks_with_a_count() -> None:
    async with listed(FakeBrowser(1_100)) as (pilot, table):
        table.filter_by(FAILED)
        await until(pilot, lambda: table.row_count == 100)
        await pilot.press("A", "x")
        assert isinstance(pilot.app.screen, Ask)
        assert "Leave out 100 files of is:failed?" in picture(pilot.app)
        await pilot.press("n")
        assert table.marks
        await pilot.press("x", "y")
        await pilot.pause()
        command = ActOnFiles(FileAction.LEAVE_OUT, FileSelection(1, 12, FAILED))
        assert pilot.app.wanted == [command]  # type: ignore[attr-defined]
        assert table.marks == Marks()


async def test_enter_goes_to_the_articles() -> None:
    browser = FakeBrowser(90)
    async with listed(browser) as (pilot, _):
        await pilot.press("j", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ArticlesScreen)
        await until(pilot, lambda: "8 / 8" in picture(pilot.app) or "/ 8" in picture(pilot.app))
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, ArticlesScreen)


async def test_a_file_without_articles_says_so() -> None:
    class NoObjects(FakeBrowser):
        def row(self, number: int):  # type: ignore[no-untyped-def]
            return dataclasses.replace(super().row(number), object_id=None, articles=0)

    async with listed(NoObjects(9)) as (pilot, table):
        await pilot.press("enter")
        await pilot.pause()
        assert table.has_focus
        assert pilot.app.toasts() == ["It has no articles."]  # type: ignore[attr-defined]


async def test_the_path_is_copied() -> None:
    async with listed(FakeBrowser(0, names=HOSTILE)) as (pilot, table):
        await pilot.press("y")
        assert pilot.app.clipboard == "/srv/photos/[/] unbalanced"
        table.go_to(9)
        await pilot.press("y")
        await pilot.pause()
        assert pilot.app.clipboard.isprintable()


async def test_hostile_names_in_the_list_are_harmless() -> None:
    async with listed(FakeBrowser(0, names=HOSTILE), (80, 24)) as (pilot, _):
        for _ in HOSTILE:
            await pilot.press("space")
        drawn = picture(pilot.app)
        assert drawn.replace("\n", "").isprintable()
        assert "[@click=app.quit]click me[/]" in drawn
        assert "\x1b" not in drawn
        assert f"{len(HOSTILE)} marked" in drawn


async def test_rows_are_read_again_while_a_job_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usenetsync_tui.tui.files.files_table.REFRESH", 0.05)
    browser = FakeBrowser(90)
    async with listed(browser) as (pilot, table):
        table.show(running())
        await pilot.pause(0.2)
        before = len(browser.pages)
        await until(pilot, lambda: len(browser.pages) > before + 2)
        assert browser.directories == 0
        table.show(EngineStatus(EngineState.IDLE))
        await pilot.pause(0.3)
        before = len(browser.pages)
        await pilot.pause(0.3)
        assert len(browser.pages) == before


async def test_the_list_grows_with_the_walk() -> None:
    browser = FakeBrowser(90)
    async with listed(browser) as (pilot, table):
        table.show(running(jobs=(job(scanned=False, phase="scan"),)))
        browser.count = 2_345
        table.show(running())
        await until(pilot, lambda: table.row_count == 2_345)


async def test_the_line_shown_without_files() -> None:
    broken = FakeBrowser(5)
    broken.error = DatabaseUnavailableError("refused\x1b[2J")
    async with listed(FakeBrowser(3)) as (pilot, table):
        table.open(None, None, None)
        await until(pilot, lambda: "Opening the catalogue" in picture(pilot.app))
        table.show(EngineStatus(EngineState.IDLE))
        await until(pilot, lambda: "chosen folder are listed here" in picture(pilot.app))
        table.open(None, MUSIC, None)
        await until(pilot, lambda: "once the walk has started" in picture(pilot.app))
        table.open(broken, MUSIC, 1)
        await until(pilot, lambda: "Trying again" in picture(pilot.app))
        assert "\x1b" not in picture(pilot.app)
        assert (
            pilot.app.query_one(FilesPane).border_title == "2 Files · music · version 1 · by path ▲"
        )


async def test_keys_on_an_empty_list_do_nothing() -> None:
    async with listed(FakeBrowser(0)) as (pilot, table):
        table.open(None, None, None)
        await pilot.press("j", "G", "space", "v", "R", "H", "x", "s", "S", "c", "enter", "y", "A")
        await pilot.press("slash", "u", "pagedown", "pageup", "g")
        assert (table.cursor, pilot.app.wanted) == (0, [])  # type: ignore[attr-defined]
        assert table.selection() is None
