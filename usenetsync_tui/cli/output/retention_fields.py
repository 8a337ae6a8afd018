"""The keys of the JSON events about forgetting versions; the README documents them."""

from __future__ import annotations

from usenetsync_tui.cli.output.json_fields import Fields
from usenetsync_tui.model.forgetting import ForgetPreview, VersionSpace


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
        "packed_bytes": preview.packed_bytes,
        "files": preview.files,
    }
