"""wants: the segments that one task waits for.

Knows when all of them are kept, and the first error. Refuses to know the lanes that fetch them
(`fetch_lanes`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
from anyio import to_thread

from usenetsync_tui.model.segments import Segment
from usenetsync_tui.pipeline.run.fetch_lanes import FetchLanes
from usenetsync_tui.pipeline.run.wanted_segment import WantedSegment


class Wants:
    """Segments that one task waits for; leaving the block abandons those without an outcome."""

    def __init__(self, lanes: FetchLanes) -> None:
        self._lanes = lanes
        self._open: set[WantedSegment] = set()
        self._changed = anyio.Event()
        self._is_left = False
        """Whether the block has ended: what comes later concerns nobody."""
        self.failure: Exception | None = None
        """The first error."""

    async def add(
        self,
        path: bytes,
        copies: Sequence[Segment],
        keep: Callable[[bytes], None],
        done: Callable[[], None] = lambda: None,
    ) -> None:
        """Have a segment fetched; waits for room. `done` is called when its bytes are kept."""
        await self.add_all([self.new(path, copies, keep, done)])

    def new(
        self,
        path: bytes,
        copies: Sequence[Segment],
        keep: Callable[[bytes], None],
        done: Callable[[], None],
    ) -> WantedSegment:
        """A segment for `add_all`, as in `add`."""

        def outcome(wanted: WantedSegment, failure: Exception | None) -> None:
            self._open.discard(wanted)
            self.failure = self.failure or failure
            if failure is None and not self._is_left:
                done()
            if failure is not None or not self._open:
                self._changed.set()

        return WantedSegment(path, copies, keep, outcome)

    async def add_all(self, wanted: Sequence[WantedSegment]) -> None:
        """Have some segments fetched; waits for room."""
        self._open.update(wanted)
        await self._lanes.want(wanted)

    async def all_kept(self) -> None:
        """Wait for all of them; raises the first error."""
        while self._open and self.failure is None:
            self._changed = anyio.Event()
            await self._changed.wait()
        if self.failure is not None:
            raise self.failure

    async def __aenter__(self) -> Wants:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_left = True
        if self._open:
            # What the bytes go to is closed next, so no thread may still be about it.
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._abandon, tuple(self._open))

    def _abandon(self, wanted: Sequence[WantedSegment]) -> None:
        for each in wanted:
            each.abandon()
