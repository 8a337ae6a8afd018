"""Each key does what the help says."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from textual.binding import Binding
from textual.pilot import Pilot
from tui_demo import (
    FakeBrowser,
    FakeHandle,
    at_work,
    done,
    empty,
    job,
    paused,
    read_only,
    running,
    servers,
)

from usenetsync_tui.model.commands import Cancel, LimitBandwidth, Pause, Resume, SetPriority
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.ask import Ask
from usenetsync_tui.tui.dashboard import PANES, Dashboard
from usenetsync_tui.tui.exits import ExitReason, ScreenExit
from usenetsync_tui.tui.jobs_pane import JobsPane
from usenetsync_tui.tui.lines_view import LinesView
from usenetsync_tui.tui.paged_table import PagedTable

pytestmark = pytest.mark.anyio
COUNT = 3_000_000


@asynccontextmanager
async def shown(
    handle: FakeHandle, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Pilot[ScreenExit]]:
    app = UsenetSyncApp(handle)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield pilot


async def until(pilot: Pilot[ScreenExit], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await pilot.pause(0.01)


async def listed(pilot: Pilot[ScreenExit], count: int = COUNT) -> PagedTable:
    table = pilot.app.screen.query_one(PagedTable)
    await until(pilot, lambda: table.row_count == count)
    return table


@pytest.mark.parametrize(("answer", "reason"), [("d", ExitReason.DRAIN), ("n", ExitReason.LEAVE)])
async def test_q_asks_while_a_job_runs(answer: str, reason: ExitReason) -> None:
    async with shown(at_work()) as pilot:
        await pilot.press("q")
        assert isinstance(pilot.app.screen, Ask)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, Dashboard)
        await pilot.press("ctrl+q", "s")
        assert isinstance(pilot.app.screen, Dashboard)
        await pilot.press("q", answer)
        await pilot.pause()
        assert pilot.app.return_value == ScreenExit(reason)


async def test_ctrl_c_asks_too() -> None:
    async with shown(at_work()) as pilot:
        await pilot.press("ctrl+c")
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))


async def test_enter_takes_the_answer_at_the_cursor() -> None:
    async with shown(at_work()) as pilot:
        await pilot.press("q", "j", "enter")
        await pilot.pause()
        assert pilot.app.return_value == ScreenExit(ExitReason.LEAVE)


@pytest.mark.parametrize("handle", [empty, done, paused])
async def test_q_does_not_ask_when_nothing_runs(handle: Callable[[], FakeHandle]) -> None:
    async with shown(handle()) as pilot:
        await pilot.press("q")
        await pilot.pause()
        assert pilot.app.return_value == ScreenExit(ExitReason.DRAIN)


async def test_moving_in_the_list() -> None:
    async with shown(at_work()) as pilot:
        table = await listed(pilot)
        room = table.size.height - 1
        for keys, row in (
            (("j", "j", "down"), 3),
            (("k", "up"), 1),
            (("pagedown",), 1 + room),
            (("pageup",), 1),
            (("G",), COUNT - 1),
            (("g",), 0),
            (("end",), COUNT - 1),
            (("j", "pagedown"), COUNT - 1),
            (("home", "k"), 0),
        ):
            await pilot.press(*keys)
            assert table.cursor == row


async def test_the_end_shows_the_last_rows() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        table = await listed(pilot)
        await pilot.press("G")
        last = table.size.height - 1
        browser = handle.browser
        assert isinstance(browser, FakeBrowser)
        name = browser.name(COUNT - 1).decode()
        await until(pilot, lambda: name in table.render_line(last).text)
        assert "100%" in str(table.border_subtitle)
        assert len(browser.pages) <= 6


async def test_the_end_is_gone_to_once_it_is_known() -> None:
    handle = at_work()
    browser = handle.browser
    assert isinstance(browser, FakeBrowser)
    browser.hold = asyncio.Event()
    async with shown(handle) as pilot:
        table = await listed(pilot, 1000)
        await pilot.press("G")
        assert table.cursor == 999
        browser.hold.set()
        await until(pilot, lambda: table.cursor == COUNT - 1)


async def test_going_to_a_row_is_exact() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        table = await listed(pilot)
        table.go_to(1_234_567)
        browser = handle.browser
        assert isinstance(browser, FakeBrowser)
        name = browser.name(1_234_567).decode()
        lines = range(table.size.height)
        await until(
            pilot, lambda: any(table.render_line(y).text.startswith(f"> {name}") for y in lines)
        )


async def test_p_pauses_and_resumes() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await pilot.press("p")
        handle.now = paused().status
        await pilot.pause(0.4)
        await pilot.press("p")
    assert handle.commands == [Pause(1), Resume(1)]


async def test_x_asks() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await pilot.press("x", "n", "x", "escape")
        assert handle.commands == []
        await pilot.press("x", "y")
    assert handle.commands == [Cancel(1)]


async def test_b_limits_the_bandwidth() -> None:
    handle = servers()
    async with shown(handle) as pilot:
        await pilot.press("b", "3")
        await pilot.press("b", "0")
        await pilot.press("b", "escape")
    assert handle.commands == [LimitBandwidth(10_000_000), LimitBandwidth(0)]


async def test_b_without_a_server_says_so() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await pilot.press("b")
        await until(pilot, lambda: len(pilot.app.screen.query("Toast")) > 0)
    assert handle.commands == []


async def test_priority_moves_by_one_and_stops() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await pilot.press("plus", "minus")
        handle.now = running(jobs=(job(priority=Priority.CRITICAL),))
        await pilot.pause(0.4)
        await pilot.press("plus")
    assert handle.commands == [SetPriority(1, Priority.HIGH), SetPriority(1, Priority.LOW)]


@pytest.mark.parametrize("handle", [empty, done, read_only])
async def test_job_keys_explain_themselves_without_a_job(handle: Callable[[], FakeHandle]) -> None:
    engine = handle()
    async with shown(engine) as pilot:
        await pilot.press("p", "x", "plus")
        assert isinstance(pilot.app.screen, Dashboard)
        await until(pilot, lambda: len(pilot.app.screen.query("Toast")) > 0)
    assert engine.commands == []


async def test_choosing_a_job_turns_the_keys_and_the_list_to_it() -> None:
    second = job(id=2, folder_id=2, folder="music", version=3)
    handle = FakeHandle(running(jobs=(job(), second)), FakeBrowser(50))
    async with shown(handle) as pilot:
        await pilot.press("1", "j", "p")
        assert handle.commands == [Pause(2)]
        table = pilot.app.screen.query_one(PagedTable)
        await until(pilot, lambda: "music" in str(table.border_title))
        await pilot.press("g")
        chosen = pilot.app.screen.query_one(JobsPane).chosen
        assert chosen is not None
        assert chosen.id == 1


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_panes_turn(size: tuple[int, int]) -> None:
    async with shown(at_work(), size) as pilot:
        seen = []
        for key in ("tab", "tab", "tab", "tab", "shift+tab", "2", "alt+4"):
            await pilot.press(key)
            await pilot.pause()
            focused = pilot.app.focused
            assert focused is not None
            seen.append(focused.id)
            shown_panes = [name for name in PANES if pilot.app.screen.query_one(f"#{name}").display]
            assert shown_panes == (list(PANES) if size[0] >= 100 else [focused.id])
    assert seen == ["stages", "notices", "jobs", "files", "jobs", "files", "notices"]


async def test_panes_of_lines_scroll() -> None:
    async with shown(at_work()) as pilot:
        await pilot.press("4", "j")
        await pilot.pause()
        notices = pilot.app.screen.query_one("#notices", LinesView)
        assert notices.scroll_offset.y == 1
        await pilot.press("G")
        await pilot.pause()
        assert notices.scroll_offset.y == notices.max_scroll_y > 1


async def test_help_and_theme_toggle() -> None:
    async with shown(at_work()) as pilot:
        await pilot.press("question_mark")
        assert len(pilot.app.screen.query("HelpPanel")) == 1
        await pilot.press("question_mark")
        await until(pilot, lambda: not pilot.app.screen.query("HelpPanel"))
        assert pilot.app.current_theme.dark
        await pilot.press("T")
        assert not pilot.app.current_theme.dark
        await pilot.press("T")
        assert pilot.app.current_theme.dark


async def test_a_tiny_terminal_asks_for_room_and_recovers() -> None:
    async with shown(at_work(), (59, 14)) as pilot:
        screen = pilot.app.screen
        assert screen.query_one("#enlarge").display
        assert not screen.query_one("#files").display
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert not screen.query_one("#enlarge").display
        assert screen.query_one("#files").display


async def test_nothing_is_drawn_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        table = await listed(pilot)
        await pilot.pause(0.3)
        drawn: list[str] = []
        for view in (table, pilot.app.screen.query_one("#stages", LinesView)):
            monkeypatch.setattr(view, "refresh", partial(_note, drawn, str(view.id)))
        handle.now = dataclasses.replace(handle.now)
        await pilot.pause(0.6)
        assert drawn == []


def _note(drawn: list[str], name: str, *regions: object, **options: object) -> None:
    drawn.append(name)


async def test_no_color_takes_the_ansi_theme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with shown(at_work()) as pilot:
        assert pilot.app.theme == "ansi-dark"
        await listed(pilot)
        await pilot.press("T")
        assert pilot.app.theme == "ansi-light"


def test_bindings_have_ids_and_leave_the_multiplexer_alone() -> None:
    taken = {"ctrl+a", "ctrl+b", "ctrl+z", "ctrl+i", "ctrl+h"}
    for owner in (UsenetSyncApp, Dashboard, PagedTable, JobsPane, LinesView, Ask):
        for binding in owner.BINDINGS:
            assert isinstance(binding, Binding)
            assert binding.id
            assert not taken & set(binding.key.split(","))
