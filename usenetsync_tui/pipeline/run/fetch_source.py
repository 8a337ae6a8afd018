"""fetch_source: what one lane's thread takes, and where it brings what it fetched.

Knows the segment that the lane holds. Refuses to know the event loop (`fetch_outcomes`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from usenetsync_tui.model.ports.stores import OpenRealm, WantedArticle
from usenetsync_tui.pipeline.run.fetch import as_wanted
from usenetsync_tui.pipeline.run.fetch_outcomes import FetchOutcomes
from usenetsync_tui.pipeline.run.job_run import WorkerSlot
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue
from usenetsync_tui.pipeline.run.wanted_segment import WantedSegment


class FetchSource:
    """What one lane fetches: `model.ports.stores.FetchingSource`."""

    def __init__(
        self,
        open_realm: OpenRealm,
        queue: LaneQueue[WantedSegment],
        outcomes: FetchOutcomes,
        slot: WorkerSlot,
        may_begin: Callable[[], bool],
    ) -> None:
        """`slot` shows what the lane does. `may_begin`: whether it may take a segment."""
        self._open_realm = open_realm
        self._queue = queue
        self._outcomes = outcomes
        self._slot = slot
        self._may_begin = may_begin
        self._wanted: WantedSegment | None = None
        self._lock = threading.Lock()
        self._stopped = False
        """Whether the lane's task has ended: its thread takes and brings nothing more."""

    def next(self, patience: float = 0.0) -> WantedArticle | None:
        """The first copy of the next segment; None if the run is paused or ends."""
        if self._queue.is_empty or not self._may_begin():
            self._outcomes.tell()
        while self._may_begin():
            wanted = self._queue.take(None, patience)
            if wanted is None:
                return None
            if not self._hold(wanted):
                return None
            if not wanted.is_abandoned:
                self._slot.begin(wanted.path, wanted.copies[0].message_id.hex()[:8])
                return as_wanted(wanted.copies, self._open_realm)
            self._settle(None, is_kept=True)
        return None

    def done(self, result: bytes | Exception) -> None:
        """Keep the bytes, or pass the error on."""
        if isinstance(result, Exception):
            self._settle(result, is_kept=False)
            return
        wanted = self._wanted
        if wanted is not None:
            self._settle(wanted.keep(result), is_kept=True)

    def stop(self) -> list[WantedSegment]:
        """The lane's task ends; returns the segment that its thread still fetches, if any."""
        with self._lock:
            self._stopped = True
            held, self._wanted = self._wanted, None
        self._slot.end()
        return [held] if held is not None else []

    def _hold(self, wanted: WantedSegment) -> bool:
        with self._lock:
            if not self._stopped:
                self._wanted = wanted
                return True
        self._outcomes.add(wanted, None, is_kept=True)
        return False

    def _settle(self, failure: Exception | None, *, is_kept: bool) -> None:
        with self._lock:
            wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._slot.end()
            self._outcomes.add(wanted, failure, is_kept=is_kept)
