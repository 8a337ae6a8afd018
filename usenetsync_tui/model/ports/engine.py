"""The port between a window and the engine."""

from __future__ import annotations

from typing import Protocol

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.status.engine import EngineStatus


class EngineHandle(Protocol):
    """The screen's end of the engine: neither side ever waits for the other."""

    @property
    def status(self) -> EngineStatus:
        """The latest status; costs an attribute read."""

    def submit(self, command: Command) -> None:
        """Hand a command over; returns at once, from any thread."""

    @property
    def browser(self) -> Browser | None:
        """None until the catalogue is open."""
