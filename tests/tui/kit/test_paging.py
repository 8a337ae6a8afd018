"""Pages of a list of three million rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import pytest
from tui_fakes import FakeBrowser

from usenetsync_tui.errors import DatabaseUnavailableError
from usenetsync_tui.model.lists.files import FileFilter, FileKey, FileOrder, FileQuery, FileView
from usenetsync_tui.model.ports.browser import FileDirectory, FileRow
from usenetsync_tui.model.versions.changes import ChangeRow
from usenetsync_tui.tui.files.file_source import FileSource
from usenetsync_tui.tui.kit.list_pages import PAGES_KEPT, ListPages
from usenetsync_tui.tui.kit.list_source import PAGE_SIZE
from usenetsync_tui.tui.screens.changes_screen import ChangeSource

pytestmark = pytest.mark.anyio
COUNT = 3_000_000
EVERY = FileQuery(1, 1)
FAILED = FileQuery(1, 1, FileFilter(view=FileView.FAILED))
FilePages = ListPages[FileRow, FileKey]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must happen soon."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


async def quiet(browser: FakeBrowser) -> None:
    """Wait until no more pages are read."""
    before = -1
    while before != len(browser.pages):
        before = len(browser.pages)
        await asyncio.sleep(0.06)


@asynccontextmanager
async def opened(
    browser: FakeBrowser, query: FileQuery = EVERY, changed: Callable[[], None] = lambda: None
) -> AsyncIterator[FilePages]:
    pages = FilePages(changed)
    task = asyncio.create_task(pages.run())
    pages.open(FileSource(browser, query))
    pages.look(0, 30)
    try:
        yield pages
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _is_here(pages: FilePages, number: int) -> bool:
    return pages.row(number) is not None


async def test_the_first_page_shows_before_the_directory_exists() -> None:
    browser = FakeBrowser(COUNT)
    browser.hold = asyncio.Event()
    async with opened(browser) as pages:
        await until(lambda: browser.directories == 1)
        assert pages.count == PAGE_SIZE
        assert not pages.exact
        assert pages.row(7) == browser.row(7)
        browser.hold.set()
        await until(lambda: pages.exact)
        assert pages.count == COUNT


async def test_a_short_list_needs_no_directory() -> None:
    browser = FakeBrowser(900)
    async with opened(browser) as pages:
        await until(lambda: pages.loaded)
        await quiet(browser)
        assert (pages.count, pages.exact, browser.directories) == (900, True, 0)


async def test_only_pages_around_the_viewport_are_read() -> None:
    browser = FakeBrowser(COUNT)
    async with opened(browser) as pages:
        await until(lambda: pages.exact)
        await quiet(browser)
        browser.pages.clear()
        pages.look(1_500_010, 1_500_050)
        await until(lambda: pages.row(1_500_050) is not None)
        await quiet(browser)
        assert browser.pages == [1_500_000, 1_501_000, 1_499_000]
        assert pages.row(1_500_010) == browser.row(1_500_010)


async def test_the_end_is_exact() -> None:
    browser = FakeBrowser(2_999_123)
    async with opened(browser) as pages:
        await until(lambda: pages.exact)
        pages.look(2_999_090, 2_999_122)
        await until(lambda: pages.row(2_999_122) is not None)
        assert pages.row(2_999_122) == browser.row(2_999_122)
        assert pages.row(2_999_123) is None


async def test_fast_scrolling_reads_and_keeps_few_pages() -> None:
    browser = FakeBrowser(COUNT)
    async with opened(browser) as pages:
        await until(lambda: pages.exact)
        for row in range(0, COUNT, 3_000):
            pages.look(row, row + 40)
        await quiet(browser)
        assert len(browser.pages) < 12
        for page in range(40):
            pages.look(page * PAGE_SIZE, page * PAGE_SIZE + 40)
            await until(partial(_is_here, pages, page * PAGE_SIZE))
        held = sum(pages.row(page * PAGE_SIZE) is not None for page in range(COUNT // PAGE_SIZE))
        assert held <= PAGES_KEPT


async def test_a_refresh_reads_the_visible_page_only() -> None:
    browser = FakeBrowser(COUNT)
    async with opened(browser) as pages:
        await until(lambda: pages.exact)
        await quiet(browser)
        browser.pages.clear()
        directories = browser.directories
        pages.refresh()
        await until(lambda: bool(browser.pages))
        await quiet(browser)
        assert (browser.pages, browser.directories) == ([0], directories)


async def test_a_list_that_grows_is_counted_again() -> None:
    browser = FakeBrowser(1_200)
    async with opened(browser) as pages:
        await until(lambda: pages.count == 1_200)
        browser.count = 5_000
        pages.refresh_all(at_once=False)
        await quiet(browser)
        assert browser.directories == 1
        pages.refresh_all(at_once=True)
        await until(lambda: pages.count == 5_000)
        pages.look(4_970, 4_999)
        await until(lambda: pages.row(4_999) is not None)


async def test_an_error_is_shown_and_the_read_tried_again() -> None:
    browser = FakeBrowser(10)
    browser.error = DatabaseUnavailableError("connection refused")
    async with opened(browser) as pages:
        await until(lambda: "connection refused" in pages.problem)
        browser.error = None
        await until(lambda: pages.count == 10)
        assert pages.problem == ""


async def test_another_list_does_not_wait_for_a_slow_one() -> None:
    slow = FakeBrowser(COUNT)
    slow.hold = asyncio.Event()
    async with opened(slow) as pages:
        await until(lambda: slow.directories == 1)
        pages.open(FileSource(FakeBrowser(5), EVERY))
        await until(lambda: pages.count == 5)
        assert not slow.hold.is_set()


async def test_an_answer_for_another_list_is_dropped() -> None:
    slow, other = FakeBrowser(COUNT), FakeBrowser(5)
    slow.hold = asyncio.Event()
    async with opened(slow) as pages:
        await until(lambda: slow.directories == 1)
        pages.open(FileSource(other, EVERY))
        slow.hold.set()
        await until(lambda: pages.loaded)
        await asyncio.sleep(0.05)
        assert pages.count == 5


async def test_the_list_runs_backwards() -> None:
    browser = FakeBrowser(2_999_123)
    async with opened(browser, FileQuery(1, 1, reverse=True)) as pages:
        await until(lambda: pages.exact)
        assert pages.row(0) == browser.row(2_999_122)
        pages.look(2_999_090, 2_999_122)
        await until(partial(_is_here, pages, 2_999_122))
        assert pages.row(2_999_122) == browser.row(0)


async def test_rows_of_one_size_are_cut_where_the_next_page_begins() -> None:
    browser = FakeBrowser(4_300)
    query = FileQuery(1, 1, order=FileOrder.SIZE)
    async with opened(browser, query) as pages:
        await until(lambda: pages.exact)
        seen = []
        for at in range(0, 4_300, PAGE_SIZE):
            pages.look(at, at + 30)
            await until(partial(_is_here, pages, at))
            seen += [row for n in range(at, at + PAGE_SIZE) if (row := pages.row(n))]
        assert len({row.path for row in seen}) == 4_300
        assert [row.size for row in seen] == sorted((row.size for row in seen), reverse=True)


async def test_a_list_counted_to_a_limit_grows_at_its_end() -> None:
    browser = FakeBrowser(200_000)
    matching = sum(browser.row(n).state is FileView.FAILED for n in range(200_000))
    async with opened(browser, FAILED) as pages:
        await until(lambda: pages.counted)
        assert (pages.count, pages.exact) == (10_000, False)
        await quiet(browser)
        assert browser.directories == 1
        pages.look(9_970, 9_999)
        await until(lambda: pages.exact)
        assert pages.count == matching
        pages.look(matching - 30, matching - 1)
        await until(partial(_is_here, pages, matching - 1))
        assert not _is_here(pages, matching)


async def test_a_new_count_does_not_shrink_the_list_to_the_limit() -> None:
    browser = FakeBrowser(200_000)
    async with opened(browser, FAILED) as pages:
        await until(lambda: pages.counted)
        pages.look(9_970, 9_999)
        await until(lambda: pages.exact)
        whole, counts = pages.count, set()
        before = browser.directories
        pages.refresh_all(at_once=True)
        while browser.directories < before + 2:
            counts.add(pages.count)
            await asyncio.sleep(0.005)
        await quiet(browser)
        assert counts | {pages.count} == {whole}


async def test_rows_that_have_left_differ_from_rows_not_read_yet() -> None:
    browser = FakeBrowser(5_000)
    async with opened(browser) as pages:
        await until(lambda: pages.exact)
        assert not pages.is_gone(4_999)
        browser.count = 4_500
        pages.look(4_970, 4_999)
        await until(lambda: pages.is_gone(4_999))
        assert _is_here(pages, 4_499)


async def test_pages_out_of_sight_change_nothing() -> None:
    browser, changes = FakeBrowser(COUNT), []
    async with opened(browser, changed=lambda: changes.append(1)) as pages:
        await until(lambda: pages.exact)
        await quiet(browser)
        changes.clear()
        pages.look(1_500_010, 1_500_050)
        await quiet(browser)
        assert (len(browser.pages), len(changes)) == (5, 1)


class Uncountable(FakeBrowser):
    """Its directory fails while `trouble` is set; its pages do not."""

    trouble: Exception | None = None

    async def file_directory(
        self, query: FileQuery, page_size: int, start: FileKey | None = None
    ) -> FileDirectory:
        if self.trouble is not None:
            raise self.trouble
        return await super().file_directory(query, page_size, start)


async def test_a_count_that_fails_keeps_no_page_waiting() -> None:
    browser = Uncountable(COUNT)
    async with opened(browser) as pages:
        await until(lambda: pages.exact)
        browser.trouble = DatabaseUnavailableError("statement timeout")
        pages.refresh_all(at_once=True)
        await until(lambda: "statement timeout" in pages.problem)
        pages.look(1_500_010, 1_500_050)
        await until(partial(_is_here, pages, 1_500_010))
        browser.trouble = None
        await until(lambda: pages.problem == "")


async def test_changes_are_counted_by_reading_them() -> None:
    browser = FakeBrowser(2_500)
    source = ChangeSource(browser, 1, 1, 2)
    directory = await source.directory(PAGE_SIZE, None)
    assert (directory.count, len(directory.keys), directory.complete) == (2_500, 3, True)
    rows = [
        row
        for at, key in enumerate(directory.keys)
        for row in _cut(source, await source.page(key, PAGE_SIZE), directory.keys, at)
    ]
    assert rows == list(await browser.changes(1, 1, 2, None, 3_000))


def _cut(
    source: ChangeSource, page: Sequence[ChangeRow], keys: tuple[bytes | None, ...], at: int
) -> Sequence[ChangeRow]:
    return source.before(page, keys[at + 1]) if at + 1 < len(keys) else page
