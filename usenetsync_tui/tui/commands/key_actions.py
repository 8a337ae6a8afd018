"""What all keys that act have in common: what they mean, how a command is wanted and asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from textual.screen import ModalScreen, Screen

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands import Command
from usenetsync_tui.model.figures import plural
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.ports import EngineHandle
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineStatus, FolderStatus
from usenetsync_tui.tui.kit.command_request import CommandRequest

if TYPE_CHECKING:
    Host = Screen[None]
else:
    Host = object

T = TypeVar("T")


class KeyActions(Host):
    """A part of the dashboard that acts. Its host knows the folders that are meant."""

    handle: EngineHandle
    status: EngineStatus | None

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder whose files are listed."""
        raise NotImplementedError

    @property
    def meant(self) -> Sequence[FolderStatus]:
        """The folders the keys mean: the marked ones, else the chosen one."""
        raise NotImplementedError

    def want(self, command: Command, said: str = "") -> None:
        """Hand a command to the application."""
        self.post_message(CommandRequest(command, said=said))

    def want_each(self, commands: Sequence[Command], said: str) -> None:
        """Hand over several, and speak of them once; also where nothing was left to do."""
        if not commands and said:
            self.say(said)
        for number, command in enumerate(commands, 1):
            self.want(command, said if number == len(commands) else "")

    def say(self, text: str) -> None:
        """A short word; names in it are safe."""
        self.notify(text, timeout=3, markup=False)

    def ask(self, dialog: ModalScreen[T], then: Callable[[T], None]) -> None:
        """Show a dialog, and go on with its answer if there is one."""

        def answered(answer: T | None) -> None:
            if answer is not None:
                then(answer)

        self.app.push_screen(dialog, answered)

    def folder(self) -> Folder | None:
        """The chosen folder; else say that there is none."""
        if self.chosen is None:
            self.say("No folders yet. Press a to add one.")
            return None
        return self.chosen.folder


def in_words(folders: Sequence[Folder]) -> str:
    """One by its name, several by their number."""
    if len(folders) == 1:
        return cut_middle(safe_name(folders[0].name), 30)
    return plural(len(folders), "folder")
