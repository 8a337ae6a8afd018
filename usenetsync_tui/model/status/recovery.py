"""The status of what is done with recovery strings."""

from __future__ import annotations

from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.value_object import value_object


@value_object
class Sharing:
    """The recovery string of a folder, while the screen shows it."""

    folder_id: int
    string: Secret = Secret("")
    """Not grouped; empty while it is being made."""
    has_passphrase: bool = False
    problem: str = ""
    """Why there is no string."""
    waits: str = ""
    """Why new names of articles are not in the index that it leads to; empty: they are."""
    file: bytes = b""
    """Where the user wants it written; empty: nowhere."""
    is_written: bool = False
    file_problem: str = ""
    """Why it could not be written."""
    window: int = 0
    """The window that asked for it, and that alone sees it (`commands.recovery.Share`)."""


@value_object
class Adopting:
    """The adoption of a folder by its recovery string, as far as it is."""

    number: int
    """1 for the first of an engine's life."""
    folder: str = ""
    """Its name, once that is known."""
    files: int = 0
    """Files loaded so far."""
    phase: str = "search"
    """``search``, ``load`` or ``finish``."""
    done_bytes: int = 0
    total_bytes: int = 0
    """Bytes of its index, of which `done_bytes` are loaded; 0 until that is known."""
    over: bool = False
    problem: str = ""
    """Why it failed; empty: it did not."""
    outcome: str = ""
    """What was adopted, in words."""


@value_object
class StringVersions:
    """The versions that a recovery string brings back, once they are found."""

    number: int
    """1 for the first search of an engine's life."""
    folder: str = ""
    """Its name."""
    versions: tuple[Snapshot, ...] = ()
    """The newest ones first."""
    doubt: str = ""
    """Why there may be a newer one."""
    over: bool = False
    problem: str = ""
    """Why nothing was found."""
    window: int = 0
    """The window that asked, and that alone sees it (`commands.recovery.LookByString`)."""


@value_object
class StringRestoreStatus:
    """A restore with a recovery string, as far as it is."""

    number: int
    """1 for the first of an engine's life."""
    target: bytes
    folder: str = ""
    """Its name, once that is known."""
    version: int | None = None
    """The version, once it is found."""
    phase: str = "search"
    """``search``, ``load`` (of the index) or ``restore``."""
    done_bytes: int = 0
    total_bytes: int = 0
    """Bytes of the index, of which `done_bytes` are loaded; 0 until that is known."""
    job: JobStatus | None = None
    """The figures of the restore itself. It is in no queue, so its id names no job."""
    over: bool = False
    problem: str = ""
    """Why it failed, or was stopped; empty: it did not."""
    outcome: str = ""
    """What was restored, in words."""
