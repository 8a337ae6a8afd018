"""Pages of a list of three million rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from tui_demo import FakeBrowser

from usenetsync_tui.errors import DatabaseUnavailableError
from usenetsync_tui.tui.paging import PAGE_SIZE, PAGES_KEPT, FilePages

pytestmark = pytest.mark.anyio
COUNT = 3_000_000


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must happen soon."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


async def quiet(browser: FakeBrowser) -> None:
    """Wait until nothing more is read."""
    before = -1
    while before != len(browser.pages):
        before = len(browser.pages)
        await asyncio.sleep(0.06)


@asynccontextmanager
async def opened(browser: FakeBrowser) -> AsyncIterator[FilePages]:
    pages = FilePages(lambda: None)
    task = asyncio.create_task(pages.run())
    pages.open(browser, 1, 1)
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


async def test_a_wild_ride_reads_little_and_keeps_little() -> None:
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


async def test_trouble_is_told_and_tried_again() -> None:
    browser = FakeBrowser(10)
    browser.error = DatabaseUnavailableError("connection refused")
    async with opened(browser) as pages:
        await until(lambda: "connection refused" in pages.problem)
        browser.error = None
        await until(lambda: pages.count == 10)
        assert pages.problem == ""


async def test_an_answer_for_another_list_is_dropped() -> None:
    slow, other = FakeBrowser(COUNT), FakeBrowser(5)
    slow.hold = asyncio.Event()
    async with opened(slow) as pages:
        await until(lambda: slow.directories == 1)
        pages.open(other, 2, 1)
        slow.hold.set()
        await until(lambda: pages.loaded)
        await asyncio.sleep(0.05)
        assert pages.count == 5
