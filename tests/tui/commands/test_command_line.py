"""The `:` line and the palette, in a small application of their own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from dialog_ground import DialogGround, happens, pasted, picture, typed
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button, Footer

from usenetsync_tui.tui.commands.command_line import CommandHistory, CommandLine, LineInput
from usenetsync_tui.tui.commands.palette import Palette
from usenetsync_tui.tui.commands.parsed_commands import (
    AddPath,
    GoToShare,
    KnownNames,
    ParsedCommand,
    RunSimple,
    SimpleCommand,
)

pytestmark = pytest.mark.anyio
KNOWN = KnownNames(("eweka",), ("nord",), ("files",))


class _Pane(Button):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mark", "Mark", id="pane.mark", tooltip="this file"),
        Binding("z", "nothing", "not named: not listed", show=False),
    ]
    DEFAULT_CSS = "_Pane { height: 1fr; }"
    marked = 0

    def action_mark(self) -> None:
        self.marked += 1


class _Bottom(Screen[None]):
    def compose(self) -> ComposeResult:
        yield _Pane("a pane")
        yield Footer()


class _Speaking(DialogGround[None]):
    COMMANDS: ClassVar[set[type[Palette]]] = {Palette}  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("colon", "command_line", "Command", id="app.command_line"),
    ]

    def __init__(self) -> None:
        super().__init__(_Bottom())
        self.line_history = CommandHistory()
        self.spoken: list[ParsedCommand] = []
        self.told: list[str] = []

    async def action_command_line(self, text: str = "") -> None:
        line = CommandLine(KNOWN, self.line_history, text)
        await self.screen.mount(line, before=self.screen.query_one(Footer))

    def notify(self, message: str, **_: object) -> None:  # type: ignore[override]
        self.told.append(message)

    def on_command_line_entered(self, event: CommandLine.Entered) -> None:
        self.spoken.append(event.command)


@asynccontextmanager
async def speaking() -> AsyncIterator[tuple[Pilot[None], _Speaking]]:
    app = _Speaking()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        yield pilot, app


async def test_a_typed_command_runs_and_the_focus_returns() -> None:
    async with speaking() as (pilot, app):
        await typed(pilot, ":", "goto 50%")
        assert picture(app).splitlines()[-1].strip() == ":goto 50%"
        await typed(pilot, "<enter>")
        await happens(pilot, lambda: not app.screen.query(CommandLine))
        assert app.spoken == [GoToShare(0.5)]
        assert isinstance(app.focused, _Pane)


@pytest.mark.parametrize("key", ["escape", "backspace", "enter"])
async def test_an_empty_line_closes(key: str) -> None:
    async with speaking() as (pilot, app):
        await typed(pilot, ":", f"<{key}>")
        await happens(pilot, lambda: not app.screen.query(CommandLine))
        assert app.spoken == []
        assert isinstance(app.focused, _Pane)


async def test_an_error_is_shown_and_the_line_stays() -> None:
    async with speaking() as (pilot, app):
        await typed(pilot, ":", "limit [b]fast[/]", "<enter>")
        assert "! Type a speed such as 25M" in picture(app)
        await typed(pilot, "<backspace>")
        assert "!" not in picture(app)
        assert "limit SPEED [SERVER]" in picture(app)
        assert app.spoken == []


async def test_tab_and_right_complete() -> None:
    async with speaking() as (pilot, app):
        await typed(pilot, ":", "res")
        assert "restore  resume-server  resume  resume-all" in picture(app)
        await typed(pilot, "<tab>", "<tab>", "u", "<tab>", "-", "a", "<right>")
        assert ":resume-all" in picture(app)
        await typed(pilot, "<enter>")
        assert app.spoken == [RunSimple(SimpleCommand.RESUME_ALL)]
        await typed(pilot, ":", "th", "<tab>")
        assert ":theme " in picture(app)
        await typed(pilot, "<tab>")
        assert ":theme nord" in picture(app)


async def test_lines_are_remembered() -> None:
    async with speaking() as (pilot, app):
        await typed(pilot, ":", "log", "<enter>", ":", "wrong", "<enter>", "<escape>")
        await typed(pilot, ":", "err", "<up>")
        assert ":wrong" in picture(app)
        await typed(pilot, "<up>", "<up>")
        assert ":log" in picture(app)
        await typed(pilot, "<down>", "<down>", "<down>")
        assert ":err" in picture(app)
        await typed(pilot, "<up>", "<up>", "<enter>")
        assert app.spoken == [RunSimple(SimpleCommand.LOG), RunSimple(SimpleCommand.LOG)]
        assert app.line_history.lines == ["wrong", "log"]


async def test_the_palette_lists_keys_and_commands_and_runs_them() -> None:
    async with speaking() as (pilot, app):
        pane = app.screen.query_one(_Pane)
        await typed(pilot, "<ctrl+p>")
        assert isinstance(app.screen, CommandPalette)
        await happens(pilot, lambda: "Mark" in picture(app))
        assert "not named" not in picture(app)
        await typed(pilot, "this file")
        await happens(pilot, lambda: ":goto" not in picture(app) and "Mark · m" in picture(app))
        await typed(pilot, "<enter>", "<enter>")
        await happens(pilot, lambda: pane.marked == 1)


async def test_the_palette_runs_commands() -> None:
    async with speaking() as (pilot, app):
        await typed(pilot, "<ctrl+p>", ":errors")
        await happens(pilot, lambda: "why files are incomplete" in picture(app))
        await typed(pilot, "<enter>", "<enter>")
        await happens(pilot, lambda: app.spoken == [RunSimple(SimpleCommand.ERRORS)])


async def test_the_palette_opens_the_line_for_commands_with_arguments() -> None:
    async with speaking() as (pilot, app):
        await typed(pilot, "<ctrl+p>", ":goto")
        await happens(pilot, lambda: "73%" in picture(app))
        await typed(pilot, "<enter>", "<enter>")
        await happens(pilot, lambda: bool(app.screen.query(CommandLine)))
        await typed(pilot, "9%", "<enter>")
        await happens(pilot, lambda: app.spoken == [GoToShare(0.09)])


async def test_tab_completes_a_path(tmp_path: Path) -> None:
    for name in ("photos 1998", "photos 1999", "music\x1b"):
        (tmp_path / name).mkdir()
    async with speaking() as (pilot, app):
        await typed(pilot, ":", "add ")
        line = app.screen.query_one(LineInput)
        await pasted(pilot, f"{tmp_path}/ph")
        await typed(pilot, "<tab>")
        await happens(pilot, lambda: line.value == f"add {tmp_path}/photos 199")
        await typed(pilot, "8", "<tab>")
        await happens(pilot, lambda: line.value == f"add {tmp_path}/photos 1998/")
        line.put(f"nzb {tmp_path}/m")
        await typed(pilot, "<tab>")
        await happens(pilot, lambda: line.value == f"nzb {tmp_path}/music\\x1b/")
        line.put("add /nowhere/at/all/x")
        await typed(pilot, "<tab>")
        await happens(pilot, lambda: app.told == ["No such file or directory"])
        line.put(f"add {tmp_path}/music\\x1b/")
        await typed(pilot, "<enter>")
    assert app.spoken == [AddPath(os.fsencode(tmp_path / "music\x1b") + b"/")]
