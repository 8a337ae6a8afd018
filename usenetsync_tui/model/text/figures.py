"""Every figure as text for people, the same for the command, the engine and the screen.

Pure functions. Knows how to write a count, a size, a rate, a time and a percentage; refuses to
know where they are shown, and what they count. States are in `words`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import humanize

NOTHING = "–"
"""The text for a figure that is not known."""
_MOST_RANGES = 20
_EIGHTHS = "▁▂▃▄▅▆▇█"
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def size(count: float) -> str:
    """Bytes in decimal units, three digits, at most seven cells: ``84.2 MB``, ``1.02 TB``."""
    value, step = max(0.0, count), 0
    while value >= 999.5 and step < len(_UNITS) - 1:
        value, step = value / 1000, step + 1
    if not step:
        return f"{value:.0f} B"
    return f"{value:.{_decimals(value)}f} {_UNITS[step]}"


def _decimals(value: float) -> int:
    # The bounds are where rounding would add a digit.
    return 2 if value < 9.995 else 1 if value < 99.95 else 0


def count(number: float) -> str:
    """A count where its last digits are noise: exact to 9,999, then ``12.3k``, ``1.24M``."""
    if number < 9_999.5:
        return f"{number:,.0f}"
    value, unit = (number / 1000, "k") if number < 999_500 else (number / 1_000_000, "M")
    return f"{value:,.{_decimals(value)}f}{unit}"


def rate(per_second: float) -> str:
    """Bytes per second: ``84.2 MB/s``."""
    return f"{size(per_second)}/s"


def bits(per_second: float) -> str:
    """Bytes per second in the unit that providers advertise: ``674 Mbit/s``."""
    return f"{size(per_second * 8).replace('B', 'bit')}/s"


def pace(number: float) -> str:
    """Items per second: ``97``, ``1,204``, and ``0.4`` where it is slow."""
    return f"{number:,.0f}" if number >= 9.95 or not number else f"{number:.1f}"


def milliseconds(seconds: float) -> str:
    """A short time: ``0.4 ms``, ``48 ms``, ``1.2 s``."""
    number = seconds * 1000
    if number >= 999.5:
        return f"{seconds:.1f} s"
    return f"{number:.0f} ms" if number >= 9.95 else f"{number:.1f} ms"


def duration(seconds: float | None) -> str:
    """Two units at most: ``5h12m``, ``4m03s``, ``12s``; an en dash while unknown."""
    if seconds is None:
        return NOTHING
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours:02}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def percent(fraction: float) -> str:
    """Whole percents, rounded down: 100% means all of it."""
    return f"{int(fraction * 100)}%"


def exact_percent(part: int, whole: int) -> str:
    """Two decimals, rounded down: ``99.99 %``; ``100 %`` only for all, and for 0 of 0."""
    if part >= whole:
        return "100 %"
    return f"{max(0, part) * 10_000 // whole / 100:.2f} %"


def number(count: int) -> str:
    """A count to its last digit: ``1,234,567``."""
    return humanize.intcomma(count)


def plural(count: int, noun: str, several: str = "") -> str:
    """``1 file``, ``1,200 files``; `several` where the plural is not the noun and an s."""
    return f"{number(count)} {noun if count == 1 else several or noun + 's'}"


def in_ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in few words: ``1, 4…9``; of very many ranges the first and the last."""
    ranges: list[tuple[int, int]] = []
    for each in numbers:
        if ranges and ranges[-1][1] == each - 1:
            ranges[-1] = ranges[-1][0], each
        else:
            ranges.append((each, each))
    words = [f"{a}" if a == b else f"{a}, {b}" if b == a + 1 else f"{a}…{b}" for a, b in ranges]
    if len(words) > _MOST_RANGES:
        words[_MOST_RANGES // 2 : -_MOST_RANGES // 2] = ["…"]
    return ", ".join(words)


def elapsed(seconds: float) -> str:
    """How long something took: ``0.4 s``, ``12s``, ``4m03s``."""
    return duration(seconds) if seconds >= 9.95 else f"{max(0.0, seconds):.1f} s"


def when(moment: datetime) -> str:
    """A moment in local time: ``2026-11-24 16:30:05``."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def when_ns(time_ns: int) -> str:
    """A file's time in local time: ``2026-11-24 16:30``; outside the calendar, Unix seconds."""
    seconds = time_ns // 1_000_000_000
    try:
        return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def columns(values: Sequence[float]) -> str:
    """One cell for each value, scaled from zero to the largest: ``▁▄█``."""
    top = max(values, default=0)
    if top <= 0:
        return "▁" * len(values)
    return "".join(_EIGHTHS[max(0, math.ceil(value / top * 8) - 1)] for value in values)


def bar(fraction: float, width: int) -> tuple[str, str]:
    """A thin bar of `width` cells, as its full and its empty part."""
    halves = int(min(1.0, max(0.0, fraction)) * width * 2)
    drawn = "━" * (halves // 2) + "╸" * (halves % 2)
    return drawn, "─" * (width - len(drawn))
