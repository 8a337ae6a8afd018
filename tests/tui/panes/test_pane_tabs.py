"""The tabs: all of them are in sight and take a click."""

from __future__ import annotations

import pytest
from tui_demo import FakeBrowser, FakeHandle, running

from usenetsync_tui.model.lists.files import FileOrder
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.kit.inks import width_of
from usenetsync_tui.tui.panes.pane_order import LABELS, PANES
from usenetsync_tui.tui.panes.pane_tabs import PaneTabs, pane_at, tab_line

MANY = {"folders": 1_204, "errors": 31_204, "servers": 12}


@pytest.mark.parametrize("counts", [{}, MANY])
@pytest.mark.parametrize("width", [58, 64, 78, 98, 138])
def test_no_tab_is_cut(width: int, counts: dict[str, int]) -> None:
    line = tab_line("errors", lambda pane: counts.get(pane, 0), width)
    assert width_of(line) <= width
    text = "".join(words for words, _ in line)
    for number, pane in enumerate(PANES, 1):
        assert f"{number} {LABELS[pane]}" in text or (pane == "database" and "7 DB" in text)
    assert ("!" in text or "31.2k" in text) is bool(counts)


@pytest.mark.parametrize("width", [58, 138])
def test_each_cell_of_a_name_is_its_pane(width: int) -> None:
    line = tab_line("log", lambda pane: MANY.get(pane, 0), width)
    cells = [pane_at(line, x) for x in range(width_of(line))]
    assert list(dict.fromkeys(pane for pane in cells if pane)) == list(PANES)
    assert pane_at(line, width_of(line)) == ""


@pytest.mark.anyio
async def test_clicks_on_tabs_frames_and_heads() -> None:
    app = UsenetSyncApp(FakeHandle(running(), FakeBrowser(3_000)))
    async with app.run_test(size=(60, 15)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, Dashboard)
        line = screen.query_one(PaneTabs).line_at(0)
        at = next(x for x in range(58) if pane_at(line, x) == "database")
        await pilot.click("#tabs", offset=(at + 1, 0))
        assert screen.focused is not None
        assert screen.focused.id == "database"
        await pilot.resize_terminal(140, 45)
        await pilot.pause()
        await pilot.click("#database", offset=(16, 0))
        assert screen.focused.id == "errors"
        table = screen.query_one(FilesTable)
        head = table.header(table.scrollable_content_region.width)[0][0]
        for reverse in (False, True):
            await pilot.click(FilesTable, offset=(head.index("SIZE") + 1, 0))
            assert table.current_query is not None
            assert (table.current_query.order, table.current_query.reverse) == (
                FileOrder.SIZE,
                reverse,
            )
        await pilot.click(FilesTable, offset=(head.index("NAME"), 0))
        assert table.current_query.order is FileOrder.PATH
