"""What describes a version of a folder in the store itself: its root, runs, and their pages.

`codec.index` has the bytes.
"""

from __future__ import annotations

from dataclasses import field
from typing import NamedTuple

from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.value_object import value_object

PathKey = bytes
PartKey = tuple[int, int]
"""The number of an object, and the index of a segment."""


LEAF = 0
"""The level of a page of files or of objects."""
HIGHEST_LEVEL = 8
"""The highest level of a directory that a root can lead to: more than 2^64 pages need."""


class PageRef(NamedTuple):
    """Where a page of the index is, and what it should be."""

    level: int
    """`LEAF`; or of a directory: 1 above the pages that it lists."""
    of_objects: bool
    """Whether it leads to objects; else to files."""
    first: PathKey | PartKey
    """A key that is not above the first of the page, and is above the last of the page before."""
    digest: bytes
    """BLAKE3 of the page, before it was sealed."""
    size: int
    """Bytes of the page, before it was sealed."""
    message_ids: tuple[bytes, ...]
    """Our own 16 bytes for each copy."""
    aliases: tuple[tuple[str, ...], ...] = ()
    """Of each copy its further names, as servers know them: Message-IDs without angle brackets."""


@value_object
class IndexRun:
    """A run: what changed in one version, or all of a version."""

    version: int
    is_base: bool
    """Whether it has all of its version; else what changed since the run before."""
    files: int
    """Paths in it, removed ones included."""
    objects: int
    """Parts of objects in it."""
    size: int
    """Bytes of its pages of files and objects."""
    pages: tuple[PageRef, ...]
    """The lines of its highest directory: those of files, then those of objects."""
    fingerprints: frozenset[int] | None = None
    """`codec.index.root.fingerprint` of each path in it; None in a run that has many."""


@value_object
class IndexRealm:
    """How articles of a folder are named, found and opened: what `Realm` says, and the key."""

    store: str
    profile: str
    domain: str
    newsgroups: tuple[str, ...]
    sender: str
    header_style: int
    digest: str
    key: bytes | None = field(default=None, repr=False)
    """The 256-bit key, not wrapped; None: not sealed."""
    veil: bytes | None = field(default=None, repr=False)


class VersionLine(NamedTuple):
    """What a root says about a version. Times are microseconds since 1970 UTC."""

    version: int
    attempt: int
    """Which of the possible names its root has, from 0."""
    state: int
    """`model.folders.SnapshotState`; never that of a version under construction."""
    started_us: int
    finished_us: int
    files: int
    directories: int
    symlinks: int
    size: int
    """Bytes of the source."""
    added: int
    modified: int
    removed: int
    stored_size: int
    """Bytes posted for it."""
    errors: int


class FolderLine(NamedTuple):
    """How the folder was backed up when the version was made, so that another machine can go on."""

    realm: int
    """The realm it posts to: its position in the root's list."""
    copies: int
    compression: str
    """`model.folders.Compression`."""
    own_files: bool = False
    ignore_inode: bool = False
    unstable_inodes: bool = False


@value_object
class IndexRoot:
    """All that is needed to read a version, and to find those before it."""

    current: VersionLine
    older: tuple[VersionLine, ...]
    """The finished versions before it, oldest first."""
    name: str
    """The folder's."""
    path: bytes
    """The folder's, on the machine that made the version."""
    folder: FolderLine
    realms: tuple[IndexRealm, ...]
    runs: tuple[IndexRun, ...]
    """Oldest first; the first one is a base."""
    next_object: int
    """Above the numbers of all objects so far."""
    filters: Filters | None = None
    """What the folder's versions leave out; None: it is not said."""
    kept: tuple[int, ...] | None = None
    """All versions before it that are kept, ascending; None: none was forgotten."""

    def has(self, version: int) -> bool:
        """Whether a version before it is kept, as far as this root tells."""
        return self.kept is None or version in self.kept or version == self.current.version
