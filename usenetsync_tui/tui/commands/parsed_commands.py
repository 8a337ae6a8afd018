"""What a `:` line can say: frozen values, and the names it may hold.

What needs the focused pane or the chosen folder to become a command of the engine is a word
of its own here; what does not is that command already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands import (
    Examine,
    LimitBandwidth,
    LimitFetching,
    PauseServer,
    ResumeServer,
    SetConnections,
    SetWorkers,
)
from usenetsync_tui.model.files import FileOrder
from usenetsync_tui.model.folders import Priority


class CommandError(UsageError):
    """The line says nothing that can be done."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        """What is wrong, for the eyes of the user; names in it are safe."""

    def __str__(self) -> str:
        return self.sentence


class Word(StrEnum):
    """What needs no more than its name. It means the chosen folder, job or files."""

    PAUSE = "pause"
    RESUME = "resume"
    PAUSE_ALL = "pause-all"
    RESUME_ALL = "resume-all"
    CANCEL = "cancel"
    RETRY = "retry"
    VERSIONS = "versions"
    ERRORS = "errors"
    LOG = "log"
    HELP = "help"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Do:
    """A word by itself."""

    word: Word


@dataclass(frozen=True, slots=True)
class GoToRow:
    """A row of the list, the first being 1."""

    number: int


@dataclass(frozen=True, slots=True)
class GoToShare:
    """A place in the list: 0.0 its beginning, 1.0 its end."""

    share: float


@dataclass(frozen=True, slots=True)
class SetFilter:
    """What the list is filtered by, as it was typed; empty: by nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class SortBy:
    """The list's order."""

    order: FileOrder


@dataclass(frozen=True, slots=True)
class AddPath:
    """A folder to keep; empty: it is still to be chosen."""

    path: bytes


@dataclass(frozen=True, slots=True)
class Prioritise:
    """The chosen folder's or job's priority."""

    priority: Priority


@dataclass(frozen=True, slots=True)
class VerifyChosen:
    """Check the chosen folder's articles."""

    bodies: bool


@dataclass(frozen=True, slots=True)
class UploadChosen:
    """A new version of the chosen folder."""

    allow_shrink: bool


@dataclass(frozen=True, slots=True)
class RestoreChosen:
    """Bring the chosen folder back; without a target that is still to be chosen."""

    target: bytes
    version: int | None


@dataclass(frozen=True, slots=True)
class WriteNzb:
    """An NZB of the chosen folder; without a path that is still to be chosen."""

    path: bytes
    each_subfolder: bool = False


@dataclass(frozen=True, slots=True)
class UseTheme:
    """One of the themes there are."""

    name: str


@dataclass(frozen=True, slots=True)
class GoToPane:
    """One of the panes there are."""

    name: str


ParsedCommand = (
    Do
    | GoToRow
    | GoToShare
    | SetFilter
    | SortBy
    | AddPath
    | Prioritise
    | UploadChosen
    | VerifyChosen
    | RestoreChosen
    | WriteNzb
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


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names a line may hold where it is typed."""

    servers: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    panes: tuple[str, ...] = ()
    home: bytes = b""
    """What ``~`` stands for, without a slash at its end."""
    refusals: Mapping[str, str] = field(default_factory=dict)
    """The commands that do not work here now, by name, each with a sentence on why."""
