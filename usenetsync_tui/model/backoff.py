"""How long to wait before another try, and how often there is one: for all that is tried again.

A `Backoff` is a schedule and nothing else. The caller announces the wait (`model.waiting`), sleeps
and counts the failures, so a schedule needs neither a clock nor an event loop. Schedules are not
random: one program waits here, not a thousand clients of one server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf

Backoff = Callable[[int], float]
"""Seconds to wait after the n-th failure in a row, from 1."""


def growing(first: float, *, factor: float = 2.0, longest: float = inf) -> Backoff:
    """`first` seconds, then `factor` times as long each time, up to `longest`."""

    def seconds(failures: int) -> float:
        try:
            return min(longest, first * factor ** (failures - 1))
        except OverflowError:
            return longest

    return seconds


def steps(seconds: Sequence[float]) -> Backoff:
    """One after the other, the last one for ever."""
    return lambda failures: seconds[min(failures, len(seconds)) - 1]


def pauses(tries: int, backoff: Backoff) -> Iterator[float | None]:
    """For each try the seconds to wait when it fails; None for the last: that failure stays."""
    for failures in range(1, tries):
        yield backoff(failures)
    yield None
