"""What it means for a window that its engine is gone. Pure.

Screens and commands say the same words, and look for the next engine for the same time.
"""

from __future__ import annotations

from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.windows import Farewell, Window
from usenetsync_tui.wire.frames import Goodbye

_TO_TAKE_OVER = 30.0
"""Seconds for a program that is to be the next engine: it may have to start first."""


@value_object
class EngineLoss:
    """The end of an engine, as a window at it tells its user."""

    words: str
    """What happened: one or two sentences."""
    patience: float = 0.0
    """Seconds in which another program becomes the engine; 0: the first that tries becomes it."""
    is_stopped: bool = False
    """Whether the user stopped the work."""


def engine_loss(holder: Window, goodbye: Goodbye | None) -> EngineLoss:
    """The loss of the engine of `holder`; None: it died without a word."""
    if goodbye is None:
        return EngineLoss(f"The engine has died: {holder}.")
    match goodbye.reason:
        case Farewell.HANDED_OVER:
            words = f"{holder} has ended. Its work goes on in the background."
            return EngineLoss(words, patience=_TO_TAKE_OVER)
        case Farewell.STOPPED:
            return EngineLoss(f"{holder} has stopped the work.", is_stopped=True)
        case Farewell.FINISHED:
            return EngineLoss(f"{holder} has finished.")
        case Farewell.FAILED:
            details = f": {goodbye.message}" if goodbye.message else ""
            return EngineLoss(f"The engine has failed: {holder}{details.rstrip('.')}.")
