"""What the user says about versions: tags, and protection."""

from __future__ import annotations

from usenetsync_tui.model.value_object import value_object


@value_object
class MarkedVersion:
    """A version with what the user says about it."""

    version: int
    tags: tuple[str, ...]
    protected: bool


@value_object
class MarkedVersions:
    """Versions of a folder after a change of their tags or protection."""

    folder: str
    """Its name."""
    versions: tuple[MarkedVersion, ...]
