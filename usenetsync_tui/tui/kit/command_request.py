"""A widget's request to the engine: a message that bubbles up to the application.

Only the application submits commands to the engine.
"""

from __future__ import annotations

from typing import Protocol

from textual.message import Message

from usenetsync_tui.model.commands.command import Command

READ_ONLY = "Read-only: another usenetsync is using this catalogue."
"""Shown when the engine takes no commands because it is read-only."""


class MayBeReadOnly(Protocol):
    """A screen, a pane or a list that knows the engine's status."""

    @property
    def is_read_only(self) -> bool:
        """Whether the engine takes no commands."""


def writable(here: MayBeReadOnly) -> str:
    """The condition of every action that sends a command: `READ_ONLY`, or an empty string."""
    return READ_ONLY if here.is_read_only else ""


class CommandRequest(Message):
    """A command of the user. While read-only, the application refuses it and shows why."""

    def __init__(self, command: Command, *, said: str = "") -> None:
        """`said`: a short toast after the application submits it; empty: none.

        The caller makes names in it safe.
        """
        super().__init__()
        self.command = command
        self.said = said
