"""What a `:` line does: every command that was said becomes an action of the screen."""

from __future__ import annotations

import os

from textual.binding import Binding

from usenetsync_tui.model.commands import Examine, PauseAll, ResumeAll
from usenetsync_tui.tui.commands.command_line import CommandHistory, CommandLine
from usenetsync_tui.tui.commands.folder_keys import FolderKeys
from usenetsync_tui.tui.commands.job_keys import JobKeys
from usenetsync_tui.tui.commands.parsed_commands import (
    AddPath,
    Do,
    GoToPane,
    GoToRow,
    GoToShare,
    KnownNames,
    Prioritise,
    RestoreChosen,
    SetFilter,
    SortBy,
    UploadChosen,
    UseTheme,
    VerifyChosen,
    Word,
    WriteNzb,
)
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.kit.key_bar import KeyBar
from usenetsync_tui.tui.panes.pane_order import PANES
from usenetsync_tui.tui.screens.doctor_screen import DoctorScreen

KEYS = (
    Binding("colon", "command_line('')", "Command", key_display=":", id="app.command"),
    Binding(
        "D",
        "doctor",
        "doctor",
        show=False,
        id="app.doctor",
        tooltip="what may stop it here, and what to do",
    ),
)


class CommandDispatch(FolderKeys, JobKeys):
    """The part of the dashboard that understands the `:` line."""

    said: CommandHistory

    def action_command_line(self, text: str) -> None:
        """Begin a line."""
        if not self.query(CommandLine):
            line = CommandLine(self.known, self.said, text)
            self.mount(line, before=self.query_one(KeyBar))

    @property
    def known(self) -> KnownNames:
        """The names a line may hold now."""
        servers = self.status.servers if self.status else ()
        return KnownNames(
            servers=tuple(server.name for server in servers),
            themes=tuple(self.app.available_themes),
            panes=PANES,
            home=os.fsencode(os.path.expanduser("~")).rstrip(b"/"),
        )

    def on_command_line_entered(self, event: CommandLine.Entered) -> None:
        """Do what was said."""
        table = self.query_one(FilesTable)
        match event.command:
            case Do(word):
                self.do(word)
            case GoToRow(number):
                self.action_pane("files")
                self._complain(table.go_to_words(f"{number}"))
            case GoToShare(share):
                self.action_pane("files")
                self._complain(table.go_to_words(f"{100 * share:g}%"))
            case SetFilter(text):
                self._complain(table.filter_by_words(text))
            case SortBy(order):
                table.sort_by(order)
            case AddPath(path):
                self.add_folder(path)
            case Prioritise(priority):
                self.prioritise(priority)
            case UploadChosen(allow_shrink):
                self.upload(allow_shrink=allow_shrink)
            case VerifyChosen(bodies):
                if self.folder() is not None:
                    self.verify([each.folder for each in self.meant], bodies=bodies)
            case RestoreChosen(target, version):
                self.restore(target, version)
            case WriteNzb(path, each_subfolder):
                self.nzb(path, each_subfolder=each_subfolder)
            case UseTheme(name):
                self.app.theme = name
            case GoToPane(name):
                self.action_pane(name)
            case Examine() as wanted:
                self.examine(wanted)
            case command:
                self.want(command)

    def do(self, word: Word) -> None:
        """A word by itself."""
        match word:
            case Word.PAUSE:
                self.hold()
            case Word.RESUME:
                self.go_on()
            case Word.PAUSE_ALL:
                self.want(PauseAll())
            case Word.RESUME_ALL:
                self.want(ResumeAll())
            case Word.CANCEL:
                self.action_cancel()
            case Word.RETRY:
                self.action_retry()
            case Word.VERSIONS:
                self.action_versions()
            case Word.ERRORS | Word.LOG:
                self.action_pane(str(word))
            case Word.HELP:
                self.app.action_show_help_panel()
            case Word.QUIT:
                self.run_worker(self.app.action_quit(), group="quit")

    def action_pane(self, pane: str) -> None:
        """Go to a pane."""
        raise NotImplementedError

    def action_versions(self) -> None:
        """The versions of the chosen folder."""
        raise NotImplementedError

    def action_doctor(self) -> None:
        """What may stop the program here."""
        self.examine(Examine())

    def examine(self, wanted: Examine) -> None:
        """Show what is found on this machine, as it is found."""
        self.app.push_screen(DoctorScreen(wanted, self.status))

    def _complain(self, sentence: str) -> None:
        if sentence:
            self.say(sentence)
