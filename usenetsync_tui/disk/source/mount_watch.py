"""Watches the file systems of an upload's folder: before, during and after the walk.

Examines mount points one at a time and lets `guard` judge them; refuses to know the catalogue.
Synchronous: `examine_root` and the checks run in worker threads, `refuses` in the walk's own.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Mapping

from usenetsync_tui.disk.beneath import open_parent
from usenetsync_tui.disk.mount_table import MountTable
from usenetsync_tui.disk.source.guard import (
    FOLDER,
    LONGEST,
    NOT_MOUNTED,
    UNMOUNTED,
    is_below,
    judge_entered,
)
from usenetsync_tui.model.sources import FileSystem
from usenetsync_tui.model.value_object import value_object

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_GONE = frozenset([errno.ENOENT, errno.ENOTDIR, errno.ELOOP])


@value_object
class SourceRoot:
    """The folder itself, before the walk reads anything."""

    identity: tuple[int, int]
    """(st_dev, st_ino), which must stay the same while the upload runs."""
    file_system: FileSystem
    is_empty: bool
    """Whether it has no entries of any kind."""


def examine_root(path: bytes) -> SourceRoot:
    """The folder as it is now. Raises OSError when it cannot be opened or listed."""
    fd = os.open(path, _DIRECTORY)
    try:
        status = os.fstat(fd)
        with os.scandir(fd) as entries:
            is_empty = next(entries, None) is None
        file_system = MountTable.read().file_system(fd, path)
        return SourceRoot((status.st_dev, status.st_ino), file_system, is_empty)
    finally:
        os.close(fd)


class MountWatch:
    """The mount points that one walk enters, and those that it refuses.

    `before` are those of the version that the upload compares the folder with, except those with
    nothing below them; empty when the user accepts the folder as it is.
    """

    def __init__(self, path: bytes, root: SourceRoot, before: Mapping[bytes, FileSystem]) -> None:
        self._path = path
        self._root = root
        self.before = before
        self.suspects: Collection[bytes] = MountTable.read().below(path) | before.keys()
        """Directories that may be mount points though their device number does not say so."""
        self.found: dict[bytes, FileSystem] = {FOLDER: root.file_system}
        """The mount points that the walk has entered."""
        self._left_out: set[bytes] = set()
        """Earlier mount points that the filters leave out now."""

    def leave_out(self, path: bytes) -> None:
        """The filters leave out a path: mount points at and below it need not be there."""
        for place in self.before:
            if place.startswith(path):
                self._left_out.add(place)

    def refuses(self, path: bytes, fd: int, parent: int) -> str:
        """Why the walk must not enter an open directory; empty: it may."""
        now = self._mounted(path, fd, parent)
        reason = judge_entered(self.before.get(path), now)
        if not reason and now is not None and len(path) <= LONGEST:
            self.found[path] = now
        return reason

    def is_same_folder(self) -> bool:
        """Whether the folder's path still leads to the directory that `root` describes.

        Ignores the inode number if it differs at each stat.
        """
        try:
            now = _identity(self._path)
            if now == self._root.identity:
                return True
            return now[0] == self._root.identity[0] and _identity(self._path) != now
        except OSError:
            return False

    def away(self) -> tuple[bytes, ...]:
        """Earlier mount points that cannot be read now."""
        root = os.open(self._path, _DIRECTORY)
        try:
            return tuple(path for path in sorted(self.before) if self._is_away(root, path))
        finally:
            os.close(root)

    def _is_away(self, root: int, path: bytes) -> bool:
        try:
            return bool(judge_entered(self.before[path], self._mounted_below(root, path)))
        except OSError:
            return True

    def missed(self, known: Collection[bytes]) -> dict[bytes, str]:
        """Why entered and earlier mount points are missing now.

        Leaves out the `known` ones and those below them, and those that cannot be examined: the
        version repeats what is below these anyway.
        """
        missed = {}
        wanted = self.found.keys() | self.before.keys()
        root = os.open(self._path, _DIRECTORY)
        try:
            for path in sorted(wanted - {FOLDER} - self._left_out):
                if not is_below(path, known) and (reason := self._why_missed(root, path)):
                    missed[path] = reason
        finally:
            os.close(root)
        return missed

    def _why_missed(self, root: int, path: bytes) -> str:
        entered = self.found.get(path)
        try:
            now = self._mounted_below(root, path)
        except OSError as caught:
            gone = caught.errno in _GONE or entered is not None
            return (UNMOUNTED if entered else NOT_MOUNTED) if gone else ""
        if entered is not None:
            return UNMOUNTED if judge_entered(entered, now) else ""
        # The walk did not see it: what is there now was mounted later.
        return judge_entered(self.before[path], now) or UNMOUNTED

    def _mounted_below(self, root: int, path: bytes) -> FileSystem | None:
        parent, name = open_parent(root, path[:-1])
        try:
            fd = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
            try:
                os.fstatvfs(fd)
                return self._mounted(path, fd, parent)
            finally:
                os.close(fd)
        finally:
            os.close(parent)

    def _mounted(self, path: bytes, fd: int, parent: int) -> FileSystem | None:
        table = MountTable.read()
        if not table.is_mount_point(fd, parent):
            return None
        return table.file_system(fd, os.path.join(self._path, path[:-1]))


def _identity(path: bytes) -> tuple[int, int]:
    """(st_dev, st_ino) of a directory; OSError if its file system does not answer."""
    fd = os.open(path, _DIRECTORY)
    try:
        os.fstatvfs(fd)
        status = os.fstat(fd)
    finally:
        os.close(fd)
    return status.st_dev, status.st_ino
