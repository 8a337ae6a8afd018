"""Why the screen ended, so that the caller knows how to stop the engine."""

from __future__ import annotations

from enum import StrEnum

from usenetsync_tui.model.value_object import value_object


class ExitReason(StrEnum):
    """What ended the screen."""

    DRAIN = "drain"
    """The user quit: finish what is in flight, then stop."""
    LEAVE = "leave"
    """The user quit at once: stop now; the work resumes later."""
    BACKGROUND = "background"
    """The user quit the screen only: a service takes the work over."""
    DETACH = "detach"
    """The user quit a screen whose engine is another program's."""
    SIGNALLED = "signalled"
    """A signal, or the loss of the terminal."""
    CRASHED = "crashed"
    """A defect of the screen, which has printed its traceback."""
    REFUSED = "refused"
    """There is no engine to show; the caller knows why."""


@value_object
class ScreenExit:
    """The result of a run of the screen."""

    reason: ExitReason
    signum: int = 0
    """The number of the signal; 0: none."""

    @property
    def exit_code(self) -> int:
        """0 after a quit, 1 after a crash or without an engine, 128 + the signal's number."""
        match self.reason:
            case ExitReason.DRAIN | ExitReason.LEAVE | ExitReason.BACKGROUND | ExitReason.DETACH:
                return 0
            case ExitReason.SIGNALLED:
                return 128 + self.signum
            case ExitReason.CRASHED | ExitReason.REFUSED:
                return 1
