"""What a folder consists of: entries as the walk sees them, and what became of them.

A path is the bytes the kernel gave, relative to the folder, ``/``-separated; a directory's
ends in ``/`` and the folder itself is ``b""``. Plain byte order of
these paths is the one order of the walk, the catalogue and the screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class FileKind(IntEnum):
    """What a path is. Sockets, FIFOs and devices are never entries."""

    REGULAR = 0
    DIRECTORY = 1
    SYMLINK = 2


class FileState(IntEnum):
    """How far one file's row of the version under construction is."""

    PENDING = 0
    """Its bytes are still to be read."""
    PLANNED = 1
    """Its bytes are laid out in an object (or it has none); how far they are, the object says."""
    FAILED = 2
    """It could not be read; the row carries the reason."""


class Entry(NamedTuple):
    """One path as the walk found it.

    A NamedTuple, not a dataclass: three million of them are made and compared, and comparing
    two tuples is one C call. For directories size, ctime_ns and inode are 0: a directory
    changes when its mode or mtime does. Times and inodes are `fitted` to 64 signed bits.
    """

    path: bytes
    kind: int
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    mode: int
    """Permission bits only (``st_mode & 0o7777``)."""
    link: bytes | None
    """The target of a symlink."""
    uid: int | None = None
    """The owner's number; None in a row from before owners were kept."""
    gid: int | None = None
    """The group's number; None likewise."""


MOST = (1 << 63) - 1
"""The largest number the catalogue holds."""
_OLDEST_NS = -(4 << 60)


def fitted(number: int) -> int:
    """An inode or a time as a signed 64-bit number, wrapped around when it is larger."""
    return (number + MOST + 1) % (1 << 64) - MOST - 1


def unfitted_time(mtime_ns: int) -> int:
    """The time a fitted one stands for: what lies before 1824 is a wrapped one after 2262.

    File systems know the years 1901 to 2486 at most (ext4, XFS), in nanoseconds.
    """
    return mtime_ns + (1 << 64) if mtime_ns < _OLDEST_NS else mtime_ns


@dataclass(frozen=True, slots=True)
class Problem:
    """A path the walk could not take in, and why."""

    path: bytes
    kind: NoticeKind
    reason: str


class NoticeKind(IntEnum):
    """Why a path deserves a line in the job's report. Most of them make a job incomplete."""

    SKIPPED = 0
    """A socket, FIFO or device: nothing to keep; or a file of UsenetSync's own."""
    UNREADABLE = 1
    VANISHED = 2
    """Deleted between the walk and the read."""
    CHANGED = 3
    """Another file, or other bytes, than the walk saw."""
    UNPOSTED = 4
    """Read, but an article of it could not be posted."""
    MISSING = 5
    """An article is not there (restore, verify)."""
    DAMAGED = 6
    """An article's bytes are not the ones posted."""
    UNWRITABLE = 7
    """The target refused (restore)."""
    LEFT_OUT = 8
    """The user held it, or left it out of this version."""
    UNKNOWN = 9
    """No server gives a clear answer: whether articles are there is not known."""
    GUARDED = 10
    """A mount point that is not what it was: what is below it stays as it was."""
    ATTRIBUTES = 12
    """Its content is there, but not its owner, mode or time (restore)."""
    NOTED = 13
    """Good to know; nothing is missing."""

    @property
    def is_error(self) -> bool:
        """Whether a job that records it is not whole."""
        return self not in (NoticeKind.SKIPPED, NoticeKind.NOTED)


@dataclass(frozen=True, slots=True)
class Notice:
    """One recorded reason."""

    kind: NoticeKind
    path: bytes
    reason: str

    @property
    def is_error(self) -> bool:
        """Whether the job that recorded it is not whole."""
        return self.kind.is_error
