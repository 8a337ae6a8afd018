"""The keys of the JSON events about forgetting versions; the README documents them."""

from __future__ import annotations

from usenetsync_tui.cli.output.json_fields import Fields
from usenetsync_tui.model.versions.forgetting import ForgetPreview, FreedInAll, VersionSpace


def space_fields(folder: str, version: VersionSpace) -> Fields:
    """A version that would be forgotten, and what only it needs."""
    return {
        "folder": folder,
        "version": version.version,
        "began": version.started_at,
        "own_bytes": version.own_bytes,
    }


def preview_fields(preview: ForgetPreview) -> Fields:
    """What forgetting versions together would free, and what would stay."""
    return {
        "folder": preview.folder,
        "versions": [each.version for each in preview.versions],
        "freed_bytes": preview.freed_bytes,
        "unread_bytes": preview.unread_bytes,
        "repacked_bytes": preview.repacked_bytes,
        "packed_bytes": preview.packed_bytes,
        "files": preview.files,
    }


def freed_fields(space: FreedInAll) -> Fields:
    """What forgetting versions has freed so far."""
    return {
        "freed_bytes": None if space.unknown else space.freed_bytes,
        "unread_bytes": None if space.unknown else space.unread_bytes,
        "freed_unknown": space.unknown or None,
        "freed": [
            {
                "job": each.job_id,
                "folder": each.folder,
                "began": each.began_at,
                "ended": each.finished_at,
                "versions": each.versions,
                "files": each.files,
                "articles": each.articles,
                "freed_bytes": each.freed_bytes,
                "unread_bytes": each.unread_bytes,
                "disk_before": each.disk_before,
                "disk_after": each.disk_after,
            }
            for each in space.latest
        ],
    }
