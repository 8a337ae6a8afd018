"""The parts that the lines of every long list share. Pure functions."""

from __future__ import annotations

import time
from datetime import datetime

from usenetsync_tui.model.text.figures import NOTHING
from usenetsync_tui.tui.kit.inks import Line, Span

MARK = 2
"""Cells before a row: the cursor and the mark."""


def mark(*, cursor: bool, marked: bool = False) -> tuple[Span, Span]:
    """The two cells before a row."""
    return (">" if cursor else " ", "accent"), ("●" if marked else " ", "accent")


def waiting_line() -> Line:
    """The line of a row that is not loaded yet."""
    return ((" " * MARK, "plain"), ("…", "muted"))


def gone_line() -> Line:
    """The line of a row that has left the list since the list was counted."""
    return ((" " * MARK, "plain"), (NOTHING, "muted"))


def position(number: int, count: int, *, exact: bool) -> str:
    """The cursor's position in words: ``row 1,235 / 9,012 · 13%``; empty for an empty list."""
    if not count:
        return ""
    total = f"{count:,}" if exact else f"{count:,}+"
    share = f" · {100 * (number + 1) // count}%" if exact else ""
    return f"row {number + 1:,} / {total}{share}"


def minute(at: datetime | None) -> str:
    """Local date and time to the minute, 16 cells; an en dash for None."""
    return NOTHING if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


def minute_of(seconds: int) -> str:
    """The same for seconds since the epoch; an en dash outside the years 1000 to 9999."""
    try:
        at = time.localtime(seconds)
    except (OverflowError, OSError, ValueError):
        return NOTHING
    return time.strftime("%Y-%m-%d %H:%M", at) if 1000 <= at.tm_year <= 9999 else NOTHING
