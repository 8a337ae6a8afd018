"""A restore with a recovery string in words: what was found, and how far it is."""

from __future__ import annotations

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.status.recovery import StringRestoreStatus, StringVersions
from usenetsync_tui.model.text.figures import duration, percent, plural, rate, size
from usenetsync_tui.model.text.safe_name import safe_name

_NAME = 30


def found_words(found: StringVersions) -> str:
    """``photos: 12 versions.``, and why there may be a newer one."""
    name = cut_middle(safe_name(found.folder), _NAME)
    words = f"{name}: {plural(len(found.versions), 'version')}"
    return f"{words}. {safe_name(found.doubt)}" if found.doubt else f"{words}."


def progress_words(now: StringRestoreStatus) -> str:
    """``photos version 3: 41%  84.2 MB/s  ETA 3m  12 of 30 files, 8.10 GB of 19.8 GB``."""
    if now.version is None:
        return "Searching the store…"
    name = f"{cut_middle(safe_name(now.folder), _NAME)} version {now.version}"
    job = now.job
    if job is None:
        if not now.total_bytes:
            return f"{name}: preparing its database…"
        return f"{name}: loading its index, {percent(min(1.0, now.done_bytes / now.total_bytes))}"
    done = job.done_bytes / job.total_bytes if job.total_bytes else 0.0
    return (
        f"{name}: {percent(min(1.0, done))}  {rate(job.bytes_per_second)}  "
        f"ETA {duration(job.eta)}  {job.done_files:,} of {plural(job.total_files, 'file')}, "
        f"{size(job.done_bytes)} of {size(job.total_bytes)}"
    )
