"""Commands about recovery strings: to show one, and to bring back what it leads to."""

from __future__ import annotations

from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.value_object import value_object


@value_object
class Share:
    """Show the recovery string of a folder; see `EngineStatus.sharing`."""

    folder_id: int
    passphrase: Secret = Secret("")
    """The string opens nothing without it; empty: none."""
    window: int = 0
    """The window that asks, and that alone sees the string; 0: that of the engine's program."""


@value_object
class WriteString:
    """Write the recovery string that is shown into a new file."""

    path: bytes
    """Absolute."""
    window: int = 0
    """As in `Share`."""


@value_object
class StopSharing:
    """Forget the recovery string that is shown."""

    window: int = 0
    """As in `Share`."""


@value_object
class Adopt:
    """Continue the folder of a recovery string here; see `EngineStatus.adopting`."""

    string: Secret
    """As it was typed."""
    passphrase: Secret = Secret("")
    """Empty: it needs none."""
    path: bytes = b""
    """Where the folder is, absolute; empty: where it was."""


@value_object
class LookByString:
    """List the versions that a recovery string brings back; see `EngineStatus.string_versions`.

    It replaces an earlier list.
    """

    string: Secret
    """As it was typed."""
    passphrase: Secret = Secret("")
    """Empty: it needs none."""
    window: int = 0
    """As in `Share`: the others do not see the list."""


@value_object
class RestoreByString:
    """Restore a version of a recovery string's folder, which need not be in the catalogue.

    See `EngineStatus.string_restore`. What an earlier one left half done is used.
    """

    string: Secret
    """As it was typed."""
    passphrase: Secret
    """Empty: it needs none."""
    target: bytes
    """Absolute."""
    version: int | None = None
    """None: the newest one that is found."""
    paths: tuple[bytes, ...] = ()
    """As in `Restore`."""
    choices: RestoreChoices = RestoreChoices()


OF_STRING = 0
"""The folder's id in a `Restore` of the folder of a recovery string."""


@value_object
class StopStringRestore:
    """Stop the restore with a recovery string; the same one goes on from there later."""


@value_object
class StopAdopting:
    """Stop the adoption that runs: nothing of it stays in the catalogue."""
