"""Rates and time left, from counters alone: `now` is an argument, so tests need no clock."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_WINDOW = 10.0
_HISTORY = 600


class _Sample(NamedTuple):
    at: float
    bytes: int
    files: int


class RateMeter:
    """Bytes and files a second over the last ten seconds, and those of each second before.

    Time in which nothing moved before the counters move again does not count: a job has its rate
    from its first second on. The caller adds up the counters of successive jobs. They fall only when a restore takes back
    the bytes of a file that it could not finish; that counts as 0 a second.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque()
        self._history: deque[float] = deque(maxlen=_HISTORY)
        self._second: float | None = None
        """When the last value of the history was added."""

    def add(self, now: float, done_bytes: int, done_files: int) -> None:
        """Add a sample of the counters. `now`: monotonic seconds."""
        sample = _Sample(now, done_bytes, done_files)
        if self._has_rested() and sample[1:] != self._samples[-1][1:]:
            self._samples = deque([self._samples[-1]])
        self._samples.append(sample)
        while len(self._samples) > 2 and self._samples[1].at <= now - _WINDOW:
            self._samples.popleft()
        if self._second is None:
            self._second = now
        elif now - self._second >= 1:
            self._history.append(self.bytes_per_second)
            self._second = now

    def _has_rested(self) -> bool:
        return len(self._samples) > 1 and self._samples[0][1:] == self._samples[-1][1:]

    @property
    def bytes_per_second(self) -> float:
        """Mean over the window; 0 before two samples."""
        first, last, took = self._ends()
        return max(0.0, (last.bytes - first.bytes) / took) if took > 0 else 0.0

    @property
    def files_per_second(self) -> float:
        """Mean over the window; 0 before two samples."""
        first, last, took = self._ends()
        return (last.files - first.files) / took if took > 0 else 0.0

    @property
    def history(self) -> tuple[float, ...]:
        """`bytes_per_second` as it was at each second, oldest first."""
        return tuple(self._history)

    def eta(self, elapsed: float, left: int) -> float | None:
        """Seconds for `left` more bytes; None until a job has ten seconds of data."""
        rate = self.bytes_per_second
        return left / rate if rate > 0 and elapsed >= _WINDOW else None

    def _ends(self) -> tuple[_Sample, _Sample, float]:
        if not self._samples:
            nothing = _Sample(0.0, 0, 0)
            return nothing, nothing, 0.0
        first, last = self._samples[0], self._samples[-1]
        return first, last, last.at - first.at
