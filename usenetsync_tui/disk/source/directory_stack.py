"""The directories from a walk's root to its current directory, as open descriptors.

Knows how to go down and up in a tree of any depth with a bounded number of open descriptors: the
root and the deepest `OPEN_DIRECTORIES` stay open. The ones between are closed and opened again on
the way up, by ``..`` of the child or, if a move makes that lead elsewhere, name by name from the
nearest open ancestor. Either way, device and inode must be the same as before (only the device,
if the inode number of an open directory differs at each stat).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from usenetsync_tui.disk.source.sorted_names import SortedListing

OPEN_DIRECTORIES = 64
"""Descriptors to keep open, of the 1,024 that a process usually may have."""

DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags to open a directory below the root, never the target of a symlink."""

CLOSED = -1


class Level:
    """One directory of the stack: its descriptor, its name in its parent, its full path.

    Only the top level has its path: all paths of a deep tree would take too much memory.
    """

    __slots__ = ("fd", "identity", "keys", "listing", "name", "path")

    def __init__(
        self, fd: int, name: bytes, path: bytes, identity: tuple[int, int], listing: SortedListing
    ) -> None:
        self.fd = fd
        self.name = name
        self.path = path
        self.identity = identity
        self.listing = listing
        self.keys: Iterator[bytes] = listing.keys


class DirectoryStack:
    """The levels from the root down; `top` is the current directory of the walk."""

    def __init__(self, open_directories: int = OPEN_DIRECTORIES) -> None:
        self._levels: list[Level] = []
        self._open = open_directories

    def __bool__(self) -> bool:
        return bool(self._levels)

    @property
    def top(self) -> Level:
        return self._levels[-1]

    def push(self, level: Level) -> None:
        """Go down; the stack owns the descriptor from here on."""
        if self._levels:
            self.top.path = b""
        self._levels.append(level)
        far = len(self._levels) - 1 - self._open
        if far > 0 and self._levels[far].fd != CLOSED:
            os.close(self._levels[far].fd)
            self._levels[far].fd = CLOSED

    def pop(self) -> tuple[Level, bool]:
        """Leave the top level; False when its parent cannot be found again.

        The parent then still becomes the top, with its descriptor `CLOSED`.
        """
        left = self._levels.pop()
        found = True
        if self._levels:
            self.top.path = left.path[: -len(left.name) - 1]
        if self._levels and self.top.fd == CLOSED:
            self.top.fd = self._find(left.fd)
            found = self.top.fd != CLOSED
        if left.fd != CLOSED:
            os.close(left.fd)
        return left, found

    def close(self) -> None:
        """Close all open descriptors."""
        for level in self._levels:
            if level.fd != CLOSED:
                os.close(level.fd)
        self._levels.clear()

    def _find(self, child: int) -> int:
        """The directory of the top, opened again, or `CLOSED`."""
        if child != CLOSED:
            fd = _open_as(b"..", child, self.top.identity)
            if fd != CLOSED:
                return fd
        nearest = max(n for n, level in enumerate(self._levels) if level.fd != CLOSED)
        fd = os.dup(self._levels[nearest].fd)
        for level in self._levels[nearest + 1 :]:
            below = _open_as(level.name, fd, level.identity)
            os.close(fd)
            if below == CLOSED:
                return CLOSED
            fd = below
        return fd


def _open_as(name: bytes, parent: int, identity: tuple[int, int]) -> int:
    """A directory if it is the one with this (device, inode), else `CLOSED`."""
    try:
        fd = os.open(name, DIRECTORY_FLAGS, dir_fd=parent)
    except OSError:
        return CLOSED  # Gone, or no longer readable: either way not found again.
    status = os.fstat(fd)
    if (status.st_dev, status.st_ino) == identity:
        return fd
    if status.st_dev == identity[0] and os.fstat(fd).st_ino != status.st_ino:
        return fd
    os.close(fd)
    return CLOSED
