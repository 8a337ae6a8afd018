"""The wall clock, compared with the monotonic clock.

The catalogue stores in wall-clock time when to check an article, because the next run has no other
clock. Within a run, a wall clock that is set back must not make any wait longer.
"""

from __future__ import annotations

_TOLERANCE = 1.0
"""Seconds by which two clocks may drift apart without one being set."""


class WallClock:
    """Tells how far the wall clock was set back between two calls."""

    def __init__(self) -> None:
        self._ahead: float | None = None

    def set_back(self, wall: float, monotonic: float) -> float:
        """Seconds by which the wall clock was set back since the last call; 0: it was not."""
        before, self._ahead = self._ahead, wall - monotonic
        back = before - self._ahead if before is not None else 0.0
        return back if back > _TOLERANCE else 0.0
