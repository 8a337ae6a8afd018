"""The tree of a version: folder by folder beside the flat list."""

from __future__ import annotations

import pytest
from lists_ground import MUSIC, PHOTOS, listed, picture, until
from textual.pilot import Pilot
from tui_demo import running
from tui_fakes import FakeBrowser

from usenetsync_tui.model.commands.jobs import ActOnFiles
from usenetsync_tui.model.lists.files import (
    FileAction,
    FileFilter,
    FileOrder,
    FileSelection,
    all_in,
)
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.files.marked_paths import marked_paths

pytestmark = pytest.mark.anyio
COUNT = 3_000_000
NAMES = (b"a/", b"a/deep/", b"a/deep/x", b"a/y", b"a-b", b"b/", b"b/\xff\x1b", b"c")


async def shows(pilot: Pilot[None], table: FilesTable, *paths: bytes) -> None:
    def paths_shown() -> tuple[bytes, ...]:
        rows = (table.pages.row(number) for number in range(table.row_count))
        return tuple(row.path for row in rows if row is not None)

    await until(pilot, lambda: paths_shown() == paths)


async def test_a_folder_opens_and_closes_again() -> None:
    async with listed(FakeBrowser(0, names=NAMES)) as (pilot, table):
        await pilot.press("t")
        await shows(pilot, table, b"a-b", b"a/", b"b/", b"c")
        await pilot.press("j", "enter")
        await shows(pilot, table, b"a/deep/", b"a/y")
        assert "/a/" in picture(pilot.app).splitlines()[0]
        assert "✓" not in picture(pilot.app)  # what is in the folder may be done or not
        assert "   y  " in picture(pilot.app)  # without the folder, which the title has
        await pilot.press("enter")
        await shows(pilot, table, b"a/deep/x")
        await pilot.press("backspace", "backspace")
        await shows(pilot, table, b"a-b", b"a/", b"b/", b"c")
        await until(pilot, lambda: table.cursor == 1)  # where the folder was opened
        await pilot.press("backspace", "t")
        await until(pilot, lambda: table.row_count == len(NAMES))


async def test_the_tree_of_three_million_files_begins_at_the_cursor() -> None:
    async with listed(FakeBrowser(COUNT)) as (pilot, table):
        table.go_to_words("2,000,001")
        await until(pilot, lambda: table.cursor_row is not None)
        await pilot.press("t")
        await until(pilot, lambda: table.row_count == 1_000)
        assert table.current_query is not None and table.current_query.under == b"20/2000/"
        await pilot.press("backspace")
        await until(pilot, lambda: table.row_count == 100)
        await pilot.press("backspace")
        await until(pilot, lambda: table.row_count == 30)


async def test_a_filter_finds_below_the_open_folder() -> None:
    async with listed(FakeBrowser(0, names=NAMES)) as (pilot, table):
        await pilot.press("t")
        await shows(pilot, table, b"a-b", b"a/", b"b/", b"c")
        await pilot.press("j", "enter", "slash", *"x", "enter")
        await shows(pilot, table, b"a/deep/x")
        await pilot.press("S")
        await until(pilot, lambda: "by path ▼" in picture(pilot.app))
        await pilot.press("escape")
        await shows(pilot, table, b"a/deep/", b"a/y")


async def test_the_tree_is_kept_for_another_version_and_begins_again_in_another_folder() -> None:
    browser = FakeBrowser(0, names=NAMES)
    async with listed(browser) as (pilot, table):
        await pilot.press("t")
        await shows(pilot, table, b"a-b", b"a/", b"b/", b"c")
        await pilot.press("j", "enter")
        await shows(pilot, table, b"a/deep/", b"a/y")
        table.open(browser, PHOTOS, 11)
        await shows(pilot, table, b"a/deep/", b"a/y")
        table.open(browser, MUSIC, 3)
        await shows(pilot, table, b"a-b", b"a/", b"b/", b"c")


async def test_what_does_not_apply_in_the_tree_says_so() -> None:
    async with listed(FakeBrowser(0, names=NAMES)) as (pilot, _):
        await pilot.press("t")
        for key in ("s", "S", "v"):
            await pilot.press(key)
        await pilot.click(FilesTable, offset=(60, 0))
        said = [*pilot.app._notifications]
        assert len(said) == 4
        assert all("sorted by name" in each.message for each in said)


async def test_a_marked_folder_means_all_in_it() -> None:
    browser = FakeBrowser(0, names=NAMES)
    async with listed(browser) as (pilot, table):
        await pilot.press("t")
        await shows(pilot, table, b"a-b", b"a/", b"b/", b"c")
        table.show(running())
        await pilot.press("j", "x")
        await until(pilot, lambda: len(pilot.app.wanted) == 1)  # type: ignore[attr-defined]
        alone = FileSelection(1, 12, ranges=(all_in(b"a/"),))
        assert pilot.app.wanted == [ActOnFiles(FileAction.LEAVE_OUT, alone)]  # type: ignore[attr-defined]
        await pilot.press("space", "j", "space")
        selection = table.marked
        assert selection is not None and selection.ranges == (all_in(b"a/"), (b"c", b"c"))
        assert await marked_paths(browser, selection) == (b"a/", b"c")
        await pilot.press("k", "k", "enter")
        await shows(pilot, table, b"a/deep/", b"a/y")
        await pilot.press("space")  # a part of what is marked
        assert table.marked == selection
        await pilot.press("j", "space", "u", "A")  # all in the open folder
        selection = table.marked
        assert selection is not None and selection.ranges == (all_in(b"a/"),)
        assert table.marks.holds(b"a/y") and not table.marks.holds(b"b/z")


@pytest.mark.parametrize(
    ("selection", "paths"),
    [
        (FileSelection(1, 12), ()),
        (FileSelection(1, 12, ranges=((b"a-b", b"b/"),)), (b"a-b", b"a/deep/x", b"a/y")),
        (FileSelection(1, 12, ranges=((b"a/", b"a/"),)), (b"a/",)),
        (FileSelection(1, 12, FileFilter(words=(b"a",))), (b"a-b", b"a/deep/x", b"a/y")),
        (FileSelection(1, 12, without=(b"c", b"a/y")), (b"a-b", b"a/deep/x", b"b/\xff\x1b")),
        (FileSelection(1, 12, FileFilter(globs=(b"?",)), (all_in(b"a/"),)), (b"a/deep/x", b"a/y")),
    ],
)
async def test_the_paths_of_a_selection(selection: FileSelection, paths: tuple[bytes, ...]) -> None:
    assert await marked_paths(FakeBrowser(0, names=NAMES), selection) == paths


async def test_too_many_paths_are_none() -> None:
    every = FileSelection(1, 12, FileFilter(words=(b"img",)))
    assert await marked_paths(FakeBrowser(3_000), every) is None


async def test_a_click_on_a_head_sorts() -> None:
    async with listed(FakeBrowser(200), (100, 30)) as (pilot, table):
        heads = picture(pilot.app).splitlines()[1]
        for head, order, reverse in (
            ("SIZE", FileOrder.SIZE, False),
            ("SIZE", FileOrder.SIZE, True),
            ("NAME", FileOrder.PATH, False),
            ("STATE", FileOrder.PATH, False),
        ):
            await pilot.click(offset=(heads.index(head) + 1, 1))
            await pilot.pause()
            query = table.current_query
            assert query is not None and (query.order, query.reverse) == (order, reverse)
