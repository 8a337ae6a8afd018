"""The commands that an engine has not obeyed yet, each with the program that wants its answer.

Knows how an answer is made. Refuses to know the commands.
"""

from __future__ import annotations

from collections import deque

from usenetsync_tui.errors import QueuedAlreadyError, UsageError, UsenetSyncError
from usenetsync_tui.model.answers import Answer, Answered
from usenetsync_tui.model.commands import Command


class Letter:
    """A command, and who is told what became of it."""

    def __init__(self, command: Command, answered: Answered | None = None) -> None:
        self.command = command
        self._answered = answered

    def obeyed(self, job_id: int | None = None) -> None:
        """Say that it is done, or begun."""
        self._answer(Answer(job_id))

    def refused(self, error: UsenetSyncError) -> None:
        """Say why it is not done."""
        job_id = error.job_id if isinstance(error, QueuedAlreadyError) else None
        self._answer(Answer(job_id, str(error), error.exit_code, type(error).__name__))

    def refused_here(self, words: str) -> None:
        """Say that this engine obeys no such command."""
        self.refused(UsageError(words))

    def _answer(self, answer: Answer) -> None:
        if self._answered is not None:
            self._answered(answer)


Mailbox = deque[Letter]
