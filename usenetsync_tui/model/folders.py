"""Folders, the realms their articles live in, and their snapshots."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import IntEnum, StrEnum

from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.keep_rules import KeepPolicy


class StoreKind(StrEnum):
    """Where articles live."""

    USENET = "usenet"
    SHARDS = "shards"
    MEMORY = "memory"


class Profile(StrEnum):
    """The storage format of a folder."""

    SEALED = "sealed"
    """Packed, compressed, encrypted, obfuscated."""
    PACKED = "packed"
    """Packed and compressed."""
    PLAIN = "plain"
    """Each file on its own, unchanged, for any newsreader."""


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


NEWEST_HEADER_STYLE = 2
"""The header style of new realms; `codec.envelope` defines the styles."""


@value_object
class Realm:
    """One store, profile, key and digest: dedupe stays inside it."""

    id: int
    store: StoreKind
    profile: Profile
    domain: str
    """The right-hand side of its Message-IDs, unless the whole ID is random."""
    newsgroups: tuple[str, ...] = ()
    """The newsgroups to post to, on Usenet; for a folder's realm, those the folder uses now."""
    sender: str = ""
    """The poster, unless it is random."""
    wrapped_key: bytes | None = field(default=None, repr=False)
    """The folder's 256-bit key, wrapped by the user's secret; only in a sealed realm."""
    header_style: int = NEWEST_HEADER_STYLE
    """The header style of its articles; 1 in realms older than style 2."""
    veil: bytes | None = field(default=None, repr=False)
    """The secret that gives plain articles random headers; None: they have real names."""
    headers: int | None = None
    """The row with the folder's newsgroups, poster and veil; None: the realm's first ones."""
    digest: DigestAlgorithm = DigestAlgorithm.BLAKE3
    """The hash function of its segments and files; SHA-256 in realms from before BLAKE3."""

    is_index: bool = False
    """Whether it has a folder's index; `wrapped_key` is the folder's secret then."""

    @property
    def is_obfuscated(self) -> bool:
        """Whether its plain articles have random headers: only an NZB has the real names."""
        return self.profile is Profile.PLAIN and self.veil is not None


@value_object
class FolderDefaults:
    """The choices of a new folder, from the settings."""

    store: StoreKind = StoreKind.SHARDS
    newsgroups: tuple[str, ...] = ()
    sender: str = ""
    digest: DigestAlgorithm = DigestAlgorithm.BLAKE3


@value_object
class Folder:
    """A tree that the user backs up, with the choices stored for it."""

    id: int
    path: bytes
    """Absolute, as the kernel names it."""
    name: str
    realm: Realm
    priority: Priority
    compression: Compression
    copies: int
    own_files: bool = False
    """Versions include UsenetSync's own configuration, keys and logs, if the folder has them."""
    ignore_inode: bool = False
    """The user chose not to compare inode numbers."""
    unstable_inodes: bool = False
    """An upload found that inode numbers change while nothing else does."""
    string_seen: bool = False
    """The user has seen its recovery string."""
    adopted_version: int | None = None
    """The version that it was adopted with; None: not adopted, or uploaded since then."""
    filters: Filters = Filters()
    """What its versions leave out."""
    keep: KeepPolicy = KeepPolicy()
    """Which of its versions are kept."""

    @property
    def is_public(self) -> bool:
        """Whether anyone can read it: plain articles on Usenet."""
        realm = self.realm
        return realm.store is StoreKind.USENET and realm.profile is Profile.PLAIN

    @property
    def ignores_inode(self) -> bool:
        """Whether a new inode number alone is no reason to read a file again."""
        return self.ignore_inode or self.unstable_inodes


class SnapshotState(IntEnum):
    """Whether a version can be restored."""

    BUILDING = 0
    COMPLETE = 1
    INCOMPLETE = 2
    """Finished, but some files are incomplete; the rest can be restored."""


@value_object
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
    indexed: bool = False
    """Whether its index is in the store, so that the recovery string brings it back."""
    protected: bool = False
    """The user wants it kept: nothing forgets it until that is taken back."""
    tags: tuple[str, ...] = ()
    """The user's words for it, in the order of the alphabet."""

    @property
    def lacks_index(self) -> bool:
        """Whether it is finished, and its index is not in the store."""
        return self.state is not SnapshotState.BUILDING and not self.indexed


@value_object
class MovedFolder:
    """A folder that is at another path from now on. Paths are absolute."""

    name: str
    before: bytes
    path: bytes
