"""The keys of the JSON events of `diff`, `find`, `history` and `stats`; as in `json_fields`."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.cli.output.json_fields import Fields
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.model.text.words import KIND_WORDS
from usenetsync_tui.model.versions.changes import ChangeRow
from usenetsync_tui.model.versions.history import FoundFile, PastState, StoredBytes, VersionCost


def _kind(kind: int | None) -> str | None:
    return None if kind is None else KIND_WORDS[FileKind(kind)]


def change_fields(row: ChangeRow) -> Fields:
    """A path that differs between two versions."""
    return {
        "path": row.path,
        "kind": _kind(row.kind),
        "old_kind": _kind(row.old_kind),
        "change": row.change,
        "differs_in": [kind.value for kind in row.kinds],
        "old_bytes": row.old_size,
        "bytes": row.new_size,
        "rule": None if row.rule is None else row.rule.text,
        "rule_place": None if row.rule is None else row.rule.place,
    }


def found_fields(row: FoundFile) -> Fields:
    """A path that was found, as the last version that has it describes it."""
    return {
        "folder": row.folder,
        "path": row.path,
        "kind": _kind(row.kind),
        "bytes": row.size,
        "mtime_ns": row.mtime_ns,
        "first_version": row.first,
        "last_version": row.last,
        "versions": [list(run) for run in row.versions],
        "states": row.states,
        "gone": row.is_gone,
    }


def past_fields(folder: str, row: PastState) -> Fields:
    """A version in which one path changed."""
    return {
        "folder": folder,
        "path": row.path,
        "version": row.version,
        "last_version": row.last_version,
        "ended": row.finished_at,
        "change": row.change,
        "differs_in": [kind.value for kind in row.kinds],
        "kind": _kind(row.kind),
        "bytes": row.size,
        "mtime_ns": row.mtime_ns,
        "mode": None if row.mode is None else f"{row.mode:04o}",
        "reason": row.reason,
        "rule": None if row.rule is None else row.rule.text,
        "rule_place": None if row.rule is None else row.rule.place,
    }


def cost_fields(folder: str, row: VersionCost) -> Fields:
    """What a version has and what it cost."""
    return {
        "folder": folder,
        "version": row.version,
        "ended": row.finished_at,
        "files": row.files,
        "bytes": row.size,
        "changed_files": row.changed_files,
        "changed_bytes": row.changed_bytes,
        "posted_bytes": row.posted_bytes,
    }


def stats_fields(
    folder: str | None, newest: Sequence[Snapshot], every: Sequence[Snapshot], stored: StoredBytes
) -> Fields:
    """What one folder has, or all folders (null); `newest` and `every`: finished versions."""
    return {
        "folder": folder,
        "versions": len(every),
        "files": sum(s.files for s in newest),
        "directories": sum(s.directories for s in newest),
        "symlinks": sum(s.symlinks for s in newest),
        "bytes": sum(s.size for s in newest),
        "all_versions_bytes": sum(s.size for s in every),
        "unique_bytes": stored.unique,
        "compressed_bytes": stored.compressed,
        "posted_bytes": stored.posted,
        "index_bytes": stored.index,
    }
