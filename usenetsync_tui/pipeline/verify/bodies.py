"""bodies: joins a sweep, which knows what must be fetched, with the threads that fetch it.

Knows waiting, on both sides. Refuses to know what an article is worth.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable
from functools import partial

import anyio

from usenetsync_tui.model.ports.stores import OpenRealm, WantedArticle
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.model.text.figures import size
from usenetsync_tui.pipeline.run.fetch import opened
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage, WorkerSlot
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue
from usenetsync_tui.pipeline.verify.pages import Page

_REMEMBERED = 4_096
"""Articles whose answer is remembered for the other files that share them."""


class Bodies:
    """Articles to be fetched, in order. Pages under way bound their number.

    An article waits until the run's budget has room for its bytes. Several files may share one:
    while it is fetched, and for a while afterwards, all its pages get the one answer.
    """

    def __init__(self, run: JobRun, most: int) -> None:
        """`most`: articles that have room and wait for a lane."""
        self._run = run
        self._coming: deque[Segment] = deque()
        """Articles without room."""
        self._queue = LaneQueue[Segment](most)
        """Articles with room: it is given back when they were fetched."""
        self._pages: dict[bytes, list[Page]] = {}
        """The pages that wait for an article, by Message-ID."""
        self._proved: OrderedDict[bytes, None] = OrderedDict()
        """The latest articles whose bytes were right."""
        self._lock = threading.Lock()
        self._closed = False
        self._has_coming = anyio.Event()

    # On the event loop

    def put(self, page: Page, names: Iterable[bytes]) -> None:
        """Add articles of a page, by Message-ID."""
        proved = []
        with self._lock:
            for name in names:
                if name in self._proved:
                    self._proved.move_to_end(name)
                    proved.append(name)
                elif name in self._pages:
                    self._pages[name].append(page)
                else:
                    self._pages[name] = [page]
                    self._coming.append(page.named[name])
        for name in proved:
            page.fetched(name, None)
        self._has_coming.set()

    async def make_room(self) -> None:
        """Give one article after another to the lanes, as soon as there is room for its bytes."""
        while not self._run.draining:
            if not self._coming:
                if self._closed:
                    break
                self._has_coming = anyio.Event()
                await self._has_coming.wait()
                continue
            article = self._coming.popleft()
            await self._run.budget.take(article.size)
            await self._queue.put([article])
        self._queue.close()

    def close(self) -> None:
        """Nothing more will be put into it."""
        self._closed = True
        self._has_coming.set()

    def drop(self) -> None:
        """Fetch nothing more: the run drains."""
        self._run.budget.give(sum(article.size for article in self._queue.empty()))

    async def filled(self) -> bool:
        """Wait until there is an article to fetch; False when none will come any more."""
        return await self._queue.filled()

    # From any thread

    def take(self, patience: float) -> Segment | None:
        """The next article; waits up to `patience` seconds while there is none."""
        return self._queue.take(None, patience)

    def fetched(self, article: Segment, failure: Exception | None) -> None:
        """Give the pages of an article the result of fetching it, and its room back."""
        name = article.message_id
        self._run.budget.give(article.size)
        with self._lock:
            pages = self._pages.pop(name)
            if failure is None:
                self._proved[name] = None
                if len(self._proved) > _REMEMBERED:
                    self._proved.popitem(last=False)
        for page in pages:
            page.fetched(name, failure)


class BodySource:
    """What one lane fetches: `model.ports.stores.FetchingSource`."""

    def __init__(
        self, run: JobRun, open_realm: OpenRealm, bodies: Bodies, stage: Stage, slot: WorkerSlot
    ) -> None:
        self._run = run
        self._open_realm = open_realm
        self._bodies = bodies
        self._stage = stage
        self._slot = slot
        self._wanted: Segment | None = None
        self.stopped = False
        """Whether the lane's task has ended: its thread takes nothing more."""

    def next(self, patience: float = 0.0) -> WantedArticle | None:
        """The next article; None if the run is paused or drains, or there is none."""
        run = self._run
        if self.stopped or run.draining or not run.gate.is_open:
            return None
        article = self._wanted = self._bodies.take(patience)
        if article is None:
            return None
        self._slot.begin(b"", f"{article.message_id.hex()[:8]}, {size(article.size)}")
        how = partial(opened, segment=article, open_realm=self._open_realm)
        return WantedArticle(article.message_id, how)

    def done(self, result: bytes | Exception) -> None:
        """Record what came of it."""
        article, self._wanted = self._wanted, None
        assert article is not None
        self._slot.end()
        self._stage.done += 1
        failure = result if isinstance(result, Exception) else None
        self._bodies.fetched(article, failure)
