"""How a path changes from one version to another."""

from __future__ import annotations

from enum import StrEnum


class Change(StrEnum):
    """How a path changed between two versions."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"
    EXCLUDED = "excluded"
    """Removed because a filter leaves it out now."""
