"""Why the screen ended: the caller drains the engine accordingly."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ExitReason(StrEnum):
    """What made the screen go away."""

    DRAIN = "drain"
    """The user quit: finish what is in flight, then stop."""
    LEAVE = "leave"
    """The user wants out at once: stop, the work resumes later."""
    SIGNALLED = "signalled"
    """A signal, or the terminal went away."""
    CRASHED = "crashed"
    """A defect of the screen; its traceback has been printed."""


@dataclass(frozen=True, slots=True)
class ScreenExit:
    """The result of a run of the screen."""

    reason: ExitReason
    signum: int = 0
    """The signal, when there was one."""

    @property
    def exit_code(self) -> int:
        """0 after a quit, 1 after a crash, 128 + the signal's number as shells count it."""
        match self.reason:
            case ExitReason.DRAIN | ExitReason.LEAVE:
                return 0
            case ExitReason.SIGNALLED:
                return 128 + self.signum
            case ExitReason.CRASHED:
                return 1
