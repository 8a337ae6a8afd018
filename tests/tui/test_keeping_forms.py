"""The forms about what stays and what goes: what they show, and what they send."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lists_ground import picture, until
from textual.pilot import Pilot
from textual.widgets import Input
from tui_demo import at_work
from tui_fakes import FakeBrowser

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.folders import RemoveFolder, SetKeepRules
from usenetsync_tui.model.commands.jobs import Forget
from usenetsync_tui.model.commands.versions import ProtectVersions, TagVersion
from usenetsync_tui.model.versions.keep_rules import KeepPolicy, KeepRules
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.exits import ScreenExit
from usenetsync_tui.tui.keeping.forget_form import ForgetForm
from usenetsync_tui.tui.keeping.keep_form import KeepForm
from usenetsync_tui.tui.keeping.remove_form import RemoveForm
from usenetsync_tui.tui.keeping.tags_form import TagsForm
from usenetsync_tui.tui.screens.versions_screen import VersionsScreen

Screen = Pilot[ScreenExit]


async def shows(pilot: Screen, *words: str) -> None:
    await until(pilot, lambda: all(each in picture(pilot.app) for each in words))


async def typed(pilot: Screen, field: str, text: str) -> None:
    """Type an answer in the place of the one that is there."""
    line = pilot.app.screen.query_one(f"#{field}", Input)
    line.focus()
    line.value = text
    await pilot.pause()


@pytest.mark.anyio
async def test_what_goes_is_shown_before_it_goes() -> None:
    handle = at_work()
    sent: list[Command] = handle.commands
    browser = handle.browser
    assert isinstance(browser, FakeBrowser)
    *rest, second, newest = browser.version_list
    browser.version_list = (*rest, replace(second, tags=("old",)), newest)
    async with UsenetSyncApp(handle).run_test(size=(100, 40), notifications=True) as pilot:
        await pilot.press("1", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, VersionsScreen))
        await shows(pilot, "◆", "Forget")
        await pilot.press("j", "X")
        await until(pilot, lambda: isinstance(pilot.app.screen, ForgetForm))
        await shows(pilot, "1 version and what only it needs", "13.2 MB freed")
        await typed(pilot, "versions", "2-1")
        await pilot.press("ctrl+s")
        await shows(pilot, "is no range")
        await typed(pilot, "versions", "3, 5-7")
        await pilot.press("ctrl+s")  # not before its preview is seen
        await shows(pilot, "4 versions and what only they need", "once more")
        assert sent == []
        await pilot.press("ctrl+s")
        await until(pilot, lambda: sent == [Forget(1, (3, 5, 6, 7))])

        await pilot.press("Y")
        await until(pilot, lambda: isinstance(pilot.app.screen, TagsForm))
        await typed(pilot, "tags", "new,  kept for good ,")
        await pilot.press("ctrl+s")
        gone, come = ("old",), ("kept for good", "new")
        tags = [TagVersion(1, 11, gone, remove=True), TagVersion(1, 11, come)]
        await until(pilot, lambda: sent[1:] == tags)
        await pilot.press("L")
        await until(pilot, lambda: sent[3:] == [ProtectVersions(1, (11,))])
        await pilot.press("colon", *"forget", "space", *"2-3", "enter")
        await shows(pilot, "2 versions and what only they need")


@pytest.mark.anyio
async def test_the_keep_rules_show_what_they_keep_while_they_are_typed() -> None:
    handle = at_work()
    handle.now = replace(handle.now, keep_rules=KeepRules(last=4))
    sent: list[Command] = handle.commands
    async with UsenetSyncApp(handle).run_test(size=(100, 40), notifications=True) as pilot:
        await pilot.press("1", "C")
        await until(pilot, lambda: isinstance(pilot.app.screen, KeepForm))
        await shows(pilot, "8 of 12 versions would go", "newest version, last")
        await typed(pilot, "last", "x")
        await pilot.press("ctrl+s")
        await shows(pilot, "Type a number up to")
        await typed(pilot, "last", "")
        await typed(pilot, "monthly", "0")
        await pilot.press("ctrl+s")
        await shows(pilot, "Type at least one rule")
        await typed(pilot, "tags", "a,b c")
        await typed(pilot, "within", "2y")
        await shows(pilot, "within 2y")
        await pilot.press("ctrl+s")
        rules = KeepRules(within=replace(KeepRules().within, years=2), tags=("a,b", "c"))
        await until(pilot, lambda: sent == [SetKeepRules(1, KeepPolicy(rules, is_own=True))])

        line = "keep --keep-daily 7 --keep-tag 'a b'"
        await pilot.press("colon")
        pilot.app.screen.query_one("LineInput", Input).value = line
        await pilot.press("enter")
        wanted = KeepPolicy(KeepRules(daily=7, tags=("a b",)), is_own=True)
        await until(pilot, lambda: sent[1:] == [SetKeepRules(1, wanted)])


@pytest.mark.anyio
async def test_now_saves_the_rules_and_opens_what_goes() -> None:
    handle = at_work()
    async with UsenetSyncApp(handle).run_test(size=(100, 40), notifications=True) as pilot:
        await pilot.press("1", "C")
        await until(pilot, lambda: isinstance(pilot.app.screen, KeepForm))
        await typed(pilot, "last", "10")
        await shows(pilot, "2 of 12 versions would go")
        await pilot.click("#now")
        await until(pilot, lambda: isinstance(pilot.app.screen, ForgetForm))
        assert pilot.app.screen.query_one("#versions", Input).value == "1-2"
        saved = SetKeepRules(1, KeepPolicy(KeepRules(last=10), is_own=True))
        await until(pilot, lambda: handle.commands == [saved])


@pytest.mark.anyio
async def test_a_folder_is_removed_by_its_typed_name() -> None:
    handle = at_work()
    async with UsenetSyncApp(handle).run_test(size=(100, 40), notifications=True) as pilot:
        await pilot.press("1", "Z")
        await until(pilot, lambda: isinstance(pilot.app.screen, RemoveForm))
        await typed(pilot, "name", "photo")
        await pilot.press("ctrl+s")
        await shows(pilot, "This is not its name.")
        assert handle.commands == []
        await typed(pilot, "name", " photos")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: handle.commands == [RemoveFolder(1)])
