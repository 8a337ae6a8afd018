"""random_bytes: random bytes for the Message-IDs and nonces of a batch of articles."""

from __future__ import annotations

import secrets

_AT_ONCE = 4_096


class RandomBytes:
    """Random bytes of the operating system, of which none is given out twice.

    They are drawn for many articles at once: after each draw a thread waits for Python's lock,
    which takes the planner longer than all its other work on an article. For one thread.
    """

    def __init__(self) -> None:
        self._drawn = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        begin, end = self._at, self._at + size
        if end > len(self._drawn):
            self._drawn = secrets.token_bytes(max(size, _AT_ONCE))
            begin, end = 0, size
        self._at = end
        return self._drawn[begin:end]
