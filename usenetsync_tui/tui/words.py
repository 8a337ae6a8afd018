"""Numbers and states as the screen words them.

Pure functions. Every state is a glyph and a word, so nothing depends on colour.
"""

from __future__ import annotations

import humanize

from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports import FileView
from usenetsync_tui.model.status import EngineState
from usenetsync_tui.tui.inks import Ink

NOTHING = "–"

JOB_STATES: dict[JobState, tuple[str, Ink]] = {
    JobState.QUEUED: ("· queued", "muted"),
    JobState.RUNNING: ("▲ running", "busy"),
    JobState.PAUSED: ("‖ paused", "warn"),
    JobState.COMPLETED: ("✓ done", "good"),
    JobState.INCOMPLETE: ("! incomplete", "warn"),
    JobState.FAILED: ("! failed", "bad"),
    JobState.CANCELLED: ("x cancelled", "muted"),
}

ENGINE_STATES: dict[EngineState, tuple[str, Ink]] = {
    EngineState.STARTING: ("… starting", "busy"),
    EngineState.IDLE: ("· idle", "muted"),
    EngineState.RUNNING: ("▲ running", "busy"),
    EngineState.PAUSED: ("‖ paused", "warn"),
    EngineState.DRAINING: ("… draining", "warn"),
    EngineState.STOPPED: ("· stopped", "muted"),
    EngineState.FAILED: ("! failed", "bad"),
}

FILE_STATES: dict[FileView, tuple[str, Ink]] = {
    FileView.QUEUED: ("· queued", "muted"),
    FileView.POSTING: ("▲ posting", "busy"),
    FileView.DONE: ("✓ done", "good"),
    FileView.FAILED: ("! failed", "bad"),
}

NOTICE_WORDS: dict[NoticeKind, str] = {
    NoticeKind.SKIPPED: "skipped",
    NoticeKind.UNREADABLE: "unreadable",
    NoticeKind.VANISHED: "vanished",
    NoticeKind.CHANGED: "changed while read",
    NoticeKind.UNPOSTED: "not posted",
    NoticeKind.MISSING: "missing",
    NoticeKind.DAMAGED: "damaged",
    NoticeKind.UNWRITABLE: "unwritable",
}


def size(count: float) -> str:
    """Bytes in decimal units: ``84.2 MB``."""
    return humanize.naturalsize(count).replace("Bytes", "B").replace("Byte", "B")


def rate(per_second: float) -> str:
    """Bytes per second."""
    return f"{size(per_second)}/s"


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


def plural(count: int, noun: str) -> str:
    """``1 file``, ``1,200 files``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def bar(fraction: float, width: int) -> tuple[str, str]:
    """A thin bar of `width` cells, as its full and its empty part."""
    halves = int(min(1.0, max(0.0, fraction)) * width * 2)
    drawn = "━" * (halves // 2) + "╸" * (halves % 2)
    return drawn, "─" * (width - len(drawn))
