"""Versions in words: as dialogs and panes name them, and as a user types them."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.model.folders import Snapshot, SnapshotState
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.text.figures import plural, size


def finished(versions: Sequence[Snapshot]) -> tuple[Snapshot, ...]:
    """The versions that can be restored, newest first."""
    done = (v for v in versions if not is_unfinished(v))
    return tuple(sorted(done, key=lambda v: v.version, reverse=True))


def is_unfinished(snapshot: Snapshot) -> bool:
    """Whether an upload is building it, or was interrupted before it finished."""
    return snapshot.state is SnapshotState.BUILDING


def version_name(version: int, *, unfinished: bool) -> str:
    """``version 13`` or ``version 13 (unfinished)``."""
    return f"version {version} (unfinished)" if unfinished else f"version {version}"


def version_words(snapshot: Snapshot) -> str:
    """``2026-11-24 16:30 · 412 files · 84.2 GB``, in local time."""
    when = (snapshot.finished_at or snapshot.started_at).astimezone()
    words = f"{when:%Y-%m-%d %H:%M} · {plural(snapshot.files, 'file')} · {size(snapshot.size)}"
    return words + (" · incomplete" if snapshot.state is SnapshotState.INCOMPLETE else "")


def version_typed(text: str, versions: Sequence[Snapshot]) -> Snapshot | str:
    """The version of a typed number, or a sentence on what is wrong. `versions` are finished."""
    typed = text.strip()
    if not versions:
        return "There is no finished version yet."
    found = next((v for v in versions if str(v.version) == typed), None)
    if found is not None:
        return found
    known = ", ".join(str(v.version) for v in versions[:8])
    return f"The folder has no such version. Versions: {known}{', …' if len(versions) > 8 else ''}."


def version_shown(folder: FolderStatus | None) -> tuple[int | None, bool]:
    """The version whose files the screen lists, and whether it is unfinished.

    While an upload builds a version, that one; otherwise the newest finished version.
    """
    if folder is None:
        return None, False
    job, latest = folder.backup, folder.latest
    newest = latest.version if latest is not None else 0
    building = job.version if job is not None else None
    if building is None or (job is not None and job.state.is_over and latest is not None):
        return newest or None, False
    return building, building > newest


def is_being_built(version: int, folder: FolderStatus | None) -> bool:
    """Whether the open or latest upload of a folder builds a version that is not finished."""
    if folder is None or folder.backup is None or folder.backup.version != version:
        return False
    return folder.latest is None or folder.latest.version < version
