"""Whether segments that are each correct make up the correct file; they arrive in any order.

There are two ways, as there are two kinds of digests (`codec.digests`). A digest that is made of
those of the segments costs nothing more: `WholeOfSegments`. For a digest of all bytes, the next
segment in order is digested from memory; an early one is read back from the file when it is next,
usually from the page cache: `WholeOfBytes`. Both are thread-safe.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Protocol

from usenetsync_tui.codec.digests import SegmentsDigest
from usenetsync_tui.disk.content import Content

Read = Callable[[int, int], bytes]
"""Takes an offset and a number of bytes, and returns the bytes written there."""


class WholeDigest(Protocol):
    """Puts the segments of one file together."""

    def add(self, index: int, data: bytes, digest: bytes) -> None:
        """Take a segment that the caller has written; `digest` is that of `data`. Blocking."""

    def is_right(self) -> bool:
        """Whether all segments are here and make up the file."""


def whole_digest(content: Content, segment_size: int, read: Read) -> WholeDigest:
    """What puts together a file with this content, whose digest it is to have."""
    if content.kind.is_of_segments:
        return WholeOfSegments(content)
    return WholeOfBytes(content, segment_size, read)


class WholeOfSegments:
    """A file whose digest is made of the digests of its segments."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._lock = Lock()
        self._digest = SegmentsDigest(content.kind.algorithm, content.size, content.segment_size)
        self._next = 0
        self._early: dict[int, bytes] = {}

    def add(self, index: int, data: bytes, digest: bytes) -> None:
        """Take the digest of a segment."""
        with self._lock:
            self._early[index] = digest
            while self._next in self._early:
                self._digest.add(self._early.pop(self._next))
                self._next += 1

    def is_right(self) -> bool:
        """Whether all segments are here and make up the file."""
        with self._lock:
            return self._digest.digest() == self._content.digest


class WholeOfBytes:
    """A file whose digest is that of all its bytes."""

    def __init__(self, content: Content, segment_size: int, read: Read) -> None:
        self._content = content
        self._step = segment_size
        self._read = read
        self._lock = Lock()
        self._digest = content.new()
        self._next = 0
        self._early: set[int] = set()

    def add(self, index: int, data: bytes, digest: bytes) -> None:
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
