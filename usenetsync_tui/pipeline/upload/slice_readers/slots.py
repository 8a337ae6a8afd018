"""Slots: places of one size in memory that several processes share.

Knows which slots are free. Refuses to know what is in them. The memory has no name, and the kernel
frees it when no process has it any more.

A slot is taken when a process is asked to fill it, and free again when nobody has the `view` of
its bytes any more. So what is to be sent cannot change.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections import deque
from contextlib import suppress

_PAGE = mmap.PAGESIZE


def slot_size(payload: int) -> int:
    """Bytes of a slot for a payload in yEnc: random bytes take a thirtieth more; whole pages."""
    size = payload + payload // 24 + _PAGE
    return -(-size // _PAGE) * _PAGE


class Slots:
    """The slots of one run."""

    def __init__(self, count: int, size: int) -> None:
        """`size` in bytes, whole pages. Raises OSError. A slot takes memory once it was used."""
        self.size = size
        self.descriptor = os.memfd_create("usenetsync slices")
        try:
            os.ftruncate(self.descriptor, count * size)
            self._memory = mmap.mmap(self.descriptor, count * size)
        except BaseException:
            os.close(self.descriptor)
            raise
        self._free = deque(range(count))

    def take(self, count: int) -> list[int] | None:
        """The numbers of some slots, all or none. From any thread."""
        taken: list[int] = []
        with suppress(IndexError):  # another thread may be quicker
            while len(taken) < count:
                taken.append(self._free.pop())  # the last one used: its memory is there
            return taken
        self._free.extend(taken)
        return None

    def give(self, slot: int) -> None:
        """Free a slot that nobody has a view of. From any thread."""
        self._free.append(slot)

    def view(self, slot: int, size: int) -> memoryview:
        """The first bytes of a slot that was taken; it is free when the view is gone.

        Keep the view itself while a part of it is in use.
        """
        view = memoryview(self._memory)[slot * self.size : slot * self.size + size]
        weakref.finalize(view, self._free.append, slot).atexit = False
        return view

    def close(self) -> None:
        """Take no slots any more; the views stay as they are, and the memory with the last one."""
        os.close(self.descriptor)
        del self._memory
