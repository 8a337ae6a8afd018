"""Folders, the realms their articles live in, and their snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class StoreKind(StrEnum):
    """Where articles live."""

    USENET = "usenet"
    SHARDS = "shards"
    MEMORY = "memory"


class Profile(StrEnum):
    """How bytes are dressed."""

    SEALED = "sealed"
    """Packed, compressed, encrypted, obfuscated."""
    PACKED = "packed"
    """Packed and compressed."""
    PLAIN = "plain"
    """Each file by itself, as it is."""


class Compression(StrEnum):
    """What `compress` does to a segment."""

    LZ4 = "lz4"
    LZMA = "lzma"
    NONE = "none"


class Priority(IntEnum):
    """Which job goes first; a lower number goes first."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3
    BACKGROUND = 4


NEWEST_DRESS = 2
"""How articles of new realms are named; `codec.envelope` says what that means."""


@dataclass(frozen=True, slots=True)
class Realm:
    """One store, profile and key: dedupe stays inside it."""

    id: int
    store: StoreKind
    profile: Profile
    domain: str
    """The right-hand side of its Message-IDs where they are not random altogether."""
    newsgroups: tuple[str, ...] = ()
    """Where articles are posted, on Usenet; of a folder's realm, where the folder posts now."""
    sender: str = ""
    """Who posts them, where that is not random."""
    wrapped_key: bytes | None = field(default=None, repr=False)
    """The folder's 256-bit key, wrapped by the user's secret; only in a sealed realm."""
    dress: int = NEWEST_DRESS
    """How its articles are named: 1 in realms from before there was another way."""
    veil: bytes | None = field(default=None, repr=False)
    """What draws random headers of plain articles; None: they have real names."""
    headers: int | None = None
    """Which newsgroups, poster and veil the folder posts with; None: those the realm began with."""

    @property
    def is_obfuscated(self) -> bool:
        """Plain articles with random headers: only an NZB has the names."""
        return self.profile is Profile.PLAIN and self.veil is not None


@dataclass(frozen=True, slots=True)
class FolderDefaults:
    """What a folder begins with, from the settings."""

    store: StoreKind = StoreKind.SHARDS
    newsgroups: tuple[str, ...] = ()
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """A tree we keep, with the choices remembered for it."""

    id: int
    path: bytes
    """Absolute, as the kernel names it."""
    name: str
    realm: Realm
    priority: Priority
    compression: Compression
    copies: int
    own_files: bool = False
    """UsenetSync's own configuration, keys and logs are kept where the folder has them."""
    ignore_inode: bool = False
    """Inode numbers are not compared, by choice."""
    unstable_inodes: bool = False
    """Inode numbers were found to change while nothing else did."""

    @property
    def is_public(self) -> bool:
        """Everybody can read it: plain articles on Usenet."""
        realm = self.realm
        return realm.store is StoreKind.USENET and realm.profile is Profile.PLAIN

    @property
    def ignores_inode(self) -> bool:
        """Whether another inode number is no reason to read a file again."""
        return self.ignore_inode or self.unstable_inodes


class SnapshotState(IntEnum):
    """Whether a version can be restored."""

    BUILDING = 0
    COMPLETE = 1
    INCOMPLETE = 2
    """Finished, but some files are not whole; everything else can be restored."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folder's state at one version. Sizes are bytes of the source."""

    folder_id: int
    version: int
    state: SnapshotState
    started_at: datetime
    finished_at: datetime | None
    files: int
    directories: int
    symlinks: int
    size: int
    added: int
    modified: int
    removed: int
    stored_size: int
    """Payload bytes posted for this version: after dedupe and compression, sealing and padding
    included."""
    errors: int
