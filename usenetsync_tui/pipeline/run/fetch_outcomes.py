"""fetch_outcomes: what became of segments, on its way from the lanes' threads to the event loop.

Knows when the event loop hears of it: of many at once, as it takes the GIL from the lanes each
time. Refuses to know what follows from it (`fetch_lanes`).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from usenetsync_tui.pipeline.run.wanted_segment import WantedSegment

_TELL_EVERY = 0.03
"""Seconds after which the event loop hears of outcomes while every lane has work."""


class FetchOutcomes:
    """The outcomes of one run. `add` and `tell` may be called from any thread."""

    def __init__(self, settle: Callable[[WantedSegment, Exception | None, bool], None]) -> None:
        """`settle` is called on the event loop with what `add` got."""
        self._settle = settle
        self._loop = asyncio.get_running_loop()
        self._results: deque[tuple[WantedSegment, Exception | None, bool]] = deque()
        self._is_told = False
        self._told_at = 0.0

    def add(self, wanted: WantedSegment, failure: Exception | None, *, is_kept: bool) -> None:
        """A lane is done with a segment; `is_kept`: it had the bytes."""
        self._results.append((wanted, failure, is_kept))
        if time.monotonic() - self._told_at > _TELL_EVERY:
            self.tell()

    def tell(self) -> None:
        """Let the event loop hear of the outcomes so far: a lane has nothing to do."""
        if self._results and not self._is_told:
            self._is_told = True
            self._loop.call_soon_threadsafe(self._settle_all)

    def _settle_all(self) -> None:
        self._is_told = False
        self._told_at = time.monotonic()
        while self._results:
            self._settle(*self._results.popleft())
