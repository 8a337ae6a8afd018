"""The versions that a root lists, in the form in which the catalogue has them."""

from __future__ import annotations

from datetime import UTC, datetime

from usenetsync_tui.model.folders import Snapshot, SnapshotState
from usenetsync_tui.model.index.roots import IndexRoot, VersionLine

_MICROSECONDS = 1_000_000


def found_versions(root: IndexRoot) -> list[Snapshot]:
    """All versions that a root lists, the newest last."""
    return [_snapshot(line) for line in (*root.older, root.current)]


def _snapshot(line: VersionLine) -> Snapshot:
    return Snapshot(
        folder_id=0,
        version=line.version,
        state=SnapshotState(line.state),
        started_at=time_of(line.started_us),
        finished_at=time_of(line.finished_us),
        files=line.files,
        directories=line.directories,
        symlinks=line.symlinks,
        size=line.size,
        added=line.added,
        modified=line.modified,
        removed=line.removed,
        stored_size=line.stored_size,
        errors=line.errors,
        indexed=True,
    )


def time_of(microseconds: int) -> datetime:
    """The local time of microseconds since 1970; the last that there is for an impossible one."""
    try:
        return datetime.fromtimestamp(microseconds / _MICROSECONDS, UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)
