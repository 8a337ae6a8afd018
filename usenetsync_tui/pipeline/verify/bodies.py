"""bodies: joins a sweep, which knows what must be fetched, with the threads that fetch it.

Knows waiting, on both sides. Refuses to know what an article is worth.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from functools import partial

import anyio

from usenetsync_tui.model.figures import size
from usenetsync_tui.model.ports import OpenRealm, WantedArticle
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.pipeline.run.fetch import opened
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage, WorkerSlot
from usenetsync_tui.pipeline.verify.pages import Page


class Bodies:
    """Articles to be fetched, in order. Pages under way bound their number."""

    def __init__(self) -> None:
        self._wanted: deque[tuple[Page, Segment]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._filled = anyio.Event()

    # On the event loop

    def put(self, page: Page, names: Iterable[bytes]) -> None:
        """Add articles of a page, by Message-ID."""
        more = [(page, page.named[name]) for name in names]
        with self._changed:
            self._wanted.extend(more)
            self._changed.notify(len(more))
        self._filled.set()

    def close(self) -> None:
        """Nothing more will be put into it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._filled.set()

    async def filled(self) -> bool:
        """Wait until there is an article; False when none will come any more."""
        while not self._wanted:
            if self._closed:
                return False
            if self._filled.is_set():
                self._filled = anyio.Event()
            await self._filled.wait()
        return True

    # From any thread

    def take(self, patience: float) -> tuple[Page, Segment] | None:
        """The next article; waits up to `patience` seconds while there is none."""
        with self._changed:
            if patience and not self._wanted and not self._closed:
                self._changed.wait(patience)
            return self._wanted.popleft() if self._wanted else None


class BodySource:
    """What one lane fetches: `model.ports.FetchingSource`."""

    def __init__(
        self, run: JobRun, open_realm: OpenRealm, bodies: Bodies, stage: Stage, slot: WorkerSlot
    ) -> None:
        self._run = run
        self._open_realm = open_realm
        self._bodies = bodies
        self._stage = stage
        self._slot = slot
        self._wanted: tuple[Page, Segment] | None = None
        self.stopped = False
        """Whether the lane's task has ended: its thread takes nothing more."""

    def next(self, patience: float = 0.0) -> WantedArticle | None:
        """The next article; None if the run is paused or drains, or there is none."""
        run = self._run
        if self.stopped or run.draining or not run.gate.is_open:
            return None
        self._wanted = self._bodies.take(patience)
        if self._wanted is None:
            return None
        _, article = self._wanted
        self._slot.begin(b"", f"{article.message_id.hex()[:8]}, {size(article.size)}")
        how = partial(opened, segment=article, open_realm=self._open_realm)
        return WantedArticle(article.message_id, how)

    def done(self, result: bytes | Exception) -> None:
        """Record what came of it."""
        assert self._wanted is not None
        (page, article), self._wanted = self._wanted, None
        self._slot.end()
        self._stage.done += 1
        page.fetched(article.message_id, result if isinstance(result, Exception) else None)
