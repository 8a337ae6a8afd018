"""Removes what a version does not have from the target, one entry after the other.

Knows how to do it below the root only, without following a symlink, and what stays: an entry that
another program has made or changed since the restore began, and a directory that is not empty.
Refuses to know what the version has.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from usenetsync_tui.disk.beneath import open_parent
from usenetsync_tui.disk.restored.overwriting import CAME_IN, Overwriting
from usenetsync_tui.disk.restored.temporary_names import is_aside
from usenetsync_tui.errors import TargetFileError

_STAYS = frozenset([errno.ENOTEMPTY, errno.EEXIST])


class Remover:
    """For one thread; close it at the end. Give it a directory after what is in it."""

    def __init__(self, root: int, overwriting: Overwriting, began_ns: int) -> None:
        """`root`: an open directory, which the caller closes."""
        self._root = root
        self._overwriting = overwriting
        self._began_ns = began_ns
        self._above: bytes | None = None
        self._near = -1
        self._opened_up: dict[bytes, int] = {}
        """Modes of the directories that had to be made writable, by path."""

    def remove(self, path: bytes) -> bool:
        """Remove an entry; False if it is a directory that is not empty, or already gone.

        A directory's path ends in a slash. Raises TargetFileError.
        """
        name = path.rstrip(b"/")
        try:
            parent, last = self._parent(name)
            status = os.stat(last, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode) != path.endswith(b"/"):
                raise TargetFileError(CAME_IN)
            if path.endswith(b"/"):
                return self._remove_directory(path, parent, last)
            if status.st_ctime_ns > self._began_ns and not self._is_aside(last):
                raise TargetFileError(CAME_IN)
            self._writing(name, parent, lambda: os.unlink(last, dir_fd=parent))
        except FileNotFoundError:
            return False
        except OSError as caught:
            raise TargetFileError(caught.strerror or str(caught)) from caught
        return True

    def close(self) -> None:
        """Close the directory that is open. A second call does nothing."""
        self._above = None
        if self._near >= 0:
            fd, self._near = self._near, -1
            os.close(fd)

    def __enter__(self) -> Remover:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _is_aside(self, name: bytes) -> bool:
        return is_aside(self._overwriting.stem, name)

    def _remove_directory(self, path: bytes, parent: int, last: bytes) -> bool:
        mode = self._opened_up.pop(path, None)
        try:
            self._writing(path[:-1], parent, lambda: os.rmdir(last, dir_fd=parent))
        except OSError as caught:
            if mode is not None:
                fd = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
                try:
                    os.fchmod(fd, mode)
                finally:
                    os.close(fd)
            if caught.errno in _STAYS:
                return False
            raise
        return True

    def _parent(self, name: bytes) -> tuple[int, bytes]:
        """The open directory around an entry, and the entry's name there."""
        above, _, last = name.rpartition(b"/")
        if above != self._above:
            self.close()
            self._near, last = open_parent(self._root, name)
            self._above = above
        return self._near, last

    def _writing(self, name: bytes, parent: int, work: Callable[[], None]) -> None:
        """Do something to an entry; make its directory writable if that is ours."""
        try:
            work()
        except PermissionError:
            status = os.fstat(parent)
            mode = stat.S_IMODE(status.st_mode)
            if status.st_uid != os.geteuid() or mode & 0o700 == 0o700:
                raise
            os.chmod(f"/proc/self/fd/{parent}", mode | 0o700)
            self._opened_up[name[: name.rfind(b"/") + 1]] = mode
            work()
