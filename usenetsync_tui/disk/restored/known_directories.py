"""The directories with long paths that a restore has seen in its target, eight bytes each.

Knows digests of the last million paths. Refuses to know the disk: a known directory may be gone,
so the caller checks. Thread-safe.
"""

from __future__ import annotations

from threading import Lock

import xxhash

from usenetsync_tui.disk.restored.names import DigestSet
from usenetsync_tui.model.path_keys import KEY_HEAD

KNOWN = 1_000_000
"""Most directories to remember; then the set is emptied."""


class KnownDirectories:
    """A set of directory paths, each with a slash at its end, longer than `KEY_HEAD` bytes.

    Directories above a known one are known too, if their paths are longer than that.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._digests = DigestSet()

    def add(self, path: bytes) -> None:
        """Remember a directory: it exists, each component spelled as in the version."""
        digest = xxhash.xxh3_64_intdigest(path)
        with self._lock:
            if len(self._digests) >= KNOWN:
                self._digests = DigestSet()
            self._digests.add(digest)

    def has(self, path: bytes, size: int) -> bool:
        """Whether the first `size` bytes of a path are a known directory."""
        digest = xxhash.xxh3_64_intdigest(memoryview(path)[:size])
        with self._lock:
            return digest in self._digests

    def above(self, path: bytes) -> bytes:
        """The deepest known directory that contains a path, by bisection; ``b""`` if none does."""
        known, low, high = 0, path.rfind(b"/", 0, KEY_HEAD) + 1, len(path)
        while low < (cut := _middle(path, low, high)) < high:
            if self.has(path, cut):
                known = low = cut
            else:
                high = cut
        return path[:known]


def _middle(path: bytes, low: int, high: int) -> int:
    """The offset after a slash about half way between two such offsets; one of them if none is."""
    middle = (low + high) // 2
    cut = path.rfind(b"/", low, middle) + 1
    return cut or path.find(b"/", middle, high) + 1
