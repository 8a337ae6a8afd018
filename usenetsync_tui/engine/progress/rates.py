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
    """Bytes and files a second over the last ten seconds, and a sample a second of history.

    The first ten seconds divide by the time that has passed. A sample of the history is the rate of
    that moment, so that a graph of them and a figure beside it agree.

    The caller adds up the counters of successive jobs. They fall only when a restore takes back
    the bytes of a file that it could not finish; that counts as 0 a second.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque()
        self._history: deque[float] = deque(maxlen=_HISTORY)
        self._second: _Sample | None = None

    def rest(self) -> None:
        """Nothing runs: the time until the next sample counts for no rate."""
        self._samples.clear()
        self._second = None

    def add(self, now: float, done_bytes: int, done_files: int) -> None:
        """Add a sample of the counters. `now`: monotonic seconds."""
        sample = _Sample(now, done_bytes, done_files)
        self._samples.append(sample)
        while len(self._samples) > 2 and self._samples[1].at <= now - _WINDOW:
            self._samples.popleft()
        if self._second is None:
            self._second = sample
        elif now - self._second.at >= 1:
            self._history.append(self.bytes_per_second)
            self._second = sample

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
        """Bytes per second, a value a second, oldest first."""
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
