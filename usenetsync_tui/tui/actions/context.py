"""What a screen gives its actions: the engine's status, what is at hand, toasts and dialogs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from textual.app import App
from textual.screen import ModalScreen
from textual.worker import Worker

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.engine import Examine
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.lists.files import FileSelection
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.files.files_table import FilesTable

T = TypeVar("T")


@value_object
class AtHand:
    """The part of the chosen folder that a screen shows, or that its cursor is on."""

    version: int | None = None
    """None: the newest finished one."""
    path: bytes = b""
    """Inside the folder, without a slash at its end; empty: all of it."""
    unfinished: bool = False
    """An upload is building the version, or was interrupted."""
    marked: FileSelection | None = None
    """The marked files; None: none is marked."""


@value_object
class FindIn:
    """Which files of all folders and versions match; without words, the user types them."""

    browser: Browser
    words: str = ""


@value_object
class PastOf:
    """In which versions a file changed."""

    browser: Browser
    folder: Folder
    path: bytes


@value_object
class CostsOf:
    """What a folder has in its store, and what its versions cost."""

    browser: Browser
    folder: Folder


Question = FindIn | PastOf | CostsOf


class AnyList(Protocol):
    """A list of any length with a cursor."""

    @property
    def row_count(self) -> int:
        """How many rows the list has, as far as it knows."""

    def go_to_words(self, words: str) -> str:
        """Go to ``73%`` of the list or to row ``12,345``; returns a sentence if it cannot."""


class Context(Protocol):
    """A screen as its actions see it."""

    status: EngineStatus | None
    """The latest one; None before the first."""

    @property
    def is_read_only(self) -> bool:
        """Whether the engine takes no commands."""

    @property
    def app(self) -> App[Any]:
        """The application."""

    @property
    def browser(self) -> Browser | None:
        """Reads the catalogue; None before it is open."""

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder that the screen is about."""

    @property
    def meant(self) -> Sequence[FolderStatus]:
        """The folders that keys act on: the marked ones, else the chosen one."""

    @property
    def at_hand(self) -> AtHand:
        """The part of the chosen folder that keys act on."""

    @property
    def files(self) -> FilesTable | None:
        """The list of files that can be filtered and sorted."""

    @property
    def rows(self) -> AnyList | None:
        """The list that `:goto` moves in."""

    @property
    def has_panes(self) -> bool:
        """Whether the screen has panes."""

    def go_to_pane(self, pane: str) -> None:
        """Show a pane and give it the focus."""

    def turn_pane(self, by: int) -> None:
        """Go to the next pane (1), or to the one before (-1)."""

    def open_versions(self) -> None:
        """Open the versions of the chosen folder."""

    def open_question(self, question: Question) -> None:
        """Open the screen that answers a question about versions."""

    def open_history(self) -> None:
        """Open the history of all jobs."""

    def open_doctor(self, wanted: Examine) -> None:
        """Have the engine examine this machine, and show what it finds."""

    def begin_line(self, text: str) -> None:
        """Open the `:` line with `text` in it."""

    def toggle_help(self) -> None:
        """Show or hide the keys of the focused pane."""

    def want(self, command: Command, said: str = "") -> None:
        """Send a command to the application; `said`: a short toast."""

    def say(self, text: str) -> None:
        """Show a short toast; names in it are safe."""

    def ask(self, dialog: ModalScreen[T], then: Callable[[T], None]) -> None:
        """Show a dialog, and call `then` with its answer unless the user leaves it."""

    def run_worker(
        self, work: Callable[[], Coroutine[None, None, None]], *, group: str, exclusive: bool
    ) -> Worker[None]:
        """Run a coroutine beside the screen."""


def want_each(here: Context, commands: Sequence[Command], said: str) -> None:
    """Send several commands, with one toast for all, even if there are none."""
    if not commands and said:
        here.say(said)
    for number, command in enumerate(commands, 1):
        here.want(command, said if number == len(commands) else "")


# Conditions: each returns an empty string, or a sentence on why it fails


def has_folder(here: Context) -> str:
    """A folder is chosen."""
    if here.chosen is not None:
        return ""
    if here.status is not None and here.status.folders:
        return "No folder is chosen here."
    return "No folders yet. Press a to add one."


def has_server(here: Context) -> str:
    """A server is configured."""
    return "" if here.status is not None and here.status.servers else "There is no server yet."


def has_catalogue(here: Context) -> str:
    """The catalogue is open."""
    return "" if here.browser is not None else "The catalogue is not open yet."


def has_panes(here: Context) -> str:
    """The screen has panes."""
    return "" if here.has_panes else "The panes are on the first screen: esc goes back."
