"""The history of all jobs: its lines, its pages, and each of its keys."""

from __future__ import annotations

import pytest
from lists_ground import picture
from tui_demo import NOTICES, past_jobs, with_history
from tui_fakes import HOSTILE, FakeBrowser

from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.kit.inks import Line, width_of
from usenetsync_tui.tui.kit.list_source import Directory, counted_on
from usenetsync_tui.tui.screens.history_lines import (
    history_header,
    history_line,
    notice_line,
    notices_header,
)
from usenetsync_tui.tui.screens.history_screen import (
    HistoryScreen,
    HistorySource,
    NoticesScreen,
    NoticesTable,
)

WIDTHS = (30, 56, 60, 76, 100, 136)


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


def test_a_line_has_outcome_amounts_and_reason() -> None:
    done, failed, incomplete, *_ = past_jobs(5)
    assert text(history_line(done, 136, cursor=False)).split() == (
        "✓ done upload photos v5 2026-11-24 12:00 2m04s 1,204 9.30 GB 8.10 GB".split()
    )
    assert "! failed" in text(history_line(failed, 136, cursor=True))
    assert text(history_line(failed, 136, cursor=True)).endswith("no such folder")
    assert "on every server" in text(history_line(incomplete, 136, cursor=False))


def test_no_line_is_wider_than_the_screen() -> None:
    notices = [*NOTICES, *(Notice(NoticeKind.UNREADABLE, n, "why " * 60) for n in HOSTILE)]
    for width in WIDTHS:
        lines = [history_line(past, width, cursor=False) for past in past_jobs(9)]
        lines += [notice_line(notice, width, cursor=True) for notice in notices]
        lines += [history_header(width), notices_header(width)]
        assert max(width_of(line) for line in lines) <= width
        assert all(text(line).isprintable() for line in lines)


@pytest.mark.anyio
async def test_pages_follow_each_other() -> None:
    browser = FakeBrowser(0)
    browser.past = past_jobs(25_003)
    source, known = HistorySource(browser), Directory[int | None](0, (), False)
    while not known.complete:
        known = await counted_on(source, known)
    assert (known.count, len(known.keys)) == (25_003, 26)
    pages = [await source.page(key, 1_000) for key in known.keys]
    assert [past.job.id for page in pages for past in page] == list(range(25_003, 0, -1))
    assert source.before(await source.page(None, 2_000), known.keys[1]) == pages[0]


@pytest.mark.anyio
async def test_keys_open_the_history_and_the_notices_of_a_job() -> None:
    app = UsenetSyncApp(with_history())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("h")
        assert isinstance(app.screen, HistoryScreen)
        await pilot.pause(0.1)
        shown = picture(app)
        assert "history" in shown
        assert "! incomplete" in shown
        await pilot.press("j", "enter")
        assert isinstance(app.screen, NoticesScreen)
        await pilot.pause(0.1)
        assert "docker.sock" in picture(app)
        assert "/mnt/back: no such folder" in picture(app)
        await pilot.press("y")
        assert app.clipboard == "run/docker.sock"
        assert app.screen.query_one(NoticesTable).row_count == len(NOTICES)
        await pilot.press("escape", "q", "colon", *"history", "enter")
        assert isinstance(app.screen, HistoryScreen)
