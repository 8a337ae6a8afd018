"""What a restore does with what its target already has."""

from __future__ import annotations

from enum import StrEnum

from usenetsync_tui.model.value_object import value_object


class Overwrite(StrEnum):
    """When a restore replaces an existing file or symlink that differs from the version's."""

    ALWAYS = "always"
    """Whatever its times are; its bytes are compared."""
    IF_CHANGED = "if-changed"
    """If its size, time, mode or owner is another one; its bytes are not compared otherwise."""
    IF_NEWER = "if-newer"
    """If the version's is newer."""
    NEVER = "never"

    @property
    def clears(self) -> bool:
        """Whether a directory may give way to a file, or a file to a directory."""
        return self in (Overwrite.ALWAYS, Overwrite.IF_CHANGED)


@value_object
class RestoreChoices:
    """The choices for one restore."""

    exclude: tuple[bytes, ...] = ()
    """Patterns in gitignore's syntax: what matches is neither restored nor deleted."""
    overwrite: Overwrite = Overwrite.ALWAYS
    delete: bool = False
    """Delete what the version does not have, in the restored part."""
    numeric_ids: bool = False
    """Owners get their numbers in the version, not those that their names have here."""
