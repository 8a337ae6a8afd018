"""Every screen names what the engine waits for, even in the smallest terminal."""

from __future__ import annotations

import dataclasses

import pytest
from lists_ground import picture
from test_keys import listed, shown, until
from tui_demo import FakeHandle, at_work

from usenetsync_tui.model.waiting import Waiting
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.panes.status_line import banner_lines, deeper_banner
from usenetsync_tui.tui.screens.article_screen import ArticleScreen
from usenetsync_tui.tui.screens.articles_screen import ArticlesScreen
from usenetsync_tui.tui.screens.changes_screen import ChangesScreen
from usenetsync_tui.tui.screens.doctor_screen import DoctorScreen
from usenetsync_tui.tui.screens.files_screen import FilesScreen
from usenetsync_tui.tui.screens.versions_screen import VersionsScreen

pytestmark = pytest.mark.anyio
REASON = "waiting for news.example.com: connection refused, next try in 12 s"

DOWN = (
    ("1", Dashboard),
    ("4", Dashboard),
    ("5", Dashboard),
    ("D", DoctorScreen),
    ("escape", Dashboard),
    ("1", Dashboard),
    ("enter", VersionsScreen),
    ("d", ChangesScreen),
    ("escape", VersionsScreen),
    ("enter", FilesScreen),
    ("enter", ArticlesScreen),
    ("enter", ArticleScreen),
)


def waiting(handle: FakeHandle, waits: Waiting | None) -> None:
    handle.now = dataclasses.replace(handle.now, waiting=waits)


async def test_the_reason_is_on_every_screen() -> None:
    handle = at_work()
    reason = Waiting("waiting for news.example.com: connection refused", 12.0)
    async with shown(handle, (80, 24)) as pilot:
        app = pilot.app
        await listed(pilot)
        for key, kind in DOWN:
            waiting(handle, reason)
            await until(pilot, lambda: REASON in picture(app))
            await pilot.press(key)
            await until(pilot, lambda kind=kind: type(app.screen) is kind)  # type: ignore[misc]
            await until(pilot, lambda: REASON in picture(app))
            if kind is not Dashboard:  # the line goes with its reason, and leaves no gap
                tables = app.screen.query(PagedTable)
                await until(pilot, lambda: all(t.pages.loaded for t in tables))  # noqa: B023
                waiting(handle, None)
                await until(pilot, lambda: REASON not in picture(app))
                assert picture(app).splitlines()[1].startswith("╭"), kind


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_server_reason_and_time_stay_on_a_small_screen(width: int) -> None:
    reason = "waiting for one: No connection to news.example.com port 563: Connection refused"
    status = dataclasses.replace(at_work().now, waiting=Waiting(reason, 12.0))
    for banner in (banner_lines, deeper_banner):
        said = "".join(text for text, _ in banner(status, width, 0)[0])
        assert said.startswith("waiting for one: ") and len(said) <= width
        assert said.rstrip().endswith("refused, next try in 12 s")
