"""How a path changes from one version to another."""

from __future__ import annotations

from enum import StrEnum

from usenetsync_tui.model.filters import Rule
from usenetsync_tui.model.value_object import value_object


class Change(StrEnum):
    """How a path changed between two versions."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"
    EXCLUDED = "excluded"
    """Removed because a filter leaves it out now."""


class ChangeKind(StrEnum):
    """In what a path that two versions have differs."""

    TYPE = "type"
    """A file became a directory or a symlink, for example. Then no other kind is listed."""
    CONTENT = "content"
    UNCERTAIN = "content?"
    """The sizes are equal, and the digests cannot be compared: another algorithm or segment size
    made them, or one of the two was never read."""
    TARGET = "target"
    """Where a symlink points, or the number of a device."""
    MODE = "mode"
    OWNER = "owner"
    """Owner or group; not where a version does not say who that was."""
    ATTRIBUTES = "attributes"
    """Extended attributes: ACLs and file capabilities among them."""
    TIME = "time"
    """The time of the last change; a directory that differs in that alone is not listed."""


@value_object
class ChangeRow:
    """One path that differs between two versions. Sizes are bytes; None if it is not in one."""

    path: bytes
    """As the older version has it, if it does: a file that became a directory has no slash."""
    kind: int
    """In the newer version; of a removed path, in the older one."""
    change: Change
    old_size: int | None
    new_size: int | None
    kinds: tuple[ChangeKind, ...] = ()
    """In what a modified path differs."""
    old_kind: int | None = None
    """In the older version; None: it does not have the path."""
    rule: Rule | None = None
    """What leaves it out, if it is excluded."""
