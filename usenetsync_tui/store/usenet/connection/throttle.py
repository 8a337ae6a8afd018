"""A token bucket: a limit in bytes a second that can change while threads wait.

Knows rates and time. Refuses to know what the bytes are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

CHUNK = 16_384
"""Bytes taken at once when a limit is set."""

_BURST = 0.1
"""Seconds of unused rate that the bucket holds."""

_PATIENCE = 0.25
"""Most seconds between a waiting thread's checks of `wanted`."""


class TokenBucket:
    """At most `rate` bytes a second; 0 is no limit and costs nothing. Thread-safe."""

    def __init__(self, rate: int = 0, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._rate = rate
        self._tokens = 0.0
        self._filled_at = clock()

    @property
    def rate(self) -> int:
        """Bytes a second; 0: unlimited."""
        return self._rate

    def set_rate(self, rate: int) -> None:
        """Change the limit; waiting threads notice at once."""
        with self._changed:
            self._fill()
            self._rate = rate
            self._changed.notify_all()

    def try_take(self, amount: int) -> float:
        """Take `amount` tokens and return 0, or take none and return the seconds to wait.

        A full bucket gives more than it holds; later calls wait until the debt is paid.
        """
        with self._changed:
            return self._try_take(amount)

    def take(self, amount: int, *, wanted: Callable[[], bool]) -> None:
        """Wait for `amount` tokens, or until `wanted` returns false."""
        with self._changed:
            while wait := self._try_take(amount):
                if not wanted():
                    return
                self._changed.wait(min(wait, _PATIENCE))

    def _try_take(self, amount: int) -> float:
        if self._rate == 0:
            return 0.0
        self._fill()
        enough = min(amount, self._capacity)
        if self._tokens < enough:
            return (enough - self._tokens) / self._rate
        self._tokens -= amount
        return 0.0

    @property
    def _capacity(self) -> float:
        return max(float(CHUNK), self._rate * _BURST)

    def _fill(self) -> None:
        now = self._clock()
        earned = (now - self._filled_at) * self._rate
        self._tokens = min(self._capacity, self._tokens + earned)
        self._filled_at = now
