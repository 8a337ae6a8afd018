"""posting_queue: articles on their way from the event loop, which plans, to the lanes' threads.

Knows waiting, on both sides. Refuses to know what an article is worth.

A thread takes an article without the event loop. The loop is woken once for many of them: when the
queue has room for the next batch. The answers come back by a `Handover`.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

import anyio

from usenetsync_tui.model.segments import Receipt
from usenetsync_tui.pipeline.posting.ledger import OutgoingArticle
from usenetsync_tui.pipeline.run.handover import Depth


class PostingQueue:
    """Planned articles on their way to the lanes, in order; at most about `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._articles: deque[OutgoingArticle] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._filled = anyio.Event()
        self._has_room = anyio.Event()
        self._is_awaited = False
        """Whether a task waits for room."""

    # On the event loop

    async def put(self, articles: Iterable[OutgoingArticle]) -> None:
        """Add articles; waits while the queue is full."""
        rest = iter(articles)
        while True:
            room = self._most - len(self._articles)
            if room <= 0:
                await self._wait_for_room()
                continue
            more = list(islice(rest, room))
            if not more:
                return
            with self._changed:
                self._articles.extend(more)
                self._changed.notify(len(more))
            self._filled.set()

    async def _wait_for_room(self) -> None:
        if self._has_room.is_set():
            self._has_room = anyio.Event()
        self._is_awaited = True
        if len(self._articles) >= self._most:  # no thread made room meanwhile
            await self._has_room.wait()
        self._is_awaited = False

    async def filled(self) -> bool:
        """Wait until the queue holds an article; False when none will come any more."""
        while not self._articles:
            if self._closed:
                return False
            if self._filled.is_set():
                self._filled = anyio.Event()
            await self._filled.wait()
        return True

    def close(self) -> None:
        """Nothing more will be put into it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._filled.set()

    def statistics(self) -> Depth:
        """How full it is."""
        return Depth(len(self._articles), self._most)

    # From any thread

    def take(
        self, wanted: Callable[[OutgoingArticle], bool] | None, patience: float
    ) -> OutgoingArticle | None:
        """The first article that is `wanted`; waits up to `patience` seconds while it is empty."""
        with self._changed:
            if patience and not self._articles and not self._closed:
                self._changed.wait(patience)
            found = self._first(wanted)
        if found is not None and self._is_awaited and len(self._articles) <= self._most // 2:
            self._is_awaited = False
            self._loop.call_soon_threadsafe(self._has_room.set)
        return found

    def _first(self, wanted: Callable[[OutgoingArticle], bool] | None) -> OutgoingArticle | None:
        if wanted is None:
            return self._articles.popleft() if self._articles else None
        for number, article in enumerate(self._articles):
            if wanted(article):
                del self._articles[number]
                return article
        return None


@dataclass(frozen=True, slots=True)
class Posted:
    """The store's answer: a receipt, or the store's error message."""

    posting: OutgoingArticle
    receipt: Receipt | None
    error: str | None = None
    payload: int = 0
    """How many bytes were posted; the bytes themselves are freed."""
    charged: bool = True
    """Whether the error counts as a try of the article."""
