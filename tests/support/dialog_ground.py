"""An empty application that shows one dialog."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import ClassVar, Generic, TypeVar

from textual.app import App, ComposeResult
from textual.events import Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Footer, Static

from usenetsync_tui.locations import styles_folder
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.folders import (
    Compression,
    Folder,
    Priority,
    Profile,
    Realm,
    Snapshot,
    SnapshotState,
    StoreKind,
)
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.themes import DARK, LIGHT

T = TypeVar("T")


class DialogGround(App[None], Generic[T]):
    """Records the result of the dialog and the commands it requests."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [
        styles_folder() / "usenetsync.tcss",
        styles_folder() / "dialogs.tcss",
    ]

    def __init__(self, dialog: Screen[T]) -> None:
        super().__init__()
        self.dialog = dialog
        self.answers: list[T | None] = []
        self.wanted: list[Command] = []
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DARK.variables)

    def compose(self) -> ComposeResult:
        yield Static("below")
        yield Footer()

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)

    def on_command_request(self, event: CommandRequest) -> None:
        self.wanted.append(event.command)


@asynccontextmanager
async def dialog_shown(
    dialog: Screen[T], size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Pilot[None], DialogGround[T]]]:
    app = DialogGround(dialog)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot, app


async def typed(pilot: Pilot[None], *words: str) -> None:
    """Each word is a key's name in <>, or text to type letter by letter."""
    for word in words:
        keys: Iterable[str] = [word[1:-1]] if word.startswith("<") else word
        await pilot.press(*keys)
        await pilot.pause()


async def pasted(pilot: Pilot[None], text: str) -> None:
    """Pasted text, as a terminal sends it."""
    pilot.app.post_message(Paste(text))
    await pilot.pause()


async def happens(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await pilot.pause(0.01)


def picture(app: App[None]) -> str:
    """The lines on the screen."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(s.text for s in line).rstrip() for line in lines[: app.size.height])


def folder_at(
    path: bytes,
    *,
    store: StoreKind = StoreKind.USENET,
    profile: Profile = Profile.SEALED,
    newsgroups: tuple[str, ...] = ("alt.binaries.test",),
    poster: str = "",
) -> Folder:
    realm = Realm(1, store, profile, "example.invalid", newsgroups, poster)
    return Folder(7, path, "photos [/]", realm, Priority.NORMAL, Compression.LZ4, 2)


def version(number: int, state: SnapshotState = SnapshotState.COMPLETE) -> Snapshot:
    begun = datetime(2026, 11, number, 3, tzinfo=UTC)
    done = begun + timedelta(hours=1)
    return Snapshot(7, number, state, begun, done, 10 * number, 1, 0, 1000 * number, 1, 0, 0, 9, 0)


VERSIONS = (version(1), version(2), version(3), version(4, SnapshotState.BUILDING))
