"""A screen whose keys, footer, help, palette and `:` line offer the same actions.

The screen is the `Context` of these actions; its subclass names the folder, files and rows that
they act on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from textual.binding import ActiveBinding
from textual.message import Message
from textual.screen import ModalScreen, Screen

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.engine import Examine
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.tui.actions.context import AnyList, AtHand, Question
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
    """The base of the dashboard and the deeper screens."""

    ACTIONS: ClassVar[Sequence[Action[Any]]] = EVERY_ACTION

    class DoctorRequested(Message):
        """The user asks for an examination of this machine, on a screen of its own."""

        def __init__(self, wanted: Examine) -> None:
            super().__init__()
            self.wanted = wanted

    class HistoryRequested(Message):
        """The user asks for the history of all jobs, on a screen of its own."""

        def __init__(self, browser: Browser) -> None:
            super().__init__()
            self.browser = browser

    class QuestionAsked(Message):
        """The user asks a question about versions, which a screen of its own answers."""

        def __init__(self, question: Question) -> None:
            super().__init__()
            self.question = question

    def __init__(self) -> None:
        super().__init__()
        self.status: EngineStatus | None = None
        self.line_history = CommandHistory()
        """The `:` lines of this session; a screen passes them to the screens that it opens."""
        self._offer: tuple[object, ...] = ()

    # What actions act on

    @property
    def is_read_only(self) -> bool:
        """Whether the engine takes no commands."""
        return self.status is not None and self.status.read_only

    @property
    def browser(self) -> Browser | None:
        """The port that reads the catalogue; None before the catalogue is open."""
        raise NotImplementedError

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder that the screen shows."""
        return None

    @property
    def meant(self) -> Sequence[FolderStatus]:
        """The folders that keys act on."""
        return (self.chosen,) if self.chosen is not None else ()

    @property
    def at_hand(self) -> AtHand:
        """The part of the chosen folder that keys act on."""
        return AtHand()

    @property
    def files(self) -> FilesTable | None:
        """The list of files to filter and sort; None: the screen has none."""
        return None

    @property
    def rows(self) -> AnyList | None:
        """The list that ``:goto`` moves in; None: the screen has none."""
        return self.files

    @property
    def has_panes(self) -> bool:
        """Whether the screen has panes to switch between."""
        return False

    def go_to_pane(self, pane: str) -> None:
        """Show a pane and focus it; does nothing on a screen without panes."""

    def turn_pane(self, by: int) -> None:
        """Go to the next pane or the one before."""

    def open_versions(self) -> None:
        """Open the versions of the chosen folder, on a deeper screen."""

    def open_history(self) -> None:
        """Open the history of all jobs, on a deeper screen."""
        if self.browser is not None:
            self.post_message(self.HistoryRequested(self.browser))

    def open_question(self, question: Question) -> None:
        """Open the screen that answers a question."""
        self.post_message(self.QuestionAsked(question))

    def open_doctor(self, wanted: Examine) -> None:
        """Examine this machine and show the findings."""
        self.post_message(self.DoctorRequested(wanted))

    # Available actions

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The keys that work now, each described as the action that it calls."""
        return offered(super().active_bindings, self)

    def show(self, status: EngineStatus) -> None:
        """Take the latest status; redraw footer and help when other actions are available."""
        self.status = status
        if self.app.screen is self:
            active = self.active_bindings.items()
            offer = tuple((key, each.binding.action, id(each.node)) for key, each in active)
            if offer != self._offer:
                self._offer = offer
                self.refresh_bindings()

    def go_down(self, screen: ActionScreen) -> None:
        """Open a deeper screen, which gets the status and the `:` lines of this one."""
        screen.status, screen.line_history = self.status, self.line_history
        self.app.push_screen(screen)

    # The `:` line

    @property
    def known(self) -> KnownNames:
        """The names that a line can use now, and the commands that do not work here."""
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
            self.mount(
                CommandLine(self.known, self.line_history, text), before=self.query_one(KeyBar)
            )

    def on_command_line_entered(self, event: CommandLine.Entered) -> None:
        """Run the command that the user entered."""
        doing = run_command(self, event.command)
        if doing is not None:
            self.run_worker(doing, group="command")

    def toggle_help(self) -> None:
        """Show or hide the keys of the focused pane."""
        if self.query("HelpPanel"):
            self.app.action_hide_help_panel()
        else:
            self.app.action_show_help_panel()

    # Commands, toasts, dialogs

    def want(self, command: Command, said: str = "") -> None:
        """Ask the application to submit a command; `said`: the toast that confirms it."""
        self.post_message(CommandRequest(command, said=said))

    def say(self, text: str) -> None:
        """Show a short toast. The caller makes names in `text` safe to display."""
        say(self, text)

    def ask(self, dialog: ModalScreen[T], then: Callable[[T], None]) -> None:
        """Show a dialog, and pass its answer to `then` unless the user cancels."""

        def answered(answer: T | None) -> None:
            if answer is not None:
                then(answer)

        self.app.push_screen(dialog, answered)
