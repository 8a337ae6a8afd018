"""Versions, changes, articles, one article: the keys of each, and how to open and leave them."""

from __future__ import annotations

import dataclasses

import pytest
from lists_ground import PHOTOS, gone_down, picture, until
from tui_demo import running
from tui_fakes import HOSTILE, FakeBrowser, snapshot

from usenetsync_tui.errors import DatabaseUnavailableError
from usenetsync_tui.model.commands.jobs import ActOnFiles
from usenetsync_tui.model.folders import SnapshotState
from usenetsync_tui.model.lists.files import FileAction, FileSelection
from usenetsync_tui.model.ports.browser import ArticleRow
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.files.marked_paths import marked_paths
from usenetsync_tui.tui.kit.list_source import PAGE_SIZE
from usenetsync_tui.tui.screens import article_screen, articles_screen, versions_screen
from usenetsync_tui.tui.screens.article_screen import ArticleScreen
from usenetsync_tui.tui.screens.articles_screen import ArticleSource, ArticlesScreen, ArticlesTable
from usenetsync_tui.tui.screens.changes_screen import ChangesScreen, ChangesTable
from usenetsync_tui.tui.screens.files_screen import FilesScreen
from usenetsync_tui.tui.screens.versions_screen import VersionsScreen, VersionsTable

pytestmark = pytest.mark.anyio
COUNT = 3_000_000


async def test_versions_are_listed_newest_first() -> None:
    async with gone_down(VersionsScreen(FakeBrowser(COUNT), PHOTOS), (80, 24)) as (pilot, app):
        await until(pilot, lambda: "row 1 / 12" in picture(app))
        lines = picture(app).splitlines()
        assert lines[0].split() == ["photos", "›", "versions"]
        assert lines[3].split()[:3] == ["│", ">", "12"]
        assert "+9,012 ~847 -132" in lines[3]
        assert "! incomplete" in lines[5]


async def test_a_version_that_is_being_built_is_marked_on_every_screen() -> None:
    browser = FakeBrowser(COUNT)
    building = snapshot(13, state=SnapshotState.BUILDING)
    browser.version_list = (*browser.version_list, building)
    async with gone_down(VersionsScreen(browser, PHOTOS)) as (pilot, app):
        await until(pilot, lambda: "▲ being built" in picture(app))
        await pilot.press("enter")
        await until(pilot, lambda: "version 13 (unfinished) › files" in picture(app))
        await until(pilot, lambda: "Files · photos · version 13 (unfinished)" in picture(app))
        await pilot.press("escape", "d")
        await until(pilot, lambda: "changes from version 12 to 13 (unfinished)" in picture(app))
        await pilot.press("escape", "j", "enter")
        await until(pilot, lambda: "version 12 › files" in picture(app))


async def test_enter_goes_down_to_the_files_and_back() -> None:
    async with gone_down(VersionsScreen(FakeBrowser(COUNT), PHOTOS)) as (pilot, app):
        table = app.screen.query_one(VersionsTable)
        await until(pilot, lambda: table.row_count == 12)
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, FilesScreen))
        files = app.screen.query_one(FilesTable)
        await until(pilot, lambda: files.row_count == COUNT)
        assert "photos › version 11 › files" in picture(app)
        await pilot.press("x")
        await pilot.pause()
        selection = FileSelection(1, 11, ranges=((FakeBrowser(1).name(0),) * 2,))
        assert app.wanted == [ActOnFiles(FileAction.LEAVE_OUT, selection)]
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, ArticleScreen))
        for kind in (ArticlesScreen, FilesScreen, VersionsScreen):
            await pilot.press("escape")
            await until(pilot, lambda kind=kind: isinstance(app.screen, kind))  # type: ignore[misc]
        assert app.screen.query_one(VersionsTable).has_focus


@pytest.mark.parametrize("key", ["escape", "backspace", "q"])
async def test_every_screen_goes_back(key: str) -> None:
    browser = FakeBrowser(90)
    for screen in (
        VersionsScreen(browser, PHOTOS),
        FilesScreen(browser, PHOTOS, 3),
        ChangesScreen(browser, PHOTOS, 1, 2),
        ArticlesScreen(browser, PHOTOS, 3, browser.row(5)),
        ArticleScreen(browser, 6, (await browser.articles(6, (0, 0), 1))[0], ("photos",)),
    ):
        async with gone_down(screen) as (pilot, app):
            await pilot.press(key)
            await until(pilot, lambda app=app: len(app.screen_stack) == 1)  # type: ignore[misc]


async def test_escape_drops_the_filter_before_it_goes_back() -> None:
    async with gone_down(FilesScreen(FakeBrowser(1_100), PHOTOS, 3)) as (pilot, app):
        table = app.screen.query_one(FilesTable)
        await until(pilot, lambda: table.row_count == 1_100)
        table.filter_by_words("is:failed")
        await until(pilot, lambda: table.row_count == 100)
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count == 1_100)
        assert isinstance(app.screen, FilesScreen)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, FilesScreen))


async def test_files_of_a_running_version_show_its_job() -> None:
    browser = FakeBrowser(90)
    async with gone_down(FilesScreen(browser, PHOTOS, 12)) as (pilot, app):
        screen = app.screen
        assert isinstance(screen, FilesScreen)
        await until(pilot, lambda: screen.query_one(FilesTable).row_count == 90)
        browser.count = 91
        screen.show(running())
        await until(pilot, lambda: screen.query_one(FilesTable).row_count == 91)


async def test_d_compares_with_the_version_before_or_the_marked_one() -> None:
    async with gone_down(VersionsScreen(FakeBrowser(COUNT), PHOTOS)) as (pilot, app):
        table = app.screen.query_one(VersionsTable)
        await until(pilot, lambda: table.row_count == 12)
        await pilot.press("d")
        await until(pilot, lambda: "changes from version 11 to 12" in picture(app))
        await pilot.press("escape", "j", "space", "G", "d")
        await until(pilot, lambda: "changes from version 1 to 11" in picture(app))
        await pilot.press("escape", "k", "m", "m", "d")
        await until(pilot, lambda: "changes from version 1 to 2" in picture(app))
        await pilot.press("escape", "j", "d")
        await pilot.pause()
        assert app.toasts() == ["There is no version before this one."]


async def test_versions_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions_screen, "REFRESH", 0.05)
    browser = FakeBrowser(COUNT)
    async with gone_down(VersionsScreen(browser, PHOTOS)) as (pilot, app):
        await until(pilot, lambda: "row 1 / 12" in picture(app))
        new = snapshot(13, state=SnapshotState.BUILDING, finished_at=None)
        browser.version_list = (*browser.version_list, new)
        await until(pilot, lambda: "▲ being built" in picture(app))
        assert "row 1 / 13" in picture(app)


async def test_a_folder_without_versions() -> None:
    browser = FakeBrowser(COUNT)
    browser.version_list = ()
    async with gone_down(VersionsScreen(browser, PHOTOS)) as (pilot, app):
        await until(pilot, lambda: "No version yet" in picture(app))
        await pilot.press("enter", "d", "space", "j", "G")
        assert isinstance(app.screen, VersionsScreen)


async def test_many_versions_have_pages() -> None:
    browser = FakeBrowser(COUNT)
    browser.version_list = tuple(snapshot(n) for n in range(1, 2_501))
    async with gone_down(VersionsScreen(browser, PHOTOS)) as (pilot, app):
        table = app.screen.query_one(VersionsTable)
        await until(pilot, lambda: table.row_count == 2_500)
        await pilot.press("G")
        await until(pilot, lambda: table.cursor_row is not None)
        assert table.cursor_row == snapshot(1)


async def test_changes_are_listed_and_copied() -> None:
    async with gone_down(ChangesScreen(FakeBrowser(COUNT), PHOTOS, 11, 12)) as (pilot, app):
        table = app.screen.query_one(ChangesTable)
        await until(pilot, lambda: table.row_count == 2_500)
        drawn = picture(app)
        assert all(words in drawn for words in ("+ added", "~ modified", "- removed"))
        await pilot.press("j", "y")
        assert app.clipboard == FakeBrowser(9).name(1).decode()
        await pilot.press("G")
        await until(pilot, lambda: table.cursor_row is not None)
        assert table.cursor == 2_499


async def test_nothing_differs() -> None:
    async with gone_down(ChangesScreen(FakeBrowser(0), PHOTOS, 11, 12)) as (pilot, app):
        await until(pilot, lambda: "Nothing differs." in picture(app))
        await pilot.press("y", "j", "G")


async def test_articles_are_listed_and_copied() -> None:
    browser = FakeBrowser(90)
    async with gone_down(ArticlesScreen(browser, PHOTOS, 12, browser.row(5))) as (pilot, app):
        table = app.screen.query_one(ArticlesTable)
        await until(pilot, lambda: table.row_count == 36)
        drawn = picture(app)
        assert all(words in drawn for words in ("✓ verified", "· planned", "! failed"))
        await pilot.press(*"jjjjjjj")
        await until(pilot, lambda: "441 posting failed" in picture(app).splitlines()[-2])
        await pilot.press("y")
        assert app.clipboard == "0000000600000007.part@example.invalid"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ArticleScreen))
        assert "segment 8 copy 1" in picture(app)
        assert "441 posting failed" in picture(app)
        await pilot.press("y")
        assert app.clipboard == "0000000600000007.part@example.invalid"


async def test_an_article_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(article_screen, "REFRESH", 0.05)
    browser = FakeBrowser(90)
    row = dataclasses.replace((await browser.articles(6, (0, 0), 1))[0], tries=77)
    async with gone_down(ArticleScreen(browser, 6, row, ("photos",)), (80, 12)) as (pilot, app):
        await until(pilot, lambda: "tries            1" in picture(app))
        browser.error = DatabaseUnavailableError("gone")
        await until(pilot, lambda: "gone" in picture(app))
        browser.error = None
        await pilot.press("G")
        await until(pilot, lambda: "blake3:" in picture(app))
        await pilot.press("g", "j", "pagedown", "k", "pageup")


async def test_articles_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(articles_screen, "REFRESH", 0.05)

    class Posting(FakeBrowser):
        reads = 0

        async def articles(
            self, object_id: int, start: tuple[int, int], limit: int
        ) -> tuple[ArticleRow, ...]:
            self.reads += 1
            rows = await super().articles(object_id, start, limit)
            return tuple(dataclasses.replace(row, tries=self.reads) for row in rows)

    browser = Posting(90)
    async with gone_down(ArticlesScreen(browser, PHOTOS, 12, browser.row(5))) as (pilot, app):
        table = app.screen.query_one(ArticlesTable)
        await until(pilot, lambda: table.cursor_row is not None and table.cursor_row.tries > 3)


async def test_articles_of_several_copies_have_exact_pages() -> None:
    class Copies(FakeBrowser):
        async def articles(
            self, object_id: int, start: tuple[int, int], limit: int
        ) -> tuple[ArticleRow, ...]:
            one = (await super().articles(1, (0, 0), 1))[0]
            every = [(n // 3, n % 3) for n in range(4_500)]
            at = [each for each in every if each >= start][:limit]
            return tuple(dataclasses.replace(one, index=i, redundancy=r) for i, r in at)

        async def article_count(self, object_id: int) -> int:
            return 4_500

    source = ArticleSource(Copies(1), 1)
    directory = await source.directory(PAGE_SIZE, None)
    assert directory.count == 4_500
    seen = []
    for at, key in enumerate(directory.keys):
        page = await source.page(key, PAGE_SIZE)
        later = directory.keys[at + 1 : at + 2]
        seen += list(source.before(page, later[0]) if later else page)
    assert [(row.index, row.redundancy) for row in seen] == [(n // 3, n % 3) for n in range(4_500)]


async def test_hostile_names_on_deeper_screens_are_harmless() -> None:
    evil = dataclasses.replace(PHOTOS, name="[@click=app.quit]x[/]\x1b]0;owned\x07")
    browser = FakeBrowser(0, names=HOSTILE)
    for screen in (
        VersionsScreen(browser, evil),
        FilesScreen(browser, evil, 3),
        ChangesScreen(browser, evil, 1, 2),
        ArticlesScreen(browser, evil, 3, browser.row(2)),
    ):
        async with gone_down(screen, (80, 24)) as (pilot, app):
            await until(pilot, lambda app=app: "row 1" in picture(app))  # type: ignore[misc]
            assert picture(app).replace("\n", "").isprintable()
            assert "[@click=app.quit]" in picture(app).splitlines()[0]


async def test_marked_changes_are_restored_from_the_version_that_has_them() -> None:
    browser = FakeBrowser(30)
    async with gone_down(ChangesScreen(browser, PHOTOS, 11, 12)) as (pilot, app):
        table, screen = app.screen.query_one(ChangesTable), app.screen
        assert isinstance(screen, ChangesScreen)
        await until(pilot, lambda: table.row_count == 30)
        await pilot.press("space", "space", "space")
        assert table.marked == (browser.name(0), browser.name(1)), "a removed path is in version 11"
        await until(pilot, lambda: "2 of version 12 marked" in picture(app))
        at = screen.at_hand
        assert (at.version, at.path) == (12, b"")
        assert at.marked is not None
        assert await marked_paths(browser, at.marked) == table.marked
        await pilot.press("u", "space")
        assert screen.at_hand.version == 11
        assert table.marked == (browser.name(2),)
