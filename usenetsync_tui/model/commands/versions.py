"""Commands about versions: their marks, what they would bring back, and their NZBs."""

from __future__ import annotations

from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.value_object import value_object


@value_object
class TagVersion:
    """Add these tags to a version, or take them from it."""

    folder_id: int
    version: int
    tags: tuple[str, ...]
    remove: bool = False
    """Take them away; none: all that it has."""


@value_object
class ProtectVersions:
    """Nothing forgets these versions, until that is taken back."""

    folder_id: int
    versions: tuple[int, ...]
    remove: bool = False
    """Take it back."""


@value_object
class ExportNzb:
    """Write the NZB of a version of a `plain` folder into a new file."""

    folder_id: int
    version: int | None
    path: bytes
    """Absolute."""
    each_subfolder: bool = False
    """Write one for each subfolder instead, into the directory that `path` is then."""


@value_object
class PreviewRestore:
    """Find what a restore would do; see `EngineStatus.restore_preview`.

    It replaces an earlier preview; one of the same restore only turns to another page.
    """

    restore: Restore
    page: int = 0
    """From 0."""
    string: Secret = Secret("")
    """As it was typed: the restore is of its folder, `OF_STRING`; empty: of one here."""
    passphrase: Secret = Secret("")
    """Empty: it needs none."""
    window: int = 0
    """As in `Share`: the others do not see the preview."""
