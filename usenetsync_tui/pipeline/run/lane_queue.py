"""lane_queue: items on their way from the event loop to the lanes' threads.

Knows waiting, on both sides. Refuses to know what an item is worth. A thread takes an item without
the event loop, which is woken once for many of them: when the queue has room for the next batch.
What the lanes have to say comes back by a `handover`.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import anyio

from usenetsync_tui.pipeline.run.handover import Depth

T = TypeVar("T")


class LaneQueue(Generic[T]):
    """Items on their way to the lanes, in order; at most about `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._filled = anyio.Event()
        self._has_room = anyio.Event()
        self._is_awaited = False
        """Whether a task waits for room."""

    # On the event loop

    async def put(self, items: Iterable[T]) -> None:
        """Add items; waits while the queue is full."""
        rest = deque(items)
        while rest:
            room = self._most - len(self._items)
            if room <= 0:
                await self._wait_for_room()
                continue
            more = [rest.popleft() for _ in range(min(room, len(rest)))]
            with self._changed:
                self._items.extend(more)
                self._changed.notify(len(more))
            self._filled.set()

    async def _wait_for_room(self) -> None:
        if self._has_room.is_set():
            self._has_room = anyio.Event()
        self._is_awaited = True
        if len(self._items) >= self._most:  # no thread made room meanwhile
            await self._has_room.wait()
        self._is_awaited = False

    async def filled(self) -> bool:
        """Wait until the queue holds an item; False when none will come any more."""
        while not self._items:
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
        return Depth(len(self._items), self._most)

    # From any thread

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take now."""
        return not self._items

    def empty(self) -> list[T]:
        """Take everything out."""
        with self._changed:
            every = list(self._items)
            self._items.clear()
        self._tell_of_room()
        return every

    def take(self, wanted: Callable[[T], bool] | None, patience: float) -> T | None:
        """The first item that is `wanted`; waits up to `patience` seconds while it is empty."""
        with self._changed:
            if patience and not self._items and not self._closed:
                self._changed.wait(patience)
            found = self._first(wanted)
        if found is not None:
            self._tell_of_room()
        return found

    def _tell_of_room(self) -> None:
        if self._is_awaited and len(self._items) <= self._most // 2:
            self._is_awaited = False
            self._loop.call_soon_threadsafe(self._has_room.set)

    def _first(self, wanted: Callable[[T], bool] | None) -> T | None:
        if wanted is None:
            return self._items.popleft() if self._items else None
        for number, item in enumerate(self._items):
            if wanted(item):
                del self._items[number]
                return item
        return None
