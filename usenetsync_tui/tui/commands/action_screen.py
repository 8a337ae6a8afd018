"""A screen whose keys, footer, help, palette and `:` line offer the same actions.

It is the context of these actions: what is at hand says its subclass.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from textual.binding import ActiveBinding
from textual.message import Message
from textual.screen import ModalScreen, Screen

from usenetsync_tui.model.commands import Command, Examine
from usenetsync_tui.model.ports import Browser
from usenetsync_tui.model.status import EngineStatus, FolderStatus
from usenetsync_tui.tui.actions.context import AnyList, AtHand
from usenetsync_tui.tui.actions.registry import EVERY_ACTION, refusals
from usenetsync_tui.tui.commands.command_line import CommandHistory, CommandLine
from usenetsync_tui.tui.commands.parsed_commands import KnownNames
from usenetsync_tui.tui.commands.run_command import run_command
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.kit.action import Action, ActionHost, offered, say
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.kit.key_bar import KeyBar
from usenetsync_tui.tui.panes.pane_order import PANES

T = TypeVar("T")


class ActionScreen(ActionHost, Screen[None]):
    """What the dashboard and the deeper screens share."""

    ACTIONS: ClassVar[Sequence[Action[Any]]] = EVERY_ACTION

    class DoctorWanted(Message):
        """An examination of this machine is wanted, on a screen of its own."""

        def __init__(self, wanted: Examine) -> None:
            super().__init__()
            self.wanted = wanted

    def __init__(self) -> None:
        super().__init__()
        self.status: EngineStatus | None = None
        self.said = CommandHistory()
        """The lines of this session; a screen hands them on to those it opens."""
        self._offer: tuple[object, ...] = ()

    # What is at hand

    @property
    def is_read_only(self) -> bool:
        """Whether the engine takes no commands."""
        return self.status is not None and self.status.read_only

    @property
    def browser(self) -> Browser | None:
        """What answers questions about the catalogue."""
        raise NotImplementedError

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder that the screen is about."""
        return None

    @property
    def meant(self) -> Sequence[FolderStatus]:
        """The folders that keys act on."""
        return (self.chosen,) if self.chosen is not None else ()

    @property
    def at_hand(self) -> AtHand:
        """The part of the chosen folder that is meant."""
        return AtHand()

    @property
    def files(self) -> FilesTable | None:
        """The list of files that can be filtered and sorted."""
        return None

    @property
    def rows(self) -> AnyList | None:
        """The list whose rows can be gone to."""
        return self.files

    @property
    def has_panes(self) -> bool:
        """Whether there are panes to go to."""
        return False

    def go_to_pane(self, pane: str) -> None:
        """Show a pane; without panes all there is, is shown."""

    def turn_pane(self, by: int) -> None:
        """Go to the next pane or the one before."""

    def open_versions(self) -> None:
        """Go down to the versions of the chosen folder."""

    def open_doctor(self, wanted: Examine) -> None:
        """Have this machine examined, and show what is found."""
        self.post_message(self.DoctorWanted(wanted))

    # What is offered

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The keys that do something now, in the words of what they do."""
        return offered(super().active_bindings, self)

    def show(self, status: EngineStatus) -> None:
        """Learn how the engine is doing; the footer and the help follow what can be done now."""
        self.status = status
        if self.app.screen is self:
            active = self.active_bindings.items()
            offer = tuple((key, each.binding.action, id(each.node)) for key, each in active)
            if offer != self._offer:
                self._offer = offer
                self.refresh_bindings()

    def go_down(self, screen: ActionScreen) -> None:
        """Open a deeper screen, which knows at once what is known here."""
        screen.status, screen.said = self.status, self.said
        self.app.push_screen(screen)

    # The `:` line

    @property
    def known(self) -> KnownNames:
        """The names a line may hold now, and the commands that do not work."""
        servers = self.status.servers if self.status else ()
        return KnownNames(
            servers=tuple(server.name for server in servers),
            themes=tuple(self.app.available_themes),
            panes=PANES,
            home=os.fsencode(os.path.expanduser("~")).rstrip(b"/"),
            refusals=refusals(self),
        )

    def begin_line(self, text: str) -> None:
        """Open the `:` line with `text` in it."""
        if not self.query(CommandLine):
            self.mount(CommandLine(self.known, self.said, text), before=self.query_one(KeyBar))

    def on_command_line_entered(self, event: CommandLine.Entered) -> None:
        """Do what was said."""
        doing = run_command(self, event.command)
        if doing is not None:
            self.run_worker(doing, group="command")

    def toggle_help(self) -> None:
        """Show or hide the keys of the focused pane."""
        if self.query("HelpPanel"):
            self.app.action_hide_help_panel()
        else:
            self.app.action_show_help_panel()

    # Its voice

    def want(self, command: Command, said: str = "") -> None:
        """Hand a command to the application."""
        self.post_message(CommandRequest(command, said=said))

    def say(self, text: str) -> None:
        """A short toast; names in it are safe."""
        say(self, text)

    def ask(self, dialog: ModalScreen[T], then: Callable[[T], None]) -> None:
        """Show a dialog, and go on with its answer if there is one."""

        def answered(answer: T | None) -> None:
            if answer is not None:
                then(answer)

        self.app.push_screen(dialog, answered)
