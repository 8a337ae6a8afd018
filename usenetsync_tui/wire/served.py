"""What the wire needs of an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from usenetsync_tui.model.answers import Answer
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.outcomes import Summary


class Served(Protocol):
    """An engine whose windows may be in other processes."""

    def submit(self, command: Command, answered: Callable[[Answer], None]) -> None:
        """Leave a command; `answered` is called once, in the engine's thread."""

    async def ended(self, job_id: int) -> Summary:
        """How a job ended, as soon as it is over. `UsenetSyncError` if there is no such job."""
