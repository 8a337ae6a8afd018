"""Which directories with long paths were seen in a restore's target, eight bytes each.

Knows digests of paths, of the last million of them. Refuses to know the disk: what is known may
be gone by now, so a caller that goes there checks. Thread-safe.
"""

from __future__ import annotations

from threading import Lock

import xxhash

from usenetsync_tui.disk.restored.names import DigestSet
from usenetsync_tui.model.path_keys import KEY_HEAD

KNOWN = 1_000_000
"""Directories that are remembered at most; then it begins again with none."""


class KnownWays:
    """A set of directory paths, each with a slash behind, longer than `KEY_HEAD` bytes.

    Those above a known one, as far as they are longer than that, are known too.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._digests = DigestSet()

    def add(self, path: bytes) -> None:
        """It is there, every component spelled as the version says."""
        digest = xxhash.xxh3_64_intdigest(path)
        with self._lock:
            if len(self._digests) >= KNOWN:
                self._digests = DigestSet()
            self._digests.add(digest)

    def has(self, path: bytes, size: int) -> bool:
        """Whether the first so many bytes of a path are one of them."""
        digest = xxhash.xxh3_64_intdigest(memoryview(path)[:size])
        with self._lock:
            return digest in self._digests

    def above(self, path: bytes) -> bytes:
        """The deepest of them that a path lies in, found by halving; ``b""`` if in none."""
        known, low, high = 0, path.rfind(b"/", 0, KEY_HEAD) + 1, len(path)
        while low < (cut := _middle(path, low, high)) < high:
            if self.has(path, cut):
                known = low = cut
            else:
                high = cut
        return path[:known]


def _middle(path: bytes, low: int, high: int) -> int:
    """A place behind a slash about half way between two such places; one of them if none is."""
    middle = (low + high) // 2
    cut = path.rfind(b"/", low, middle) + 1
    return cut or path.find(b"/", middle, high) + 1
