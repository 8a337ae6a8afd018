"""The dialog of the recovery string: shown on demand, and gone when it closes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from dialog_ground import pasted, picture
from test_keys import shown, until
from textual.pilot import Pilot
from tui_demo import PROTECTED, STRING, unseen

from usenetsync_tui.model.commands.jobs import PostIndex
from usenetsync_tui.model.commands.recovery import Share, StopSharing, WriteString
from usenetsync_tui.model.status.recovery import Sharing
from usenetsync_tui.qr_code import NARROW, qr_lines
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.dashboard import Dashboard
from usenetsync_tui.tui.dialogs.by_string.share_dialog import ShareDialog
from usenetsync_tui.tui.exits import ScreenExit

pytestmark = pytest.mark.anyio
WIDE, SMALL, TINY = (140, 45), (80, 24), (60, 15)


def groups(pilot: Pilot[ScreenExit]) -> str:
    """The string on the screen, without its spaces."""
    widget = pilot.app.screen.query_one("#share-string")
    return str(getattr(widget, "content", "")).replace(" ", "").replace("\n", "")


async def string_shown(pilot: Pilot[ScreenExit], string: str) -> None:
    await until(pilot, lambda: bool(pilot.app.screen.query("#share-string")))
    await until(pilot, lambda: groups(pilot) == string)


@pytest.mark.parametrize("size", [WIDE, SMALL, TINY])
async def test_the_string_leaves_the_screen_with_the_dialog(size: tuple[int, int]) -> None:
    handle = unseen()
    async with shown(handle, size) as pilot:
        await pilot.press("1", "K")
        await string_shown(pilot, STRING)
        drawn = picture(pilot.app)  # type: ignore[arg-type]
        assert "scrg" in drawn
        code = qr_lines(STRING, margin=NARROW)
        fits = size != TINY
        assert all(line.strip() in drawn for line in code) is fits
        await pilot.press("escape")
        await until(pilot, lambda: StopSharing() in handle.commands)
        assert isinstance(pilot.app.screen, Dashboard)
        assert "scrg" not in picture(pilot.app)  # type: ignore[arg-type]
    assert handle.commands == [Share(9), StopSharing()]


async def test_passphrase_file_and_index(tmp_path: Path) -> None:
    handle = unseen()
    async with shown(handle, WIDE) as pilot:
        await pilot.press(*":share", "enter")
        await string_shown(pilot, STRING)
        await pilot.press("p", *"short", "enter", *"short", "enter", "enter")
        assert not isinstance(pilot.app.screen, ShareDialog)
        assert "has 5 characters" in picture(pilot.app)  # type: ignore[arg-type]
        await pilot.press(*[*["backspace"] * 5, *"correct horse", "enter", "enter", "enter"])
        assert "not the same" in picture(pilot.app)  # type: ignore[arg-type]
        await pilot.press(*["backspace"] * 5, *"correct horse", "enter", "enter")
        await string_shown(pilot, PROTECTED)
        await pilot.press("w")
        await pasted(pilot, f"{tmp_path}/string")  # type: ignore[arg-type]
        await pilot.press("tab", "tab", "enter")
        await until(pilot, lambda: any(isinstance(c, WriteString) for c in handle.commands))
        await pilot.press("i")
        await until(pilot, lambda: PostIndex(9) in handle.commands)
        await pilot.press("q")
        await until(pilot, lambda: StopSharing() in handle.commands)
    assert WriteString(bytes(tmp_path / "string")) in handle.commands


async def test_why_there_is_no_string() -> None:
    handle = unseen()
    async with shown(handle, SMALL) as pilot:
        await pilot.press("1", "K")
        await string_shown(pilot, STRING)
        problem = "The key file /x\x1b[31m is missing"
        handle.now = dataclasses.replace(handle.now, sharing=Sharing(9, problem=problem))
        await until(pilot, lambda: "is missing" in picture(pilot.app))  # type: ignore[arg-type]
        assert "\x1b" not in picture(pilot.app)  # type: ignore[arg-type]
        await pilot.press("w")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ShareDialog)


async def test_without_utf8_there_is_the_string_and_no_code() -> None:
    app = UsenetSyncApp(unseen(), ascii_only=True)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("1", "K")
        await string_shown(pilot, STRING)
        told = "needs a terminal with UTF-8"
        await until(pilot, lambda: told in picture(pilot.app))  # type: ignore[arg-type]
        assert not pilot.app.screen.query_one("#share-code").display
