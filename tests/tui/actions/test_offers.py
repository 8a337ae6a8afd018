"""The footer, `?`, palette and `:` line of every screen, in every state, offer what works there.

The tests open every screen of the application in every state that the pictures show. Every offered
action works, and the engine would accept its commands; every other one shows one sentence, or does
nothing.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from test_keys import shown, until
from textual.actions import parse
from textual.binding import ActiveBinding
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static
from textual.widgets._key_panel import BindingsTable
from tui_demo import STATES, FakeBrowser, FakeHandle, at_work, done, paused, running
from tui_fakes import snapshot

from usenetsync_tui.model.commands.command import EXAMINATION_COMMANDS, Command
from usenetsync_tui.model.commands.jobs import (
    ActOnFiles,
    Cancel,
    Pause,
    PauseAll,
    Restore,
    Resume,
    ResumeAll,
    Retry,
    SetPriority,
    Verify,
)
from usenetsync_tui.model.commands.servers import PauseServer, ResumeServer, SetConnections
from usenetsync_tui.model.folders import Folder, SnapshotState
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.lists.files import FileAction
from usenetsync_tui.model.ports.browser import ArticleRow, Browser
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.tui.actions.registry import COMMANDS, EVERY_ACTION
from usenetsync_tui.tui.commands.action_screen import ActionScreen
from usenetsync_tui.tui.commands.command_parser import offered
from usenetsync_tui.tui.commands.command_specs import COMMAND_SPECS
from usenetsync_tui.tui.commands.palette import Palette
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.dialogs.choices_dialog import NzbDialog
from usenetsync_tui.tui.dialogs.restoring.restore_dialog import RestoreDialog
from usenetsync_tui.tui.exits import ScreenExit
from usenetsync_tui.tui.kit.action import DO, Action, ActionHost
from usenetsync_tui.tui.kit.key_bar import KeyBar
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.panes.pane_order import PANES
from usenetsync_tui.tui.screens.article_screen import ArticleScreen
from usenetsync_tui.tui.screens.articles_screen import ArticlesScreen
from usenetsync_tui.tui.screens.changes_screen import ChangesScreen
from usenetsync_tui.tui.screens.files_screen import FilesScreen
from usenetsync_tui.tui.screens.versions_screen import VersionsScreen

pytestmark = pytest.mark.anyio
ENDS = ("app.quit", "deeper.back")
"""Actions that leave the screen; other tests cover them."""
_PAUSABLE = (JobState.QUEUED, JobState.RUNNING)
_RETRIABLE = (JobState.FAILED, JobState.INCOMPLETE, JobState.CANCELLED)


def refusal(status: EngineStatus, command: Command) -> str:
    """What `engine.requests` would refuse of a command, by the rules stated there."""
    if isinstance(command, EXAMINATION_COMMANDS):
        return ""
    if status.read_only:
        return "it is read-only"
    jobs = {each.id: each for each in status.jobs}
    folders = {each.folder.id: each for each in status.folders}
    names = [server.name for server in status.servers]
    match command:
        case Pause(number):
            return "" if jobs[number].state in _PAUSABLE else "it cannot be paused"
        case Resume(number):
            return "" if jobs[number].state is JobState.PAUSED else "it is not paused"
        case Cancel(number) | SetPriority(number):
            return "it is over" if jobs[number].state.is_over else ""
        case Retry(number):
            return "" if jobs[number].state in _RETRIABLE else "it cannot be tried again"
        case PauseAll():
            return "" if any(j.state in _PAUSABLE for j in status.jobs) else "nothing runs"
        case ResumeAll():
            return "" if any(j.state is JobState.PAUSED for j in status.jobs) else "none paused"
        case Verify(number):
            verified = any(j.folder_id == number and _is_verifying(j) for j in status.jobs)
            return "no version" if folders[number].latest is None or verified else ""
        case ActOnFiles(FileAction.HOLD | FileAction.LEAVE_OUT, files):
            built = (files.folder_id, files.version)
            return "" if built in [(j.folder_id, j.version) for j in status.jobs] else "not built"
        case PauseServer(name) | ResumeServer(name) | SetConnections(name):
            return "" if name in names else "no such server"
    return ""


def _is_verifying(job: JobStatus) -> bool:
    return job.verb is Verb.VERIFY and not job.state.is_over


class Noted:
    """The effects of an action: sentences, commands, and whether it opens a question first."""

    def __init__(
        self, pilot: Pilot[ScreenExit], handle: FakeHandle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.pilot, self.handle = pilot, handle
        self.said: list[str] = []
        monkeypatch.setattr(pilot.app, "notify", self._note)

    def _note(self, message: str, **_: object) -> None:
        self.said.append(message)

    async def of(self, host: DOMNode, action: str) -> tuple[list[str], list[Command], bool]:
        """Run it as its key does, then close any screen that it opened."""
        app, screen, focused = self.pilot.app, self.pilot.app.screen, self.pilot.app.focused
        self.said.clear()
        self.handle.commands.clear()
        await app.run_action(action, host)
        await self.pilot.pause()
        looks = [worker for worker in app.workers if worker.group == "versions"]
        if looks:
            await app.workers.wait_for_complete(looks)
            await self.pilot.pause()
        asks = isinstance(app.screen, ModalScreen)
        while app.screen is not screen:
            app.pop_screen()
            await self.pilot.pause()
        for line in screen.query("CommandLine, HelpPanel"):
            await line.remove()
        if focused is not None and focused.is_attached:
            screen.set_focus(focused)
        return list(self.said), list(self.handle.commands), asks


@asynccontextmanager
async def noted(
    handle: FakeHandle, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Pilot[ScreenExit], Noted]]:
    async with shown(handle, (80, 24)) as pilot:
        while not isinstance(pilot.app.screen, Dashboard):  # the guide of the first run
            await pilot.press("escape")
            await pilot.pause()
        yield pilot, Noted(pilot, handle, monkeypatch)


def hosted(screen: ActionScreen) -> Iterator[tuple[ActionHost, Action[Any]]]:
    """The actions of the screen and of the focused widget, each with the node it acts on."""
    focused = screen.focused
    for host in (screen, focused):
        if isinstance(host, ActionHost):
            yield from ((host, action) for action in host.every_action().values())


def action_ids(active: dict[str, ActiveBinding]) -> set[str]:
    """The actions of bindings, without those of Textual."""
    found = (parse(each.binding.action) for each in active.values())
    return {str(parameters[0]) for _, name, parameters in found if name == DO}


async def settled(pilot: Pilot[ScreenExit]) -> ActionScreen:
    """The screen on top, once its lists are loaded and its footer is up to date."""
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, ActionScreen)
    lists = [table for table in screen.query(PagedTable) if table.is_displayed]
    await until(pilot, lambda: all(table.pages.loaded or not _read(table) for table in lists))
    screen.refresh_bindings()
    await pilot.pause()
    return screen


def _read(table: PagedTable[Any, Any]) -> bool:
    return table.id != "files" or getattr(table, "current_query", None) is not None


async def every_screen(
    pilot: Pilot[ScreenExit], handle: FakeHandle, panes: tuple[str, ...] = PANES
) -> AsyncIterator[ActionScreen]:
    """The dashboard at some of its panes; with all panes, also each of the screens over it."""
    dashboard = await settled(pilot)
    for pane in panes:
        dashboard.go_to_pane(pane)
        yield await settled(pilot)
    browser, folders = handle.browser, handle.status.folders
    if browser is None or not folders or panes != PANES:
        return
    for make in deeper(browser, folders[1].folder, await browser.articles(6, (0, 0), 1)):
        dashboard.go_down(make())
        await pilot.pause()
        yield await settled(pilot)
        pilot.app.pop_screen()
        await pilot.pause()


def deeper(
    browser: Browser, folder: Folder, articles: tuple[ArticleRow, ...]
) -> tuple[Callable[[], ActionScreen], ...]:
    row = FakeBrowser(90).row(5)
    return (
        lambda: VersionsScreen(browser, folder),
        lambda: FilesScreen(browser, folder, 11),
        lambda: FilesScreen(browser, folder, 12, unfinished=True),
        lambda: ChangesScreen(browser, folder, 10, 11),
        lambda: ArticlesScreen(browser, folder, 11, row),
        lambda: ArticleScreen(browser, 6, articles[0], ("photos",), folder=folder),
    )


@pytest.mark.parametrize("state", STATES)
async def test_all_offer_the_same_and_other_actions_give_a_reason(
    state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = STATES[state]()
    async with noted(handle, monkeypatch) as (pilot, noting):
        async for screen in every_screen(pilot, handle):
            where = f"{state}: {type(screen).__name__} at {getattr(screen.focused, 'id', '')}"
            await _offers_the_same(screen, where)
            for host, action in hosted(screen):
                await _says_why(screen, host, action, noting, where)


async def _offers_the_same(screen: ActionScreen, where: str) -> None:
    active = screen.active_bindings
    keys, words = action_ids(active), set(offered(screen.known))
    works = {action.id for host, action in hosted(screen) if action.applies(host)}
    assert keys <= works, where
    # The footer is a part of the keys, with the words of their actions.
    labels = {(each.binding.action, each.binding.description) for each in active.values()}
    bar = screen.query_one(KeyBar).keys_shown
    assert {(key.active.binding.action, key.label) for key in bar} <= labels, where
    assert any(key.label == "Command" for key in bar), where
    # A command of the line is offered when its action applies.
    assert words == {a.command for a in EVERY_ACTION if a.command and a.id in works}, where
    # The palette lists exactly the keys and the commands.
    titles = [str(hit.text) async for hit in Palette(screen).discover()]
    assert {title.split()[0][1:] for title in titles if title[0] == ":"} == words, where
    named = {
        f"{each.binding.description[:1].upper()}{each.binding.description[1:]}"
        for each in active.values()
        if each.binding.id and each.binding.description
    }
    assert {title.split(" · ")[0] for title in titles if title[0] != ":"} == named, where


async def _says_why(
    screen: ActionScreen, host: ActionHost, action: Action[Any], noting: Noted, where: str
) -> None:
    why = action.why_not(host)
    if why:
        assert why.endswith("."), (where, action.id)
        noting.said.clear()
        noting.handle.commands.clear()
        await host.action_do(action.id)
        assert noting.said == [why], (where, action.id)
        assert screen.app.screen is screen, (where, action.id)
        assert not noting.handle.commands, (where, action.id)


async def test_what_is_offered_works(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: set[str] = set()
    # The actions on folders and jobs differ by state; those of panes and lists do not.
    for state, panes in (
        ("running", PANES),
        ("paused", ("folders",)),
        ("failed", ("folders",)),
        ("read-only", ("folders", "files", "servers")),
        ("servers", ("servers",)),
    ):
        handle = STATES[state]()
        async with noted(handle, monkeypatch) as (pilot, noting):
            if state != "running":
                await pilot.press("1", "g", "j")  # the folder with the job
            async for screen in every_screen(pilot, handle, panes):
                job = "running" if state == "servers" else state
                first = isinstance(screen, Dashboard)
                at = f"{job} dashboard" if first else type(screen).__name__
                await _run_offered(screen, noting, at, tried)
    assert len(tried) > 130


async def _run_offered(screen: ActionScreen, noting: Noted, at: str, tried: set[str]) -> None:
    status = noting.handle.status
    for active in dict.fromkeys(screen.active_bindings.values()):
        where, name, parameters = parse(active.binding.action)
        host: DOMNode = screen if where == "screen" else active.node
        each = f"{at if host is screen else type(host).__name__} {active.binding.action}"
        if name != DO or parameters[0] in ENDS or each in tried:
            continue
        if parameters[0] not in action_ids(screen.active_bindings):
            continue  # an earlier action has ended it, as a sort by size ends ranges
        tried.add(each)
        said, commands, asks = await noting.of(host, active.binding.action)
        assert not (asks and status.read_only), f"{each}: what it asks for is refused"
        assert not [why for command in commands if (why := refusal(status, command))], each
        sentences = {action.why_not(on) for on, action in hosted(screen)}
        assert not {*said} & (sentences - {""}), (each, said)
        assert len(said) <= 1, (each, said)


def footer(screen: Screen[Any]) -> str:
    return screen.query_one(KeyBar).render_line(0).text


async def test_the_key_of_two_actions_is_named_after_the_one_that_applies() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        screen = await settled(pilot)
        assert "p Pause" in footer(screen)
        handle.now = paused().status
        await until(pilot, lambda: "p Resume" in footer(screen))
        assert "p Pause" not in footer(screen)
        known = screen.known
        assert "It is paused already." == known.refusals["pause"]
        assert "resume" not in known.refusals
        await pilot.press("question_mark")
        await until(pilot, lambda: "Resume" in _helped(screen))
        assert "Pause" not in _helped(screen)
        handle.now = done().status
        await until(pilot, lambda: " p " not in footer(screen))
        await until(pilot, lambda: bool(helped := _helped(screen)) and "Resume" not in helped)


def _helped(screen: Screen[Any]) -> set[str]:
    """The first words of the list of `?`, which is made again whenever the keys change."""
    tables = [table.render_bindings_table() for table in screen.query(BindingsTable)]
    cells = (cell for table in tables for column in table.columns for cell in column.cells)
    return {str(cell).split(" ")[0] for cell in cells}


async def test_a_remapped_key_means_both_of_its_actions() -> None:
    handle = at_work()
    async with shown(handle, job__pause="f5") as pilot:
        screen = await settled(pilot)
        await pilot.press("p", "f5")
        handle.now = paused().status
        await until(pilot, lambda: "f5 Resume" in footer(screen))
        await pilot.press("f5")
        await pilot.pause()
    assert handle.commands == [Pause(1), Resume(1)]


async def test_a_click_in_the_footer_does_what_it_says() -> None:
    handle = paused()
    async with shown(handle) as pilot:
        screen = await settled(pilot)
        await pilot.press("1", "G")
        await until(pilot, lambda: "p Resume" in footer(screen))
        await pilot.click(KeyBar, offset=(footer(screen).index("Resume") + 1, 0))
        await pilot.pause()
    assert handle.commands == [Resume(1)]


async def test_marked_jobs_in_two_states_can_be_paused_and_resumed() -> None:
    states = (JobState.RUNNING, JobState.PAUSED)
    jobs = (
        dataclasses.replace(running().jobs[0], id=n, folder_id=n, folder=f"f{n}", state=state)
        for n, state in enumerate(states, 1)
    )
    handle = FakeHandle(running(jobs=tuple(jobs)), FakeBrowser(3))
    async with shown(handle) as pilot:
        screen = await settled(pilot)
        await pilot.press("1", "A")
        await until(pilot, lambda: "p Pause" in footer(screen))
        assert not {"pause", "resume", "pause-all", "resume-all"} & {*screen.known.refusals}
        await pilot.press("p", "colon", *"resume", "enter")
        await until(pilot, lambda: len(handle.commands) == 2)
    assert handle.commands == [Pause(1), Resume(2)]


async def test_a_restore_proposes_the_chosen_version_and_path() -> None:
    async with shown(at_work(), (80, 24)) as pilot:
        await settled(pilot)
        for keys, version, prefix in (
            ("1 j enter j", "11", ""),  # a version
            ("d", "11", "00/0000/IMG_0000000.CR3"),  # an added path
            ("j j", "10", "00/0000/IMG_0000002.CR3"),  # a removed path is in the older version
            ("escape enter j", "11", "00/0000/IMG_0000001.CR3"),  # a file
            ("enter", "11", "00/0000/IMG_0000001.CR3"),  # its articles
            ("enter", "11", "00/0000/IMG_0000001.CR3"),  # one of them
        ):
            for key in keys.split():
                await pilot.press(key)
                screen = await settled(pilot)
            assert "r Restore" in footer(screen) or type(screen) is FilesScreen
            await pilot.press("r")
            assert await _asked(pilot) == (version, prefix)
        await pilot.press("colon", *"restore /mnt/back", "enter")
        assert await _asked(pilot) == (version, prefix)


async def test_a_restore_takes_all_that_is_marked(tmp_path: Path) -> None:
    handle = at_work()
    async with shown(handle, (140, 45)) as pilot:
        await settled(pilot)
        for key in ("1", "j", "enter", "j", "enter", "j", "space", "j", "space"):
            await pilot.press(key)
            screen = await settled(pilot)
        assert type(screen) is FilesScreen
        assert "t Tree" in footer(screen) and "r Restore" in footer(screen)
        assert not {"files.retry", "files.hold", "files.leave_out"} & {
            each.binding.id for each in screen.active_bindings.values()
        }  # they do not apply to a finished version
        await pilot.press("R", "x", "H", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RestoreDialog))
        await pilot.pause()
        assert "Only these 2" in str(pilot.app.screen.query_one("#marked-paths", Static).content)
        pilot.app.screen.query_one("#target", Input).value = str(tmp_path / "back")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(handle.commands))
    names = tuple(b"00/0000/IMG_%07d.CR3" % number for number in (1, 3))
    target = os.fsencode(tmp_path.resolve() / "back")
    assert handle.commands == [Restore(2, target, 11, names)]


async def _asked(pilot: Pilot[ScreenExit]) -> tuple[str, str]:
    """The version and part that a restore proposes; then close its dialog."""
    await until(pilot, lambda: isinstance(pilot.app.screen, RestoreDialog))
    await pilot.pause()
    dialog = pilot.app.screen
    found = tuple(dialog.query_one(f"#{field}", Input).value for field in ("version", "prefix"))
    await pilot.press("escape")
    await until(pilot, lambda: pilot.app.screen is not dialog)
    return found[0], found[1]


async def test_a_version_that_is_being_built_is_not_restored() -> None:
    handle = at_work()
    browser = handle.browser
    assert isinstance(browser, FakeBrowser)
    building = snapshot(13, state=SnapshotState.BUILDING)
    browser.version_list = (*browser.version_list, building)
    async with shown(handle) as pilot:
        await settled(pilot)
        await pilot.press("1", "enter")
        screen = await settled(pilot)
        assert "r Restore" not in footer(screen)
        assert screen.known.refusals["restore"] == "Version 13 is not finished yet."
        await pilot.press("j")
        await until(pilot, lambda: "r Restore" in footer(screen))


async def test_the_line_completes_and_explains_only_what_works() -> None:
    async with shown(at_work()) as pilot:
        await settled(pilot)
        await pilot.press("1", "enter")
        screen = await settled(pilot)
        await pilot.press("colon")
        await pilot.pause()
        note = screen.query_one("#command-note")
        listed = str(note.render())
        assert all(word in listed.split() for word in ("goto", "restore", "pause", "quit"))
        assert not {"pane", "filter", "limit", "errors", "resume"} & {*listed.split()}
        await pilot.press(*"pane log")
        await pilot.pause()
        assert "The panes are on the first screen: esc goes back." in str(note.render())
        await pilot.press("enter")
        await until(pilot, lambda: not screen.query("CommandLine"))
        assert pilot.app.screen is screen


async def test_the_line_goes_to_rows_of_every_list() -> None:
    async with shown(at_work()) as pilot:
        await settled(pilot)
        await pilot.press("1", "enter")
        screen = await settled(pilot)
        await pilot.press("colon", *"goto 5", "enter")
        table = screen.query_one(PagedTable)
        await until(pilot, lambda: table.cursor == 4)


async def test_an_nzb_proposes_the_chosen_version() -> None:
    status = running()
    plain = dataclasses.replace(
        status.folders[1].folder.realm, profile=type(status.folders[1].folder.realm.profile).PLAIN
    )
    folder = dataclasses.replace(status.folders[1].folder, realm=plain)
    folders = (status.folders[0], dataclasses.replace(status.folders[1], folder=folder))
    handle = FakeHandle(dataclasses.replace(status, folders=folders), FakeBrowser(3_000, done=12))
    async with shown(handle) as pilot:
        await settled(pilot)
        await pilot.press("1", "enter")
        await settled(pilot)
        await pilot.press("j", "j", "N")
        await until(pilot, lambda: isinstance(pilot.app.screen, NzbDialog))
        await pilot.pause()
        assert pilot.app.screen.query_one("#version", Input).value == "10"


async def test_questions_and_the_palette_keep_the_keys_to_themselves() -> None:
    handle = at_work()
    async with shown(handle) as pilot:
        await settled(pilot)
        await pilot.press("1", "x", "p")
        assert isinstance(pilot.app.screen, ModalScreen)
        await pilot.press("escape", "ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
    assert handle.commands == []


def test_every_command_has_an_action_and_ids_are_unique() -> None:
    assert {*COMMANDS} == {*COMMAND_SPECS}
    ids = [action.id for action in EVERY_ACTION]
    assert len({*ids}) == len(ids)
    assert len([a for a in EVERY_ACTION if a.command]) == len(COMMANDS)
