"""All a user can ask of a running engine: frozen values, matched in one place."""

from __future__ import annotations

from dataclasses import dataclass

from usenetsync_tui.model.folders import Compression, Priority, Profile, StoreKind


@dataclass(frozen=True, slots=True)
class FolderChoices:
    """What may be chosen for a folder; None keeps what is remembered."""

    store: StoreKind | None = None
    profile: Profile | None = None
    copies: int | None = None
    priority: Priority | None = None
    compression: Compression | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """Keep this folder: a new version of it."""

    path: bytes
    choices: FolderChoices = FolderChoices()


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold a job where it is; what is in flight is finished."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a paused job go on."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """End a job; what it has posted is kept for the next one."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Retry:
    """Queue a failed, incomplete or cancelled job again."""

    job_id: int


@dataclass(frozen=True, slots=True)
class SetPriority:
    """Move a job up or down the queue."""

    job_id: int
    priority: Priority


@dataclass(frozen=True, slots=True)
class LimitBandwidth:
    """Post no faster than this to all servers together, from now on; 0: as fast as it goes."""

    bytes_per_second: int


@dataclass(frozen=True, slots=True)
class Drain:
    """Finish what is in flight, take nothing new, stop. Jobs stay resumable."""


Command = Upload | Pause | Resume | Cancel | Retry | SetPriority | LimitBandwidth | Drain
