"""The dashboard opens as it stays: no widget gets its styles twice, and no size is tried first."""

from __future__ import annotations

import pytest
from textual.dom import DOMNode
from tui_demo import starting

from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.dashboard import Dashboard


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(140, 45), (80, 24), (50, 10)])
async def test_opening_matches_style_rules_once(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    updated: list[DOMNode] = []
    update = UsenetSyncApp.update_styles

    def noted(app: UsenetSyncApp, node: DOMNode, *, animate: bool = True) -> None:
        updated.append(node)
        update(app, node, animate=animate)

    monkeypatch.setattr(UsenetSyncApp, "update_styles", noted)
    async with UsenetSyncApp(starting()).run_test(size=size) as pilot:
        await pilot.pause()
        # Once, and by Textual: when it shows the screen.
        assert sum(isinstance(node, Dashboard) for node in updated) == 1
        assert [node for node in updated if node.has_class("lower")] == []
        await pilot.resize_terminal(*((100, 32) if size[0] < 100 else (70, 20)))
        await pilot.pause()
        assert sum(isinstance(node, Dashboard) for node in updated) > 1
