"""The entries of a folder as the walk finds them, and the problems of a job with them.

A path is the bytes the kernel gave, relative to the folder, ``/``-separated; a directory's
ends in ``/`` and the folder itself is ``b""``. The walk, the catalogue and the screen all
sort by the plain bytes of these paths.
"""

from __future__ import annotations

import stat
from enum import IntEnum
from typing import NamedTuple

from usenetsync_tui.model.value_object import value_object


class FileKind(IntEnum):
    """What a path is."""

    REGULAR = 0
    DIRECTORY = 1
    SYMLINK = 2
    FIFO = 3
    SOCKET = 4
    CHARACTER_DEVICE = 5
    BLOCK_DEVICE = 6


FILE_TYPES = {
    FileKind.REGULAR: stat.S_IFREG,
    FileKind.DIRECTORY: stat.S_IFDIR,
    FileKind.SYMLINK: stat.S_IFLNK,
    FileKind.FIFO: stat.S_IFIFO,
    FileKind.SOCKET: stat.S_IFSOCK,
    FileKind.CHARACTER_DEVICE: stat.S_IFCHR,
    FileKind.BLOCK_DEVICE: stat.S_IFBLK,
}
"""The type bits of a mode (inode(7)) by kind."""
DEVICES = frozenset((FileKind.CHARACTER_DEVICE, FileKind.BLOCK_DEVICE))
SPECIAL = DEVICES | {FileKind.FIFO, FileKind.SOCKET}
"""Kinds without content, which are made, never opened."""


class FileState(IntEnum):
    """How far one file of the version under construction is."""

    PENDING = 0
    """The upload has not read its bytes yet."""
    PLANNED = 1
    """Its bytes are in an object (or it has none); the object's segments say what is posted."""
    FAILED = 2
    """The upload could not read it; the row has the reason."""


class Entry(NamedTuple):
    """One path as the walk found it.

    A NamedTuple, not a dataclass: an upload makes and compares three million of them, and
    comparing two tuples is one C call. For directories size and inode are 0. `fitted` makes times
    and inodes 64-bit. What few files have beside this is `model.metadata`.
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
    """The target of a symlink; the number of a device, ``major:minor``."""
    uid: int | None = None
    """The owner's number; None in a row of an earlier program, which stored no owners."""
    gid: int | None = None
    """The group's number; None as for `uid`."""


MOST = (1 << 63) - 1
"""The largest number the catalogue holds."""
_OLDEST_NS = -(4 << 60)


def fitted(number: int) -> int:
    """An inode or a time as a signed 64-bit number, wrapped around when it is larger."""
    return (number + MOST + 1) % (1 << 64) - MOST - 1


def unfitted_time(mtime_ns: int) -> int:
    """Undo `fitted` for a time: one before 1824 is a time after 2262, wrapped around.

    File systems store the years 1901 to 2486 at most (ext4, XFS), in nanoseconds.
    """
    return mtime_ns + (1 << 64) if mtime_ns < _OLDEST_NS else mtime_ns


@value_object
class Problem:
    """A path that the walk could not include, and why."""

    path: bytes
    kind: NoticeKind
    reason: str


class NoticeKind(IntEnum):
    """Why the job's report lists a path. Most kinds make the job incomplete."""

    SKIPPED = 0
    """One of UsenetSync's own files; of an earlier program, also a FIFO, socket or device."""
    UNREADABLE = 1
    VANISHED = 2
    """Deleted between the walk and the read."""
    CHANGED = 3
    """The reader found another file, or other bytes, than the walk."""
    UNPOSTED = 4
    """Read, but an article of it could not be posted."""
    MISSING = 5
    """The store does not have one of its articles (restore, verify)."""
    DAMAGED = 6
    """An article's bytes are not the ones posted."""
    UNWRITABLE = 7
    """It could not be written to the target (restore)."""
    LEFT_OUT = 8
    """The user held it, or left it out of this version."""
    UNKNOWN = 9
    """No server says clearly whether it has the articles."""
    GUARDED = 10
    """A mount point changed: the new version repeats the last one below it."""
    ATTRIBUTES = 12
    """It is kept or restored, but not its owner, mode, time or extended attributes."""
    NOTED = 13
    """For information; nothing is missing."""

    @property
    def is_error(self) -> bool:
        """Whether it makes the job incomplete."""
        return self not in (NoticeKind.SKIPPED, NoticeKind.NOTED)


@value_object
class Notice:
    """One path in a job's report, and the reason."""

    kind: NoticeKind
    path: bytes
    reason: str

    @property
    def is_error(self) -> bool:
        """Whether it makes the job incomplete."""
        return self.kind.is_error
