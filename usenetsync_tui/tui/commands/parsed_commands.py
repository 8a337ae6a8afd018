"""The frozen values that `command_parser` makes of a `:` line, and the names that a line can use.

A line that needs the focused pane or the chosen folder has a class here. A line that does not is
parsed to the engine's command itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands.engine import Examine
from usenetsync_tui.model.commands.jobs import SetWorkers
from usenetsync_tui.model.commands.servers import (
    LimitBandwidth,
    LimitFetching,
    PauseServer,
    ResumeServer,
    SetConnections,
)
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.lists.files import FileOrder
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.keep_rules import KeepPolicy


class CommandError(UsageError):
    """The line is not a valid command."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        """What is wrong, for the user; names in it are safe to display."""

    def __str__(self) -> str:
        return self.sentence


class SimpleCommand(StrEnum):
    """The commands without arguments. They act on the chosen folder, job or files."""

    PAUSE = "pause"
    RESUME = "resume"
    PAUSE_ALL = "pause-all"
    RESUME_ALL = "resume-all"
    KEY = "key"
    CANCEL = "cancel"
    RETRY = "retry"
    SHARE = "share"
    ADOPT = "adopt"
    RESTORE_STRING = "restore-string"
    VERSIONS = "versions"
    ERRORS = "errors"
    HISTORY = "history"
    FILE_HISTORY = "file-history"
    STATS = "stats"
    PROTECT = "protect"
    REMOVE = "remove"
    LOG = "log"
    HELP = "help"
    QUIT = "quit"


@value_object
class RunSimple:
    """Run a command without arguments."""

    command: SimpleCommand


@value_object
class GoToRow:
    """Go to a row of the list; the first is 1."""

    number: int


@value_object
class GoToShare:
    """Go to a position in the list: 0.0 is its beginning, 1.0 its end."""

    share: float


@value_object
class SetFilter:
    """Filter the list by a text as the user typed it; empty: no filter."""

    text: str


@value_object
class FindFiles:
    """Find files in all folders and versions; without words, the screen asks for them."""

    words: str


@value_object
class SortBy:
    """Sort the list."""

    order: FileOrder


@value_object
class AddPath:
    """Back up a new folder; an empty path: a dialog asks for it."""

    path: bytes
    as_new: bool = False
    """Even if its directory is that of a known folder."""


@value_object
class MoveTo:
    """The chosen folder is at another path now; an empty path: a form asks for it."""

    path: bytes


@value_object
class Prioritise:
    """Set the priority of the chosen folder or job."""

    priority: Priority


@value_object
class VerifyChosen:
    """Verify the chosen folder; `bodies`: by fetching every article, or one part of `sample`."""

    bodies: bool
    sample: int = 1


@value_object
class ExcludeToo:
    """Add patterns to the filters of the chosen folder; none: a form shows all of them."""

    patterns: tuple[bytes, ...]
    clear: bool = False
    """Forget all filters first."""


@value_object
class ForgetVersions:
    """Forget versions of the chosen folder; none: a form asks for them."""

    versions: tuple[int, ...]


@value_object
class KeepBy:
    """The keep rules of the chosen folder; None: a form shows and asks for them."""

    policy: KeepPolicy | None


@value_object
class TagWith:
    """Add tags to the version at hand; none: a form asks for them."""

    tags: tuple[str, ...]
    remove: bool = False
    """Take them away; none: all that it has."""


@value_object
class UploadChosen:
    """Back up the chosen folder; `allow_shrink`: even if it is empty or lost files."""

    allow_shrink: bool


@value_object
class RestoreChosen:
    """Restore the chosen folder; an empty target: a dialog asks for it."""

    target: bytes
    version: int | None
    choices: RestoreChoices = RestoreChoices()
    in_place: bool = False


@value_object
class WriteNzb:
    """Write an NZB of the chosen folder; an empty path: a dialog asks for it."""

    path: bytes
    each_subfolder: bool = False


@value_object
class ChangeKeyTo:
    """Wrap all keys with another secret; an empty path: a dialog asks which kind."""

    path: bytes
    is_passphrase: bool = False


@value_object
class BackUpTo:
    """Back up the catalogue; an empty path: the line asks for it."""

    path: bytes
    with_articles: bool = False


@value_object
class PutBack:
    """Restore the catalogue from a backup; an empty path: the line asks for it."""

    path: bytes


@value_object
class UseTheme:
    """Switch to a theme."""

    name: str


@value_object
class GoToPane:
    """Switch to a pane."""

    name: str


ParsedCommand = (
    RunSimple
    | GoToRow
    | GoToShare
    | SetFilter
    | FindFiles
    | SortBy
    | AddPath
    | MoveTo
    | Prioritise
    | ExcludeToo
    | ForgetVersions
    | KeepBy
    | TagWith
    | UploadChosen
    | VerifyChosen
    | RestoreChosen
    | WriteNzb
    | ChangeKeyTo
    | BackUpTo
    | PutBack
    | UseTheme
    | GoToPane
    | Examine
    | SetWorkers
    | SetConnections
    | LimitBandwidth
    | LimitFetching
    | PauseServer
    | ResumeServer
)


@value_object
class KnownNames:
    """The names that a line can use on the screen where the user types it."""

    servers: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    panes: tuple[str, ...] = ()
    home: bytes = b""
    """The path that ``~`` stands for, without a slash at its end."""
    refusals: Mapping[str, str] = field(default_factory=dict)
    """The commands that do not work here now, by name, each with the reason in a sentence."""
