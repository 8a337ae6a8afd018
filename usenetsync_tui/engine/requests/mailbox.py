"""The commands that an engine has not obeyed yet, each with the program that wants its answer.

Knows how an answer is made. Refuses to know the commands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from usenetsync_tui.errors import QueuedAlreadyError, UsageError, UsenetSyncError
from usenetsync_tui.model.answers import Answer, Answered, Result
from usenetsync_tui.model.commands.command import Command


class Letter:
    """A command, and who wants its answer."""

    def __init__(self, command: Command, answered: Answered | None = None) -> None:
        self.command = command
        self._answered = answered

    def obeyed(self, job_id: int | None = None) -> None:
        """Say that it is done, or begun."""
        self._answer(Answer(job_id))

    def done(self, result: Result) -> None:
        """Say what it has brought about."""
        self._answer(Answer(result=result))

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


class Mailbox(deque[Letter]):
    """The letters, oldest first. Any thread may `post`; one task of the engine reads them."""

    def __init__(self) -> None:
        super().__init__()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    def post(self, letter: Letter) -> None:
        """Add a letter, and wake the reader."""
        self.append(letter)
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the engine has ended
                self._loop.call_soon_threadsafe(self._news.set)

    def wake(self) -> None:
        """Let `wait` return; in the reader's event loop."""
        self._news.set()

    async def wait(self) -> None:
        """Return when a letter was posted, or `wake` called, since the last call returned."""
        self._loop = asyncio.get_running_loop()
        await self._news.wait()
        self._news.clear()
