"""The programs at an engine: the one that runs it, and those attached to it."""

from __future__ import annotations

from enum import StrEnum

from usenetsync_tui.model.value_object import value_object


@value_object
class Window:
    """A program of this user at an engine: a screen, a command, a service."""

    kind: str
    """``screen``, ``serve``, or the command's verb: ``upload``."""
    pid: int
    place: str = ""
    """Its terminal (``pts/3``); without one what started it (``cron``), if known."""
    since: float = 0.0
    """Seconds since the epoch."""

    def __str__(self) -> str:
        place = f", {self.place}" if self.place else ""
        return f"{self.kind} (pid {self.pid}{place})"


class Farewell(StrEnum):
    """Why an engine ended, as it told its windows."""

    FINISHED = "finished"
    """It had done what its command asked for."""
    STOPPED = "stopped"
    """The user stopped it."""
    HANDED_OVER = "handed over"
    """Another program runs the engine from now on."""
    FAILED = "failed"
    """An error ended it."""
