"""What the index of a snapshot says about files, objects and segments.

Bulk nouns: a version has millions of them, so they are named tuples (see `model.entries.Entry`).
`codec.index` has the bytes. Paths are those of `model.entries`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

Attribute = tuple[int, bytes]
"""The tag and the value of something that few files have: `AttributeTag`."""


class EntryChange(IntEnum):
    """What a run says about a path."""

    PRESENT = 0
    """It is in the version of a base run, and may have been in those before it."""
    ADDED = 1
    MODIFIED = 2
    REMOVED = 3


class AttributeTag(IntEnum):
    """The attributes that this program writes; it keeps others as they are."""

    REASON = 64
    """Why its content is not in the version: UTF-8 text."""
    STAT_SIZE = 66
    """The size in bytes that the walk reported, where reading gave another: a varint."""
    RACY = 68
    """Its times were not older than its reading, so the next upload reads it again: empty."""
    LINK_SET = 70
    """Which paths are names of one file. This and the following: `codec.index.attributes`."""
    XATTRS = 72
    SPECIAL = 74
    EXTENTS = 76


class IndexEntry(NamedTuple):
    """One path of a version, or one that it no longer has.

    Fields without a meaning are 0 or None: a directory has no size, change time, inode and
    content; a removed path has only its path.
    """

    path: bytes
    change: int
    kind: int
    mode: int
    """Permission bits only (``st_mode & 0o7777``)."""
    uid: int | None
    """The owner's number; None: not known."""
    gid: int | None
    user: bytes
    """The owner's name; empty: not known."""
    group: bytes
    digest_kind: int | None
    """`model.digests.DigestKind`; None: no digest."""
    object: int | None
    """The number of the object with its content; None: it has no content, or it could not be
    kept."""
    offset: int
    """Where its content begins in the object, in bytes."""
    size: int
    """Bytes."""
    mtime_ns: int
    """Nanoseconds since 1970 UTC, leap seconds not counted."""
    ctime_ns: int
    inode: int
    link: bytes | None = None
    """The target of a symlink."""
    digest: bytes | None = None
    """32 bytes; None too where it is made of the digests of the object's segments."""
    attributes: tuple[Attribute, ...] = ()
    """Ascending tags."""


class IndexArticle(NamedTuple):
    """One copy of a slice: the same source bytes as in the others, maybe compressed differently."""

    message_id: bytes
    """Our own 16 bytes."""
    codec: int
    payload_size: int
    """Bytes after compression, before sealing."""
    aliases: tuple[str, ...] = ()
    """Further names, as servers know them: Message-IDs without angle brackets."""


class IndexSegment(NamedTuple):
    """A slice of an object, and the articles that have it."""

    digest: bytes
    articles: tuple[IndexArticle, ...]


class ObjectPart(NamedTuple):
    """Consecutive segments of an object: all of them, or some where there are very many."""

    number: int
    """Names the object within its folder; from 1."""
    realm: int
    """Position in the root's list of realms, from 0."""
    kind: int
    """`model.segments.ObjectKind`."""
    size: int
    """Bytes of the whole object."""
    segment_size: int
    """Bytes of each segment of the object except the last."""
    first: int
    """The index of the first of these segments."""
    segments: tuple[IndexSegment, ...]

    def segment_bytes(self, at: int) -> int:
        """Source bytes of the segment `segments[at]`."""
        return min(self.segment_size, self.size - (self.first + at) * self.segment_size)
