"""The row of the cursor with sixteen colours, and which keys the footer offers."""

from __future__ import annotations

import pytest
from tui_demo import FakeHandle, at_work, done, failed, paused

from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.kit.key_bar import MOST, KeyBar


@pytest.mark.anyio
async def test_with_sixteen_colors_the_cursor_row_has_one_style() -> None:
    app = UsenetSyncApp(at_work(), few_colors=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.3)
        table = app.screen.query_one(FilesTable)
        row, other = table.render_line(1), table.render_line(2)
        assert {segment.style for segment in row if segment.style} == {row._segments[0].style}
        assert row._segments[0].style is not None
        assert row._segments[0].style.reverse
        assert len({segment.style for segment in other}) > 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("handle", "offered", "not_offered"),
    [
        (at_work(), {"Pause", "Cancel"}, {"Resume", "Retry"}),
        (paused(), {"Resume", "Cancel"}, {"Pause", "Retry"}),
        (failed(), {"Retry"}, {"Pause", "Resume", "Cancel"}),
        (done(), {"Add", "Restore"}, {"Pause", "Resume", "Cancel", "Retry"}),
    ],
    ids=["running", "paused", "failed", "done"],
)
async def test_the_footer_offers_what_works_now(
    handle: FakeHandle, offered: set[str], not_offered: set[str]
) -> None:
    app = UsenetSyncApp(handle)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("1")
        for _ in range(2):
            labels = [key.label for key in app.screen.query_one(KeyBar).keys_shown]
            assert not not_offered & {*labels}
            assert len(labels) <= MOST
            # The first folder rests; the next one has the job.
            await pilot.press("G")
        assert offered <= {*labels}
