"""The key and backups on the screen: each asks for what it needs, and says what is lost."""

from __future__ import annotations

import pytest
from test_keys import shown, until
from textual.pilot import Pilot
from textual.widgets import Static
from tui_demo import FakeHandle, done

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.engine import BackUpDatabase, ChangeKey, RestoreDatabase, ShowKey
from usenetsync_tui.tui.commands.command_line import LineInput
from usenetsync_tui.tui.exits import ScreenExit
from usenetsync_tui.tui.kit.question import Ask

pytestmark = pytest.mark.anyio


async def line(pilot: Pilot[ScreenExit], text: str) -> None:
    """Type a `:` line and enter."""
    await pilot.press("colon")
    pilot.app.screen.query_one(LineInput).value = text
    await pilot.press("enter")
    await pilot.pause()


async def test_lines_send_their_commands() -> None:
    handle: FakeHandle = done()
    async with shown(handle) as pilot:
        for text, command in (
            ("key", ShowKey()),
            ("key-change /tmp/key", ChangeKey(b"/tmp/key")),
            ("key-change --passphrase-file /tmp/p", ChangeKey(b"/tmp/p", True)),
            ("db-backup /tmp/b", BackUpDatabase(b"/tmp/b")),
            ("db-backup --with-articles /tmp/b", BackUpDatabase(b"/tmp/b", True)),
        ):
            await line(pilot, text)
            await until(pilot, lambda wanted=command: wanted in handle.commands)  # type: ignore[misc]


async def test_questions_before_the_key_and_the_catalogue_change() -> None:
    handle: FakeHandle = done()
    async with shown(handle, (80, 24)) as pilot:
        await line(pilot, "key-change")
        assert isinstance(pilot.app.screen, Ask)
        await pilot.press("p")
        await pilot.pause()
        assert pilot.app.screen.query_one(LineInput).value == "key-change --passphrase-file "
        await pilot.press("escape")
        restores: list[Command] = []
        for key, count in (("n", 0), ("escape", 0), ("r", 1)):
            await line(pilot, "db-restore /tmp/b")
            assert isinstance(pilot.app.screen, Ask)
            question = str(pilot.app.screen.query_one("#question-text", Static).render())
            assert "version" in question and "/tmp/b" in question
            await pilot.press(key)
            await pilot.pause()
            restores = [c for c in handle.commands if isinstance(c, RestoreDatabase)]
            assert len(restores) == count
        assert restores == [RestoreDatabase(b"/tmp/b")]
