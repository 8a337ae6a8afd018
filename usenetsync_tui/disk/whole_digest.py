"""The digest of a whole file whose segments arrive in any order.

The next segment in order is digested from memory; an early one is read back from the file when it
is next, usually from the page cache. So a file costs one digest, and no second pass over the
disk. Thread-safe.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from usenetsync_tui.disk.content import Content


class WholeDigest:
    """Tells whether segments that are each correct make up the correct file."""

    def __init__(
        self, content: Content, segment_size: int, read: Callable[[int, int], bytes]
    ) -> None:
        """`read` takes an offset and a number of bytes, and returns the bytes written there."""
        self._content = content
        self._step = segment_size
        self._read = read
        self._lock = Lock()
        self._digest = content.new()
        self._next = 0
        self._early: set[int] = set()

    def add(self, index: int, data: bytes) -> None:
        """Digest a segment that the caller has written. Blocking."""
        with self._lock:
            if index != self._next:
                self._early.add(index)
                return
            self._take(data)
            while self._next in self._early:
                self._early.remove(self._next)
                self._take(self._read(self._next * self._step, self._step))

    def _take(self, data: bytes) -> None:
        self._digest.update(data)
        self._next += 1

    def is_right(self) -> bool:
        """Whether all segments are here and make up the file."""
        with self._lock:
            whole = self._next * self._step >= self._content.size
            return whole and self._digest.digest() == self._content.digest
