"""wanted_segment: a segment to fetch, and who gets its bytes.

Knows how to give up a segment while a thread may be about it. Refuses to know how it is fetched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from usenetsync_tui.model.segments import Segment


class WantedSegment:
    """A segment to fetch from the first of its copies that has it."""

    def __init__(
        self,
        path: bytes,
        copies: Sequence[Segment],
        keep: Callable[[bytes], None],
        outcome: Callable[[WantedSegment, Exception | None], None],
    ) -> None:
        """`keep` gets the bytes, in a thread.

        `outcome` gets this segment and its error, or that of the fetch, on the event loop; this
        segment is handed to it because a reference of its own would keep what `keep` refers to,
        until Python next collects cycles.
        """
        self.path = path
        self.copies = copies
        self._outcome = outcome
        self._keep = keep
        self._lock = threading.Lock()
        self._is_abandoned = False

    @property
    def size(self) -> int:
        """Bytes of the segment."""
        return self.copies[0].size if self.copies else 0

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody needs it any more."""
        return self._is_abandoned

    def keep(self, data: bytes) -> Exception | None:
        """Hand the bytes over, unless it is abandoned; returns the error. Blocking."""
        with self._lock:
            if self._is_abandoned:
                return None
            try:
                self._keep(data)
            except Exception as failure:  # noqa: BLE001 - raised where the outcome is awaited
                return failure
        return None

    def finish(self, failure: Exception | None) -> None:
        """Tell what became of it. On the event loop, once."""
        self._outcome(self, failure)

    def abandon(self) -> None:
        """From now on nothing is kept; waits while a thread is about it. Blocking, but short."""
        with self._lock:
            self._is_abandoned = True
