"""Each key does what the help says."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from lists_ground import picture
from textual.binding import Binding
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input, Static
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

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.folders import Choose, FolderChoices
from usenetsync_tui.model.commands.jobs import (
    Cancel,
    Pause,
    PauseAll,
    Restore,
    Resume,
    SetPriority,
    SetWorkers,
    Upload,
    Verify,
)
from usenetsync_tui.model.commands.servers import (
    AddServer,
    LimitBandwidth,
    LimitFetching,
    PauseServer,
    SetConnections,
)
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.commands.command_line import CommandLine
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.dialogs.choices_dialog import FolderChoicesDialog, SpeedDialog
from usenetsync_tui.tui.dialogs.first_run import FirstRun
from usenetsync_tui.tui.dialogs.restoring.restore_dialog import RestoreDialog
from usenetsync_tui.tui.dialogs.server_form import ServerForm
from usenetsync_tui.tui.exits import ExitReason, ScreenExit
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.keymap import every_binding, our_classes
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.kit.question import Ask
from usenetsync_tui.tui.panes.folders_pane import FoldersPane
from usenetsync_tui.tui.panes.pane_order import LOWER, PANES

pytestmark = pytest.mark.anyio
COUNT = 3_000_000


@asynccontextmanager
async def shown(
    handle: FakeHandle, size: tuple[int, int] = (120, 40), **keys: str
) -> AsyncIterator[Pilot[ScreenExit]]:
    app = UsenetSyncApp(handle, keys={name.replace("__", "."): key for name, key in keys.items()})
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield pilot


async def until(pilot: Pilot[ScreenExit], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await pilot.pause(0.01)


async def at_pane(pilot: Pilot[ScreenExit], pane: str) -> None:
    await pilot.press(str(PANES.index(pane) + 1))
    await until(pilot, lambda: getattr(pilot.app.focused, "id", "") == pane)


async def listed(pilot: Pilot[ScreenExit], count: int = COUNT) -> FilesTable:
    table = pilot.app.screen.query_one(FilesTable)
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


@pytest.mark.parametrize("handle", [done, paused])
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
        assert table.frame.border_subtitle is not None
        assert "100%" in table.frame.border_subtitle
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


async def test_keys_mean_the_marked_folders() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await at_pane(pilot, "folders")
        pane = pilot.app.screen.query_one(FoldersPane)
        await pilot.press("A", "p", "plus", "V", "l")
        assert pane.border_subtitle == "3 marked"
        assert handle.commands == [
            *(Pause(number) for number in (1, 2)),
            *(SetPriority(number, Priority.HIGH) for number in (1, 2)),
            *(Verify(each.folder.id) for each in handle.status.folders if each.latest),
        ]
        handle.commands.clear()
        await pilot.press("x")
        assert "2 jobs" in str(pilot.app.screen.query_one("#question-text", Static).visual)
        await pilot.press("n", "x", "y")
        assert handle.commands == [Cancel(1), Cancel(2)]
        handle.commands.clear()
        await pilot.press("u", "g", "space", "space", "colon", *"priority low", "enter")
        assert [each.folder.id for each in pane.marked] == [9, 1]
        assert handle.commands == [
            Choose(9, FolderChoices(priority=Priority.LOW)),
            SetPriority(1, Priority.LOW),
        ]
        handle.commands.clear()
        await pilot.press("g", "space", "p", "U")
        assert [each.folder.id for each in pane.marked] == [1]
    assert handle.commands == [Pause(1), Upload(b"/srv/photos", FolderChoices())]


async def test_marked_jobs_that_are_all_paused_resume() -> None:
    held = [job(id=n, folder_id=n, folder=f"f{n}", state=JobState.PAUSED) for n in (1, 2)]
    handle = FakeHandle(running(jobs=tuple(held)), FakeBrowser(3))
    async with shown(handle) as pilot:
        await at_pane(pilot, "folders")
        await pilot.press("A", "p", "colon", *"pause", "enter")
        await until(pilot, lambda: not pilot.app.screen.query(CommandLine))
    assert handle.commands == [Resume(1), Resume(2)]


async def test_x_asks() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await at_pane(pilot, "folders")
        await pilot.press("x", "n", "x", "escape")
        assert handle.commands == []
        await pilot.press("x", "y")
    assert handle.commands == [Cancel(1)]


async def test_b_limits_the_bandwidth() -> None:
    handle = servers()
    async with shown(handle) as pilot:
        await pilot.press("b", "3", "b", "0", "b", "escape", "b", "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, SpeedDialog))
        await pilot.press(*"200 Mbit/s", "enter", "enter")
        await pilot.pause()
    assert handle.commands == [LimitBandwidth(n) for n in (10_000_000, 0, 25_000_000)]


async def test_b_limits_fetching_too() -> None:
    handle = servers()
    async with shown(handle) as pilot:
        await pilot.press("b")
        await until(pilot, lambda: "Now at most 25.0" in picture(pilot.app))
        await pilot.press("f", "3", "b", "f", "p", "2", "b", "f", "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, SpeedDialog))
        assert "How fast to fetch from all servers together" in picture(pilot.app)
        await pilot.press(*"1M", "enter")
        await at_pane(pilot, "servers")
        await pilot.press("j", "b", "f", "4")
        await pilot.pause()
    assert handle.commands == [
        LimitFetching(10_000_000),
        LimitBandwidth(5_000_000),
        LimitFetching(1_000_000),
        LimitFetching(25_000_000, "inhouse"),
    ]


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


async def test_an_idle_folder_remembers_its_priority() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await listed(pilot)
        await at_pane(pilot, "folders")
        await pilot.press("g", "colon", *"priority low", "enter")
        await pilot.pause()
    assert handle.commands == [Choose(9, FolderChoices(priority=Priority.LOW))]


async def test_a_new_version_and_a_verification_are_asked_for() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await pilot.press("U", "V", "l", "V", "f", "V", "s", "V", "escape")
        await pilot.pause()
    assert handle.commands == [
        Upload(b"/srv/photos", FolderChoices()),
        Verify(1, bodies=False),
        Verify(1, bodies=True),
        Verify(1, bodies=True, sample=30),
    ]


async def test_a_restore_is_asked_for(tmp_path: Path) -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await listed(pilot)
        await at_pane(pilot, "folders")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RestoreDialog))
        target = tmp_path / "out"
        await pilot.press(*["enter"] * 4, *str(target), "enter")
        pilot.app.screen.query_one("#accept").focus()
        await pilot.press("enter")
        await until(pilot, lambda: bool(handle.commands))
    assert handle.commands == [Restore(1, os.fsencode(target), 12)]


async def test_a_restore_proposes_the_file_under_the_cursor() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await listed(pilot)
        await at_pane(pilot, "files")
        await pilot.press("j", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RestoreDialog))
        prefix = pilot.app.screen.query_one("#prefix", Input).value
    assert prefix == "00/0000/IMG_0000001.CR3"


async def test_an_nzb_is_only_for_plain_folders() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await pilot.press("N")
        await until(pilot, lambda: len(pilot.app.screen.query("Toast")) > 0)
        assert isinstance(pilot.app.screen, Dashboard)


async def test_w_sets_the_workers() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await pilot.press("w", "backspace", *"12", "enter", "enter")
        await pilot.pause()
    assert handle.commands == [SetWorkers(12)]


async def test_a_server_is_added() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await at_pane(pilot, "servers")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServerForm))
        await pilot.press(*"main", "enter", *"news.example.com")
        pilot.app.screen.query_one("#accept").focus()
        await pilot.press("enter")
        await until(pilot, lambda: bool(handle.commands))
    (command,) = handle.commands
    assert isinstance(command, AddServer)
    assert (command.server.name, command.server.host) == ("main", "news.example.com")


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("pause", [Pause(1)]),
        ("pause-all", [PauseAll()]),
        ("workers 3", [SetWorkers(3)]),
        ("limit 25M", [LimitBandwidth(25_000_000)]),
        ("limit 1M first", [LimitBandwidth(1_000_000, "first")]),
        ("connections first 4", [SetConnections("first", 4)]),
        ("pause-server spare", [PauseServer("spare")]),
        ("verify --body", [Verify(1, bodies=True)]),
        ("verify --sample 1/7", [Verify(1, bodies=True, sample=7)]),
        ("priority critical", [SetPriority(1, Priority.CRITICAL)]),
    ],
)
async def test_typed_commands_run(line: str, commands: list[Command]) -> None:
    handle = servers()
    async with shown(handle) as pilot:
        await pilot.press("colon", *line, "enter")
        await until(pilot, lambda: not pilot.app.screen.query(CommandLine))
        await pilot.pause()
    assert handle.commands == commands


async def test_goto_filter_sort_pane_and_theme_are_typed() -> None:
    async with shown(at_work()) as pilot:
        table = await listed(pilot)
        await pilot.press("colon", *"goto 50%", "enter")
        await until(pilot, lambda: abs(table.cursor - COUNT // 2) <= 1)
        await pilot.press("colon", *"goto 1,234", "enter")
        await until(pilot, lambda: table.cursor == 1233)
        await pilot.press("colon", *"filter is:failed", "enter")
        await until(pilot, lambda: bool(table.wanted))
        await pilot.press("colon", *"sort size", "enter")
        await until(pilot, lambda: "size" in table.heading())
        await pilot.press("colon", *"pane log", "enter")
        await until(pilot, lambda: getattr(pilot.app.focused, "id", "") == "log")
        await pilot.press("colon", *"theme nord", "enter")
        await until(pilot, lambda: pilot.app.theme == "nord")


async def test_the_first_run_guides_the_user_once() -> None:
    handle = empty()
    async with shown(handle) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, FirstRun))
        await pilot.press("escape", "escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dashboard))
        handle.now = dataclasses.replace(handle.now)
        await pilot.pause(0.6)
        assert isinstance(pilot.app.screen, Dashboard)


async def test_the_palette_runs_the_chosen_entry() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        await pilot.press(*"pause-all")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await until(pilot, lambda: bool(handle.commands))
    assert handle.commands == [PauseAll()]


async def test_keys_are_remapped() -> None:
    handle = at_work()
    async with shown(handle, job__pause="f5,z", files__down="m") as pilot:
        table = await listed(pilot)
        await pilot.press("m", "j", "p")
        assert table.cursor == 1
        assert handle.commands == []
        await pilot.press("f5", "z")
    assert handle.commands == [Pause(1), Pause(1)]


async def test_a_key_for_an_unknown_binding_is_reported() -> None:
    async with shown(at_work(), job__paws="f5") as pilot:
        await until(pilot, lambda: len(pilot.app.screen.query("Toast")) > 0)
        assert "job.paws" in str(pilot.app.screen.query_one("Toast").render())


async def test_job_keys_explain_themselves_without_a_job() -> None:
    engine = done()
    async with shown(engine) as pilot:
        await at_pane(pilot, "folders")
        await pilot.press("p", "x", "plus")
        assert isinstance(pilot.app.screen, Dashboard)
        await until(pilot, lambda: len(pilot.app.screen.query("Toast")) > 0)
    assert engine.commands == []


async def test_no_command_reaches_a_read_only_engine() -> None:
    engine = read_only()
    async with shown(engine) as pilot:
        await at_pane(pilot, "folders")
        await pilot.press("p", "plus", "P", "U")
        await until(pilot, lambda: len(pilot.app.screen.query("Toast")) > 0)
    assert engine.commands == []


async def test_choosing_a_folder_turns_the_keys_and_the_list_to_it() -> None:
    second = job(id=2, folder_id=2, folder="music", version=3)
    handle = FakeHandle(running(jobs=(job(), second)), FakeBrowser(50))
    async with shown(handle) as pilot:
        await at_pane(pilot, "folders")
        await pilot.press("j", "p")
        await pilot.pause()
        assert handle.commands == [Pause(2)]
        table = pilot.app.screen.query_one(FilesTable)
        await until(pilot, lambda: "music" in table.heading())
        await pilot.press("g")
        chosen = pilot.app.screen.query_one(FoldersPane).chosen
        assert chosen is not None
        assert chosen.folder.id == 9


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_panes_turn(size: tuple[int, int]) -> None:
    async with shown(at_work(), size) as pilot:
        seen = []
        for key in ("tab", "tab", "shift+tab", "1", "alt+7", "tab", "e", "l", "6"):
            await pilot.press(key)
            await pilot.pause()
            focused = pilot.app.focused
            assert focused is not None
            assert focused.id is not None
            seen.append(focused.id)
            visible = [
                name for name in PANES if pilot.app.screen.query_one(f"#{name}").is_on_screen
            ]
            lower = focused.id if focused.id in LOWER else "workers"
            wide = ["folders", "files", lower if size[0] >= 100 else ""]
            assert visible == wide if size[0] >= 100 and focused.id in LOWER else True
            assert focused.id in visible
            assert len(visible) == (3 if size[0] >= 100 else 1)
    assert seen == [
        "workers",
        "errors",
        "workers",
        "folders",
        "database",
        "folders",
        "errors",
        "log",
        "servers",
    ]


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
        assert not screen.query_one("#files").is_on_screen
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert not screen.query_one("#enlarge").display
        assert screen.query_one("#files").is_on_screen


async def test_nothing_is_drawn_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        table = await listed(pilot)
        await pilot.pause(0.3)
        drawn: list[str] = []
        for view in (table, pilot.app.screen.query_one("#workers", LinesView)):
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
    assert len(every_binding()) > 80
    for owner in our_classes():
        for binding in vars(owner).get("BINDINGS", ()):
            assert isinstance(binding, Binding), owner
            assert binding.id, (owner, binding)
            assert not taken & set(binding.key.split(",")), binding


async def test_capital_o_changes_a_folders_posting_choices() -> None:
    handle = at_work()
    async with shown(handle, size=(80, 24)) as pilot:
        await at_pane(pilot, "folders")
        await pilot.press("O")
        assert isinstance(pilot.app.screen, FolderChoicesDialog)
        line = pilot.app.screen.query_one("#newsgroups", Input)
        assert line.value == "alt.binaries.test"
        line.focus()
        await pilot.press("end", *["backspace"] * 4, *"misc", "enter", "enter")
        await until(pilot, lambda: bool(handle.commands))
        (command,) = handle.commands
        assert isinstance(command, Choose)
        assert command.choices == FolderChoices(newsgroups=("alt.binaries.misc",))
