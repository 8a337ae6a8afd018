"""Accepted pictures of the screen in each state, at two sizes.

After a change that is meant: `pytest tests/tui/test_pictures.py --snapshot-update`, then
look at the pictures in `snapshots/`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from tui_demo import STATES, FakeBrowser, FakeHandle

from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.exits import ScreenExit
from usenetsync_tui.tui.paged_table import PagedTable

SIZES = [(80, 24), (140, 45)]


def picture_of(
    handle: FakeHandle, compare: Callable[..., bool], size: tuple[int, int], *keys: str
) -> bool:
    async def settle(pilot: Pilot[ScreenExit]) -> None:
        browser = handle.browser
        count = browser.count if isinstance(browser, FakeBrowser) else 0
        table = pilot.app.screen.query_one(PagedTable)
        deadline = time.monotonic() + 10
        while table.row_count != count:
            assert time.monotonic() < deadline, "the list was not read"
            await pilot.pause(0.02)
        await pilot.press(*keys)
        await pilot.pause(0.1)

    return compare(UsenetSyncApp(handle), terminal_size=size, run_before=settle)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
def test_state(state: str, size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    # Where one pane shows at a time, the job is the one that tells the states apart.
    keys = ("1",) if size == (80, 24) and state != "hostile" else ()
    assert picture_of(STATES[state](), snap_compare, size, *keys)


@pytest.mark.parametrize("pane", ["2", "3", "4"])
def test_pane(pane: str, snap_compare: Callable[..., bool]) -> None:
    assert picture_of(STATES["running"](), snap_compare, (80, 24), pane)


@pytest.mark.parametrize("key", ["q", "x", "question_mark", "T"])
def test_key(key: str, snap_compare: Callable[..., bool]) -> None:
    assert picture_of(STATES["running"](), snap_compare, (120, 40), key)


def test_tiny(snap_compare: Callable[..., bool]) -> None:
    assert picture_of(STATES["running"](), snap_compare, (50, 12))
