"""An application around one list, or a screen below it; records the commands it requests."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from tui_fakes import FakeBrowser

from usenetsync_tui.locations import styles_folder
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.folders import Compression, Folder, Priority, Profile, Realm, StoreKind
from usenetsync_tui.tui.files.files_pane import FilesPane
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.screens.articles_screen import ArticlesScreen
from usenetsync_tui.tui.themes import DARK

REALM = Realm(1, StoreKind.SHARDS, Profile.PACKED, "example.invalid")
PHOTOS = Folder(1, b"/srv/photos", "photos", REALM, Priority.NORMAL, Compression.LZ4, 1)
MUSIC = Folder(2, b"/srv/music", "music", REALM, Priority.NORMAL, Compression.LZ4, 1)


class Ground(App[None]):
    """Shows a files pane, and records commands, toasts and copied text."""

    def __init__(self) -> None:
        super().__init__(
            css_path=[styles_folder() / name for name in ("usenetsync.tcss", "lists.tcss")]
        )
        self.wanted: list[Command] = []
        self.said: list[str] = []
        self.register_theme(DARK)
        self.theme = DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Those of our style sheet."""
        names = ("ink-muted", "ink-track", "frame", "frame-focus", "cursor")
        return {name: DARK.variables[name] for name in names}

    def compose(self) -> ComposeResult:
        yield FilesPane()

    def on_command_request(self, message: CommandRequest) -> None:
        """Record the command that the application would submit."""
        self.wanted.append(message.command)
        self.said.append(message.said)

    def on_files_table_opened(self, event: FilesTable.Opened) -> None:
        """Open the articles, as the application does."""
        self.push_screen(ArticlesScreen(event.browser, event.folder, event.version, event.row))

    def toasts(self) -> list[str]:
        """All toasts so far."""
        return [notification.message for notification in self._notifications]


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Wait for something that must happen soon."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await pilot.pause(0.01)


@asynccontextmanager
async def listed(
    browser: FakeBrowser, size: tuple[int, int] = (100, 30)
) -> AsyncIterator[tuple[Pilot[None], FilesTable]]:
    """The files of version 12 of the photos, counted completely."""
    app = Ground()
    async with app.run_test(size=size, notifications=True) as pilot:
        table = app.query_one(FilesTable)
        table.open(browser, PHOTOS, 12)
        table.focus()
        await until(pilot, lambda: table.row_count == browser.count)
        await pilot.pause()
        yield pilot, table


@asynccontextmanager
async def gone_down(
    screen: Screen[None], size: tuple[int, int] = (100, 30)
) -> AsyncIterator[tuple[Pilot[None], Ground]]:
    """A screen pushed over the files pane."""
    app = Ground()
    async with app.run_test(size=size, notifications=True) as pilot:
        await app.push_screen(screen)
        await pilot.pause()
        yield pilot, app


def picture(app: App[None]) -> str:
    """The screen as text, a line a row."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)
