"""Slots: places of one size in memory that several processes share.

Knows which slots are free. Refuses to know what is in them. The memory has no name, and the kernel
frees it when no process has it any more.

A slot is taken when a process is asked to fill it, and free again when nobody has the `view` of
its bytes any more. So what is to be sent cannot change.
"""

from __future__ import annotations

import mmap
import os
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Condition

_PAGE = mmap.PAGESIZE


def slot_size(payload: int) -> int:
    """Bytes of a slot for a payload in yEnc: random bytes take a thirtieth more; whole pages."""
    size = payload + payload // 24 + _PAGE
    return -(-size // _PAGE) * _PAGE


class SliceMemory:
    """Memory for so many bytes: `model.segments.SharedMemory`. Raises OSError.

    It takes memory where it was used.
    """

    def __init__(self, size: int) -> None:
        self.descriptor = os.memfd_create("usenetsync slices")
        self.when_gone(partial(os.close, self.descriptor))
        os.ftruncate(self.descriptor, size)
        self.bytes = mmap.mmap(self.descriptor, size)

    def when_gone(self, call: Callable[[], None]) -> None:
        """Call this, in any thread, when nobody holds the memory any more."""
        weakref.finalize(self, call).atexit = False


class _Free:
    """The slots that are free."""

    def __init__(self, count: int) -> None:
        self.slots = deque(range(count))
        # Its lock is reentrant: a view may be found to be gone at any moment, in any thread.
        self._given = Condition()
        self._wanted = 0
        """How many threads wait for some."""

    def take(self, count: int, patience: float) -> list[int] | None:
        taken = self._take(count)
        if taken is not None or not patience:
            return taken
        with self._given:
            self._wanted += 1
            try:
                until = time.monotonic() + patience
                while (taken := self._take(count)) is None:
                    if not self._given.wait(until - time.monotonic()):
                        return None
            finally:
                self._wanted -= 1
        return taken

    def _take(self, count: int) -> list[int] | None:
        taken: list[int] = []
        with suppress(IndexError):  # another thread may be quicker
            while len(taken) < count:
                taken.append(self.slots.pop())  # the last one used: its memory is there
            return taken
        self.slots.extend(taken)
        return None

    def give(self, slot: int, _: object = None) -> None:
        self.slots.append(slot)
        if self._wanted:
            with self._given:
                self._given.notify_all()


class Slots:
    """The slots of one run."""

    def __init__(self, count: int, size: int) -> None:
        """`size` in bytes, whole pages. Raises OSError."""
        self.size = size
        self.memory = SliceMemory(count * size)
        self._free = _Free(count)
        self._views: list[weakref.ref[memoryview] | None] = [None] * count

    def take(self, count: int, patience: float = 0.0) -> list[int] | None:
        """The numbers of some slots, all or none, after `patience` seconds at most.

        From any thread.
        """
        return self._free.take(count, patience)

    def give(self, slot: int) -> None:
        """Free a slot that nobody has a view of. From any thread."""
        self._free.give(slot)

    def offset(self, slot: int) -> int:
        """Where a slot begins in the memory."""
        return slot * self.size

    def view(self, slot: int, size: int) -> memoryview:
        """The first bytes of a slot that was taken; it is free when the view is gone.

        Keep the view itself while a part of it is in use.
        """
        begin = self.offset(slot)
        view = memoryview(self.memory.bytes)[begin : begin + size]
        # A plain reference: `finalize` takes five times as long, and this is for each article.
        self._views[slot] = weakref.ref(view, partial(self._free.give, slot))
        return view
