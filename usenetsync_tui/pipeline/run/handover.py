"""handover: items on their way from threads to the event loop, which takes them in batches.

Knows waiting, on both sides. Refuses to know what an item is worth. A thread adds an item without
the event loop; the loop wakes once for many of them.

A transaction costs nearly the same for one article as for thirty, so a task that writes to the
catalogue waits a moment for more articles. That delays an article by less than the network does.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Generic, TypeVar

import anyio

from usenetsync_tui.model.value_object import value_object

T = TypeVar("T")


@value_object
class Depth:
    """What the queue monitor shows."""

    current_buffer_used: int
    max_buffer_size: int


class Handover(Generic[T]):
    """A queue with one end in threads, or tasks, and the other on the event loop."""

    def __init__(self, most: int, extra: int = 0) -> None:
        """It is full with `most` items. Those who saw room may still add `extra` in all."""
        self._most = most
        self._capacity = most + extra
        self._waiting: deque[T] = deque()
        self._loop = asyncio.get_running_loop()
        self._arrived = anyio.Event()
        self._room = threading.Condition()
        self._has_room = anyio.Event()
        self._wakes = False
        """Whether the event loop is about to wake, or awake."""
        self._enough = 1
        """How many must wait before the event loop wakes."""
        self._closed = False

    # From any thread

    def put(self, items: Sequence[T]) -> None:
        """Add items, which stay in this order. It takes them although it is full."""
        self._waiting.extend(items)
        if not self._wakes and len(self._waiting) >= self._enough:
            self._wakes = True
            self._loop.call_soon_threadsafe(self._wake)

    @property
    def is_full(self) -> bool:
        """Whether nobody may bring more."""
        return len(self._waiting) >= self._most

    def wait_for_room(self, until: float) -> bool:
        """In a thread: wait while it is full, but not beyond `until` (`time.monotonic`).

        Returns whether it has room.
        """
        if not self.is_full:
            return True
        with self._room:
            self._room.wait_for(
                lambda: len(self._waiting) <= self._most // 2, until - time.monotonic()
            )
        return not self.is_full

    # On the event loop

    async def room(self) -> None:
        """Wait while it is full."""
        while self.is_full:
            if self._has_room.is_set():
                self._has_room = anyio.Event()
            await self._has_room.wait()

    def close(self) -> None:
        """Nothing more will come."""
        self._closed = True
        self._arrived.set()

    def statistics(self) -> Depth:
        """How many wait; a few more than fit count as full."""
        return Depth(min(len(self._waiting), self._capacity), self._capacity)

    async def take(self) -> T:
        """The next item, for one of several tasks. `EndOfStream` after the last."""
        while not self._waiting:
            if self._closed:
                raise anyio.EndOfStream
            await self._wait_for(1)
        return self._taken(1)[0]

    async def batches(
        self, most: int, patience: float, enough: int | None = None
    ) -> AsyncIterator[list[T]]:
        """What has come, up to `most` at a time, until `close`.

        Before each batch, waits `patience` seconds for more while there are fewer than `enough`
        (`most` by default), if it has room for them.
        """
        enough = min(most if enough is None else enough, most, self._most)
        while not self._closed or self._waiting:
            await self._wait_for(1)
            if len(self._waiting) < enough:
                with anyio.move_on_after(patience):
                    await self._wait_for(enough)
            if self._waiting:
                yield self._taken(min(most, len(self._waiting)))

    async def _wait_for(self, count: int) -> None:
        """Wait until so many items wait, or no more will come."""
        self._enough = count
        try:
            while len(self._waiting) < count and not self._closed:
                self._arrived = anyio.Event() if self._arrived.is_set() else self._arrived
                self._wakes = False
                if len(self._waiting) < count:  # still, now that a new item wakes the loop
                    await self._arrived.wait()
        finally:
            self._enough = 1

    def _wake(self) -> None:
        self._arrived.set()

    def _taken(self, count: int) -> list[T]:
        items = [self._waiting.popleft() for _ in range(count)]
        if len(self._waiting) <= self._most // 2:
            with self._room:
                self._room.notify_all()
            self._has_room.set()
        return items
