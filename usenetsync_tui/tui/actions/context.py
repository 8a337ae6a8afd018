"""What a screen gives its actions: the engine's status, what is at hand there, and its voice."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from textual.app import App
from textual.screen import ModalScreen
from textual.worker import Worker

from usenetsync_tui.model.commands import Command, Examine
from usenetsync_tui.model.ports import Browser
from usenetsync_tui.model.status import EngineStatus, FolderStatus
from usenetsync_tui.tui.files.files_table import FilesTable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AtHand:
    """The part of the chosen folder that a screen shows, or that its cursor is on."""

    version: int | None = None
    """None: no version in particular, the newest finished one."""
    path: bytes = b""
    """Inside the folder, without a slash at its end; empty: all of it."""
    unfinished: bool = False
    """The version is being built, or was interrupted while it was."""


class AnyList(Protocol):
    """A list of any length with a cursor."""

    @property
    def row_count(self) -> int:
        """Rows known to be there."""

    def go_to_words(self, words: str) -> str:
        """Go to ``73%`` of the list or to row ``12,345``; a sentence if that is no place."""


class Context(Protocol):
    """A screen as its actions see it."""

    status: EngineStatus | None
    """The latest one; None before the first."""

    @property
    def is_read_only(self) -> bool:
        """Whether the engine takes no commands."""

    @property
    def app(self) -> App[Any]:
        """The application it is a screen of."""

    @property
    def browser(self) -> Browser | None:
        """What answers questions about the catalogue; None before it is open."""

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder that the screen is about."""

    @property
    def meant(self) -> Sequence[FolderStatus]:
        """The folders that keys act on: the marked ones, else the chosen one."""

    @property
    def at_hand(self) -> AtHand:
        """The part of the chosen folder that is meant."""

    @property
    def files(self) -> FilesTable | None:
        """The list of files that can be filtered and sorted."""

    @property
    def rows(self) -> AnyList | None:
        """The list whose rows can be gone to."""

    @property
    def has_panes(self) -> bool:
        """Whether there are panes to go to."""

    def go_to_pane(self, pane: str) -> None:
        """Show a pane and give it the focus."""

    def turn_pane(self, by: int) -> None:
        """Go to the next pane, or to the one before."""

    def open_versions(self) -> None:
        """Go down to the versions of the chosen folder."""

    def open_doctor(self, wanted: Examine) -> None:
        """Have this machine examined, and show what is found."""

    def begin_line(self, text: str) -> None:
        """Open the `:` line with `text` in it."""

    def toggle_help(self) -> None:
        """Show or hide the keys of the focused pane."""

    def want(self, command: Command, said: str = "") -> None:
        """Hand a command to the application; `said`: a short toast."""

    def say(self, text: str) -> None:
        """A short toast; names in it are safe."""

    def ask(self, dialog: ModalScreen[T], then: Callable[[T], None]) -> None:
        """Show a dialog, and go on with its answer if there is one."""

    def run_worker(
        self, work: Coroutine[None, None, None], *, group: str, exclusive: bool
    ) -> Worker[None]:
        """Do something that waits, beside the screen."""


def want_each(here: Context, commands: Sequence[Command], said: str) -> None:
    """Hand over several commands, and speak of them once; also where there is none to hand over."""
    if not commands and said:
        here.say(said)
    for number, command in enumerate(commands, 1):
        here.want(command, said if number == len(commands) else "")


# Conditions: sentences on why something does not apply, empty where it does


def has_folder(here: Context) -> str:
    """Whether there is a folder to act on."""
    if here.chosen is not None:
        return ""
    if here.status is not None and here.status.folders:
        return "No folder is chosen here."
    return "No folders yet. Press a to add one."


def has_server(here: Context) -> str:
    """Whether there is a server."""
    return "" if here.status is not None and here.status.servers else "There is no server yet."


def has_panes(here: Context) -> str:
    """Whether this is the screen with the panes."""
    return "" if here.has_panes else "The panes are on the first screen: esc goes back."
