"""The panes, each in a screen of its own: every key does what the help says."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from tui_demo import folders_of, job, running, server, servers
from tui_fakes import CAUSES, FakeBrowser

from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.locations import styles_folder
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.jobs import ActOnFiles
from usenetsync_tui.model.commands.servers import (
    LimitBandwidth,
    PauseServer,
    ResumeServer,
    SetConnections,
)
from usenetsync_tui.model.lists.files import FileAction, FileFilter, FileSelection, FileView
from usenetsync_tui.model.ports.browser import Cause, DatabaseFigures
from usenetsync_tui.model.servers.servers import ServerState
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.tasks import Event, Severity
from usenetsync_tui.tui.dialogs.choices_dialog import SpeedDialog
from usenetsync_tui.tui.kit.choosing_view import ChoosingView
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.kit.question import Ask
from usenetsync_tui.tui.panes.database_pane import DatabasePane
from usenetsync_tui.tui.panes.errors_pane import ErrorsPane
from usenetsync_tui.tui.panes.folders_pane import FoldersPane
from usenetsync_tui.tui.panes.log_pane import LogPane
from usenetsync_tui.tui.panes.servers_pane import ServersPane
from usenetsync_tui.tui.panes.stalls import STALLED_AFTER
from usenetsync_tui.tui.panes.workers_pane import WorkersPane
from usenetsync_tui.tui.themes import DARK

pytestmark = pytest.mark.anyio
IDLE = EngineStatus(EngineState.IDLE)


class PaneApp(App[None]):
    """One pane, and everything it requests."""

    CSS_PATH = [styles_folder() / name for name in ("usenetsync.tcss", "panes.tcss")]  # noqa: RUF012

    def __init__(self, pane: LinesView) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.pane = pane
        self.commands: list[Command] = []
        self.said: list[Message] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        names = ("ink-muted", "ink-track", "frame", "frame-focus", "cursor")
        return {name: DARK.variables[name] for name in names}

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_command_request(self, event: CommandRequest) -> None:
        self.commands.append(event.command)

    def on_folders_pane_chosen(self, event: FoldersPane.Chosen) -> None:
        self.said.append(event)

    def on_folders_pane_opened(self, event: FoldersPane.Opened) -> None:
        self.said.append(event)

    def on_servers_pane_add_server_requested(self, event: ServersPane.AddServerRequested) -> None:
        self.said.append(event)

    def lines(self) -> list[str]:
        """The text on the screen."""
        height = self.pane.scrollable_content_region.height
        return [self.pane.render_line(y).text.rstrip() for y in range(height)]


@asynccontextmanager
async def shown(
    pane: LinesView, size: tuple[int, int] = (100, 24)
) -> AsyncIterator[tuple[PaneApp, Pilot[None]]]:
    app = PaneApp(pane)
    async with app.run_test(size=size, notifications=True) as pilot:
        pane.focus()
        await pilot.pause()
        yield app, pilot


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await pilot.pause(0.01)


# Folders


async def test_the_folder_at_work_is_chosen_and_keys_choose_others() -> None:
    pane = FoldersPane(id="folders")
    async with shown(pane) as (app, pilot):
        pane.show(running())
        seen = []
        for keys in ((), ("j",), ("down",), ("k",), ("up",), ("end",), ("g",), ("G",), ("home",)):
            await pilot.press(*keys)
            await pilot.pause()
            assert pane.chosen is not None
            seen.append(pane.chosen.folder.name)
            (marked,) = [line for line in app.lines() if line.startswith(">")]
            assert pane.chosen.folder.name in marked
    assert seen == [
        "photos",
        "music",
        "music",
        "photos",
        "archive",
        "music",
        "archive",
        "music",
        "archive",
    ]
    names = [e.folder and e.folder.folder.name for e in app.said if isinstance(e, pane.Chosen)]
    assert names == ["photos", "music", "photos", "archive", "music", "archive", "music", "archive"]


async def test_enter_opens_the_chosen_folder() -> None:
    pane = FoldersPane(id="folders")
    async with shown(pane) as (app, pilot):
        await pilot.press("enter")
        pane.show(running())
        await pilot.press("enter")
        opened = [e.folder.folder.name for e in app.said if isinstance(e, pane.Opened)]
    assert opened == ["photos"]


async def test_pages_of_folders_and_a_click() -> None:
    jobs = tuple(job(id=n, folder_id=n, folder=f"f{n}") for n in range(11, 40))
    pane = FoldersPane(id="folders")
    async with shown(pane) as (_, pilot):
        pane.show(running(jobs=jobs, folders=folders_of(*jobs)))
        await pilot.press("g", "pagedown")
        assert pane.chosen_key == 15
        await pilot.press("pageup")
        assert pane.chosen_key == 9  # The idle folder comes first.
        await pilot.press("G")
        assert pane.chosen_key == 39
        assert pane.scroll_offset.y == pane.max_scroll_y
        await pilot.press("g")
        assert pane.scroll_offset.y == 0
        await pilot.click(pane, offset=(10, 4))
        assert pane.chosen_key == 11


async def test_the_choice_outlives_its_folder() -> None:
    first, second = job(), job(id=2, folder_id=2, folder="music")
    pane = FoldersPane(id="folders")
    async with shown(pane) as (app, pilot):
        pane.show(running(folders=folders_of(first, second)))
        pane.choose(2)
        await pilot.pause()
        assert pane.chosen_key == 2
        pane.show(running(folders=folders_of(first)))
        assert pane.chosen_key == 1
        pane.show(IDLE)
        assert pane.chosen is None
        await pilot.press("j", "enter")
        assert app.lines()[0].strip() == "No folders yet. Press a to add one."


async def test_a_job_that_does_not_move_stalls_by_the_panes_clock() -> None:
    now = [0.0]
    pane = FoldersPane(id="folders", clock=lambda: now[0])
    async with shown(pane) as (app, _):
        pane.show(running())
        assert not any("stalled" in line for line in app.lines())
        now[0] = STALLED_AFTER
        pane.show(running())
        assert any("stalled" in line for line in app.lines())


# Any pane of lines


async def test_a_hidden_pane_catches_up_when_it_is_shown() -> None:
    pane = FoldersPane(id="folders")
    async with shown(pane) as (app, pilot):
        pane.show(running())
        pane.display = False
        await pilot.pause()
        pane.show(running(folders=folders_of(job(folder="other"))))
        assert pane.chosen is not None
        assert pane.chosen.folder.name == "other"
        pane.display = True
        await until(pilot, lambda: any("other" in line for line in app.lines()))


async def test_only_changed_cells_are_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    pane = FoldersPane(id="folders")
    async with shown(pane) as (_, pilot):
        pane.show(running())
        await pilot.pause()
        regions: list[tuple[int, int]] = []

        def refresh(*parts: object, **options: object) -> LinesView:
            regions.extend((part.y, part.width) for part in parts)  # type: ignore[attr-defined]
            return pane

        monkeypatch.setattr(pane, "refresh", refresh)
        pane.show(dataclasses.replace(running()))
        assert regions == []
        pane.show(running(jobs=(job(current=b"another"), running().jobs[1])))
        assert len(regions) == 1
        assert regions[0][1] < pane.size.width


async def test_where_the_mark_came_or_went_the_whole_line_is_redrawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pane = FoldersPane(id="folders")
    async with shown(pane) as (app, pilot):
        pane.show(running())
        await pilot.pause()
        whole: set[int] = set()

        def refresh(*parts: object, **options: object) -> LinesView:
            width = pane.scrollable_content_region.width
            whole.update(part.y for part in parts if part.width >= width)  # type: ignore[attr-defined]
            return pane

        before = app.lines().index(_marked(app))
        monkeypatch.setattr(pane, "refresh", refresh)
        pane.action_choose(1)
        assert {before, app.lines().index(_marked(app))} <= whole


async def test_the_workers_are_drawn_calmly() -> None:
    pane = WorkersPane(id="workers")
    async with shown(pane) as (app, pilot):
        pane.show(running())
        assert "2/2" in app.lines()[2]
        status = running()
        stage = dataclasses.replace(status.stages[1], active=1)
        status = dataclasses.replace(status, stages=(status.stages[0], stage))
        pane.show(status)
        await pilot.pause()
        assert "2/2" in app.lines()[2]
        pane.show(status)
        await until(pilot, lambda: "1/2" in app.lines()[2])


# Errors


async def test_causes_are_looked_up_and_unfolded_page_by_page() -> None:
    pane, browser = ErrorsPane(id="errors"), FakeBrowser(9)
    browser.cause_list = (dataclasses.replace(CAUSES[0], count=80), *CAUSES[1:])
    status = running()
    async with shown(pane) as (app, pilot):
        pane.show(status, status.folders[1], browser)
        await until(pilot, lambda: any("80 × not posted" in line for line in app.lines()))
        await pilot.press("enter")
        await until(pilot, lambda: any("key_000" in line for line in app.lines()))
        await pilot.press("j", "j", "k")
        assert "key_000" in _marked(app)
        for _ in range(50):
            await pilot.press("j")
        assert "50 of 80 · enter shows more" in _marked(app)
        await pilot.press("space")
        await until(pilot, lambda: "key_050" in _marked(app))
        await pilot.press("G", "k", "k")
        assert "key_079" in _marked(app)
        await pilot.press("enter")
        assert "+ 80 × not posted" in _marked(app)
        assert not any("key_" in line for line in app.lines())


async def test_r_retries_the_failed_files_of_the_folder() -> None:
    pane, browser = ErrorsPane(id="errors"), FakeBrowser(9)
    status = running()
    async with shown(pane) as (app, pilot):
        pane.show(status, None, browser)
        await pilot.press("R")
        assert app.commands == []
        await until(pilot, lambda: len(app.screen.query("Toast")) > 0)
        pane.show(status, status.folders[1], browser)
        await pilot.press("R")
        await pilot.pause()
    wanted = FileSelection(1, 12, FileFilter(view=FileView.FAILED))
    assert app.commands == [ActOnFiles(FileAction.RETRY, wanted)]


async def test_no_errors() -> None:
    pane, browser = ErrorsPane(id="errors"), FakeBrowser(9)
    browser.cause_list = ()
    fine = running(jobs=(job(errors=0, version=1),))
    async with shown(pane) as (app, pilot):
        pane.show(fine, fine.folders[1], browser)
        await pilot.pause()
        assert app.lines()[0].strip() == "No errors."


async def test_a_failed_lookup_is_shown() -> None:
    pane, browser = ErrorsPane(id="errors"), FakeBrowser(9)
    browser.error = UsenetSyncError("the database is \x1b[2J gone")
    status = servers().status
    async with shown(pane) as (app, pilot):
        pane.show(status, status.folders[1], browser)
        await until(pilot, lambda: any("gone" in line for line in app.lines()))
        assert any("resting" in line and "next try in 9m00s" in line for line in app.lines())
        assert all(line.isprintable() for line in app.lines())


class CountingBrowser(FakeBrowser):
    """Counts the lookups of the panes, and can be slow."""

    def __init__(self) -> None:
        super().__init__(9)
        self.asked: list[int] = []
        self.slow = asyncio.Event()
        self.slow.set()

    async def causes(self, folder_id: int, limit: int) -> tuple[Cause, ...]:
        self.asked.append(folder_id)
        await self.slow.wait()
        return await super().causes(folder_id, limit)

    async def database(self) -> DatabaseFigures:
        self.asked.append(0)
        return await super().database()


async def test_a_hidden_pane_looks_up_nothing() -> None:
    status = running()
    errors, database = ErrorsPane(id="errors"), DatabasePane(id="database")
    for pane, show in (
        (errors, lambda b: errors.show(status, status.folders[1], b)),
        (database, lambda b: database.show(status, b)),
    ):
        browser = CountingBrowser()
        async with shown(pane) as (app, pilot):
            pane.display = False
            await pilot.pause()
            show(browser)
            await pilot.pause()
            assert browser.asked == []
            pane.display = True
            await until(pilot, lambda b=browser: len(b.asked) == 1)  # type: ignore[misc]
            await app.push_screen(Screen())
            pane._poll()
            assert len(browser.asked) == 1


async def test_the_answer_about_another_folder_is_dropped() -> None:
    pane, browser = ErrorsPane(id="errors"), CountingBrowser()
    status = running()
    browser.slow.clear()
    async with shown(pane) as (_, pilot):
        pane.show(status, status.folders[1], browser)
        await until(pilot, lambda: browser.asked == [1])
        pane.show(status, status.folders[0], browser)
        browser.slow.set()
        await until(pilot, lambda: browser.asked == [1, 9])


# Log


def events(first: int, count: int) -> EngineStatus:
    made = tuple(Event(float(n), Severity.INFO, f"event {n}") for n in range(first, first + count))
    return running(events=made)


async def test_the_log_follows_its_end_until_it_is_scrolled() -> None:
    pane = LogPane(id="log")
    async with shown(pane) as (app, pilot):
        pane.show(events(0, 100))
        await pilot.pause()
        assert app.lines()[-1].endswith("event 99")
        pane.show(events(0, 110))
        await pilot.pause()
        assert app.lines()[-1].endswith("event 109")
        await pilot.press("pageup")
        await pilot.pause()
        here = app.lines()[0]
        pane.show(events(0, 120))
        await pilot.pause()
        assert app.lines()[0] == here
        # Ten old events are dropped: the lines that the user reads stay in place.
        pane.show(events(10, 120))
        await pilot.pause()
        assert app.lines()[0] == here
        assert "G" in str(pane.border_subtitle)
        await pilot.press("G")
        await pilot.pause()
        pane.show(events(10, 121))
        await pilot.pause()
        assert app.lines()[-1].endswith("event 130")
        assert pane.border_subtitle is None


async def test_an_empty_log_says_so() -> None:
    pane = LogPane(id="log")
    async with shown(pane) as (app, _):
        pane.show(IDLE)
        assert app.lines()[0] == "Nothing has happened yet."


# Servers


async def test_p_pauses_a_server_and_uses_it_again() -> None:
    pane = ServersPane(id="servers")
    known = (
        server("up"),
        server("held", held=True),
        server("down", state=ServerState.DOWN),
        server("idle", state=ServerState.IDLE),
    )
    async with shown(pane) as (app, pilot):
        pane.show(running(servers=known))
        await pilot.press("p", "j", "p", "j", "p", "j", "p")
        await pilot.pause()
    assert app.commands == [
        PauseServer("up"),
        ResumeServer("held"),
        ResumeServer("down"),
        PauseServer("idle"),
    ]


async def test_plus_and_minus_change_the_connections_within_what_is_configured() -> None:
    pane = ServersPane(id="servers")
    known = (server("full"), server("one", allowed=1, configured=3))
    async with shown(pane) as (app, pilot):
        pane.show(running(servers=known))
        await pilot.press("plus", "minus", "j", "minus", "plus")
        await pilot.pause()
        await until(pilot, lambda: len(app.screen.query("Toast")) > 0)
    assert app.commands == [SetConnections("full", 19), SetConnections("one", 2)]


async def test_b_asks_how_fast() -> None:
    pane = ServersPane(id="servers")
    async with shown(pane) as (app, pilot):
        pane.show(servers().status)
        await pilot.press("b", "3")
        await pilot.press("b")
        assert isinstance(app.screen, Ask)
        await pilot.press("escape")
        await pilot.press("b", "o")
        assert isinstance(app.screen, SpeedDialog)
        await pilot.press(*"30M", "enter", "enter")
        await pilot.pause()
    assert app.commands == [
        LimitBandwidth(10_000_000, "first"),
        LimitBandwidth(30_000_000, "first"),
    ]


async def test_enter_unfolds_the_connections() -> None:
    pane = ServersPane(id="servers")
    async with shown(pane) as (app, pilot):
        pane.show(servers().status)
        assert not any("posting" in line for line in app.lines())
        await pilot.press("enter")
        assert any("posting" in line for line in app.lines())
        await pilot.press("space")
        assert not any("posting" in line for line in app.lines())
        # With a single server there is no reason to fold its connections.
        pane = ServersPane(id="other")
    async with shown(pane) as (app, pilot):
        pane.show(running(servers=(server("alone"),)))
        assert any("posting" in line for line in app.lines())
        await pilot.press("enter")
        assert not any("posting" in line for line in app.lines())


async def test_all_of_an_item_higher_than_the_pane_can_be_reached() -> None:
    pane = ServersPane(id="servers")
    async with shown(pane, (70, 14)) as (app, pilot):
        pane.show(running(servers=(server("first"), server("last"))))
        await pilot.press("enter")
        await pilot.pause()
        for _ in range(10):
            await pilot.press("j")
        assert pane.chosen_key == "first"
        assert app.lines()[-1].split()[0] == "20"
        await pilot.press("j")
        assert pane.chosen_key == "last"
        await pilot.press("k", "pagedown", "pagedown")
        assert pane.chosen_key == "last"
        await pilot.press("g")
        assert "server" in app.lines()[0]


async def test_without_a_server_the_keys_say_so_and_a_asks_for_one() -> None:
    pane = ServersPane(id="servers")
    async with shown(pane) as (app, pilot):
        pane.show(IDLE)
        assert "Press a to add one." in app.lines()[0]
        await pilot.press("p", "plus", "b", "enter")
        await until(pilot, lambda: len(app.screen.query("Toast")) > 0)
        await pilot.press("a")
        await pilot.pause()
    assert app.commands == []
    assert [type(event) for event in app.said] == [ServersPane.AddServerRequested]


# Database


async def test_the_database_is_looked_up() -> None:
    pane, browser = DatabasePane(id="database"), FakeBrowser(9)
    async with shown(pane) as (app, pilot):
        pane.show(running())
        assert app.lines()[-1].strip() == "" or "…" in "".join(app.lines())
        pane.show(running(), browser)
        await until(pilot, lambda: any("▅" in line for line in app.lines()))
        assert any(line.startswith("segments") for line in app.lines())
        browser.error = UsenetSyncError("it is gone")
        pane._poll()
        await until(pilot, lambda: any("it is gone" in line for line in app.lines()))
        assert any(line.startswith("segments") for line in app.lines())


# All


@pytest.mark.parametrize(
    "pane",
    [FoldersPane, WorkersPane, ErrorsPane, LogPane, ServersPane, DatabasePane, ChoosingView],
)
def test_bindings_are_named_and_leave_the_multiplexer_alone(pane: type[LinesView]) -> None:
    taken = {"ctrl+a", "ctrl+b", "ctrl+z", "ctrl+i", "ctrl+h"}
    for binding in pane.BINDINGS:
        assert isinstance(binding, Binding)
        assert binding.id
        assert binding.description
        assert not taken & set(binding.key.split(","))


@pytest.mark.parametrize("state", [EngineState.STARTING, EngineState.IDLE, EngineState.FAILED])
@pytest.mark.parametrize("size", [(60, 15), (80, 24), (140, 45)])
async def test_every_pane_shows_an_empty_engine(state: EngineState, size: tuple[int, int]) -> None:
    panes: tuple[LinesView, ...] = (
        FoldersPane(id="folders"),
        WorkersPane(id="workers"),
        ErrorsPane(id="errors"),
        LogPane(id="log"),
        ServersPane(id="servers"),
        DatabasePane(id="database"),
    )
    for pane in panes:
        async with shown(pane, size) as (app, pilot):
            pane.show(EngineStatus(state))
            await pilot.press("j", "k", "pagedown", "pageup", "G", "g")
            assert app.lines()[0].strip()


def _marked(app: PaneApp) -> str:
    return next((line for line in app.lines() if line.startswith(">")), "")
