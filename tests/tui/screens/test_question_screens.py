"""The screens that answer questions about versions: a file's history, what was found, sizes."""

from __future__ import annotations

import pytest
from lists_ground import PHOTOS, gone_down, picture, until
from tui_demo import plain
from tui_fakes import FakeBrowser

from usenetsync_tui.tui.dialogs.restoring.restore_dialog import RestoreDialog
from usenetsync_tui.tui.dialogs.version_field import VersionField
from usenetsync_tui.tui.files.files_pane import FilterInput
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.screens.costs_screen import CostsScreen
from usenetsync_tui.tui.screens.files_screen import FilesScreen
from usenetsync_tui.tui.screens.find_screen import FindScreen, FoundTable
from usenetsync_tui.tui.screens.past_screen import PastScreen

pytestmark = pytest.mark.anyio


async def test_enter_restores_the_state_of_a_file() -> None:
    async with gone_down(PastScreen(FakeBrowser(90), PHOTOS, b"a/b.CR3")) as (pilot, app):
        table = app.screen.query_one(PagedTable)
        await until(pilot, lambda: table.row_count == 6)
        for moves, version in ((0, "11"), (2, "6")):  # version 7 lacks it: the one before has it
            for _ in range(moves):
                await pilot.press("down")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, RestoreDialog))
            dialog = app.screen
            assert isinstance(dialog, RestoreDialog)
            await until(pilot, lambda: bool(dialog.query(VersionField)))  # noqa: B023
            await pilot.pause()
            assert dialog.text("prefix") == "a/b.CR3"
            assert dialog.text("version") == version
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, PastScreen))


async def test_a_pattern_is_found_and_enter_goes_to_the_file() -> None:
    screen = FindScreen(FakeBrowser(90))
    screen.status = plain().status
    async with gone_down(screen) as (pilot, app):
        assert isinstance(app.focused, FilterInput)
        await pilot.press(*"is:done", "enter")
        assert "is: is for the files of one version" in picture(app)
        app.focused.value = "*_0000004*"
        await pilot.press("enter")
        table = screen.query_one(FoundTable)
        await until(pilot, lambda: table.row_count == 1)
        assert "5–12" in picture(app) and app.focused is table
        await pilot.press("slash", "escape")
        assert app.focused is table
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FilesScreen))
        assert "version 12 › files" in picture(app)


async def test_escape_leaves_the_empty_pattern() -> None:
    async with gone_down(FindScreen(FakeBrowser(90))) as (pilot, app):
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_sizes_show_the_sums() -> None:
    async with gone_down(CostsScreen(FakeBrowser(90), PHOTOS), (120, 30)) as (pilot, app):
        await until(pilot, lambda: "unique 1.90 TB · compressed 1.70 TB" in picture(app))
