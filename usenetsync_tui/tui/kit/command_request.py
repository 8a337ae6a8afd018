"""What a widget wants of the engine: bubbles up to the application, the only one that submits."""

from __future__ import annotations

from typing import Protocol

from textual.message import Message

from usenetsync_tui.model.commands import Command

READ_ONLY = "Read-only: another usenetsync is using this catalogue."
"""Why nothing can be asked of the engine."""


class MayBeReadOnly(Protocol):
    """A screen, a pane or a list that knows the engine's status."""

    @property
    def is_read_only(self) -> bool:
        """Whether the engine takes no commands."""


def writable(here: MayBeReadOnly) -> str:
    """The condition of every action that sends a command: `READ_ONLY`, or an empty string."""
    return READ_ONLY if here.is_read_only else ""


class CommandRequest(Message):
    """A command a user has asked for. The application refuses it, aloud, while read-only."""

    def __init__(self, command: Command, *, said: str = "") -> None:
        """`said`: a short toast once it is submitted, names in it made safe; empty: none."""
        super().__init__()
        self.command = command
        self.said = said
