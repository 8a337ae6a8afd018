"""Every state and kind in words for people, the same for the command and the screen.

Refuses to know where they are shown. Every state is a glyph and a word, so that nothing depends
on colour. Figures are in `figures`.
"""

from __future__ import annotations

from usenetsync_tui.model.entries import FileKind, NoticeKind
from usenetsync_tui.model.folders import Snapshot, SnapshotState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.lists.files import FileView
from usenetsync_tui.model.restores.plans import Fate
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.changes import Change

JOB_WORDS: dict[JobState, str] = {
    JobState.QUEUED: "· queued",
    JobState.RUNNING: "▲ running",
    JobState.PAUSED: "‖ paused",
    JobState.COMPLETED: "✓ done",
    JobState.INCOMPLETE: "! incomplete",
    JobState.FAILED: "! failed",
    JobState.CANCELLED: "x cancelled",
}

FILE_WORDS: dict[FileView, str] = {
    FileView.QUEUED: "· queued",
    FileView.POSTING: "▲ posting",
    FileView.DONE: "✓ done",
    FileView.FAILED: "! failed",
}

SNAPSHOT_WORDS: dict[SnapshotState, str] = {
    SnapshotState.BUILDING: "… unfinished",
    SnapshotState.COMPLETE: "✓ complete",
    SnapshotState.INCOMPLETE: "! incomplete",
}

NOT_INDEXED = "no index in the store"
"""Of a finished version that the recovery string does not bring back yet."""


def marks_in_words(snapshot: Snapshot) -> str:
    """What the user says about a version: ``protected, release``; safe to show."""
    tags = map(safe_name, snapshot.tags)
    return ", ".join([*(["protected"] if snapshot.protected else []), *tags])


KIND_WORDS: dict[FileKind, str] = {
    FileKind.REGULAR: "file",
    FileKind.DIRECTORY: "directory",
    FileKind.SYMLINK: "symlink",
    FileKind.FIFO: "FIFO",
    FileKind.SOCKET: "socket",
    FileKind.CHARACTER_DEVICE: "character device",
    FileKind.BLOCK_DEVICE: "block device",
}

CHANGE_WORDS: dict[Change, str] = {
    Change.ADDED: "+ added",
    Change.MODIFIED: "~ modified",
    Change.REMOVED: "- removed",
    Change.EXCLUDED: "x excluded",
}

FATE_WORDS: dict[Fate, str] = {
    Fate.FAIL: "! fail",
    Fate.DELETE: "- delete",
    Fate.OVERWRITE: "~ overwrite",
    Fate.CREATE: "+ create",
    Fate.KEEP: "= keep",
}
FATE_SUMS: dict[Fate, str] = {
    Fate.FAIL: "cannot be restored",
    Fate.DELETE: "to delete",
    Fate.OVERWRITE: "to overwrite",
    Fate.CREATE: "to create",
    Fate.KEEP: "to keep",
}
"""After a number of paths."""

NOTICE_WORDS: dict[NoticeKind, str] = {
    NoticeKind.SKIPPED: "skipped",
    NoticeKind.UNREADABLE: "unreadable",
    NoticeKind.VANISHED: "vanished",
    NoticeKind.CHANGED: "changed while read",
    NoticeKind.UNPOSTED: "not posted",
    NoticeKind.MISSING: "missing",
    NoticeKind.DAMAGED: "damaged",
    NoticeKind.UNWRITABLE: "unwritable",
    NoticeKind.LEFT_OUT: "left out",
    NoticeKind.UNKNOWN: "not verified",
    NoticeKind.GUARDED: "not updated",
    NoticeKind.ATTRIBUTES: "restored, but",
    NoticeKind.NOTED: "noted",
}
