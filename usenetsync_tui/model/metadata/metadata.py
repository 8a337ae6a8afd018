"""Extended attributes, hard links and holes of a file: the nouns.

Most files have none of them, so they are no fields of an `Entry`.
"""

from __future__ import annotations

from typing import NamedTuple

Xattr = tuple[bytes, bytes]
"""The name and the value of an extended attribute (xattr(7)), as the kernel gave them."""

ACCESS_ACL = b"system.posix_acl_access"
DEFAULT_ACL = b"system.posix_acl_default"
CAPABILITY = b"security.capability"
KEPT_SYSTEM = frozenset((ACCESS_ACL, DEFAULT_ACL))
"""The attributes of the namespace ``system.`` that are kept; all others of it are computed."""


MOST_XATTRS = 1 << 20
"""Bytes of the extended attributes of one file, at most; Linux allows 64 KiB for each of them."""
MOST_RUNS = 10_000
"""Runs of bytes in a sparse file, at most: then the smallest holes count as bytes."""


def is_kept(name: bytes) -> bool:
    """Whether an extended attribute belongs to a version."""
    return not name.startswith(b"system.") or name in KEPT_SYSTEM


class Extent(NamedTuple):
    """A run of bytes of a sparse file."""

    offset: int
    length: int


class Extents(NamedTuple):
    """A sparse file: its size, and where it has bytes. Everything else is zeros."""

    size: int
    """Bytes of the file, as stat(2) reports it."""
    runs: tuple[Extent, ...]
    """Ascending; they do not touch."""

    @property
    def stored(self) -> int:
        """Bytes in the runs: the size of the object that holds them."""
        return sum(run.length for run in self.runs)

    def pieces(self, offset: int, size: int) -> list[Extent]:
        """Where `size` bytes from `offset` of the joined runs lie in the file."""
        found, at = list[Extent](), 0
        for run in self.runs:
            begin, end = max(offset, at), min(offset + size, at + run.length)
            if begin < end:
                found.append(Extent(run.offset + begin - at, end - begin))
            at += run.length
            if at >= offset + size:
                break
        return found


class Metadata(NamedTuple):
    """What a path has beside the fields of its `Entry`."""

    xattrs: bytes | None = None
    """As `codec.index.attributes.write_xattrs` joins them; None: it has none."""
    link_set: int | None = None
    """The same number for names of one file, below 2^63; None: it has one name only."""
    extents: Extents | None = None
    """Of a sparse file."""
    lack: str = ""
    """Why some of it could not be read."""


NONE = Metadata()
