"""The wall clock, watched by the one that only goes forward.

When an article is to be looked for is written down in the time of the wall clock, for the next
run has no other. Within a run, a wall clock that is set back must not make anything wait longer.
"""

from __future__ import annotations

_TOLERANCE = 1.0
"""Seconds that two clocks may be apart without one having been set."""


class WallClock:
    """Tells how far the wall clock was set back between two looks at it."""

    def __init__(self) -> None:
        self._ahead: float | None = None

    def set_back(self, wall: float, monotonic: float) -> float:
        """Seconds by which it was set back since the last look; 0: it was not."""
        before, self._ahead = self._ahead, wall - monotonic
        back = before - self._ahead if before is not None else 0.0
        return back if back > _TOLERANCE else 0.0
