"""The directories of a restore's target, as descriptors that cannot lead outside of it.

Knows how to get from the target's root to a directory one real directory at a time: every
component is checked and opened with ``O_DIRECTORY | O_NOFOLLOW`` below the one before, so
neither ``..`` nor an absolute path nor a symlink, planted at any moment, leads elsewhere.
The directories used last stay open, because a restore writes many files into the same
ones. Refuses to know about files. Thread-safe: a descriptor in use is never closed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import OrderedDict
from threading import Lock

from usenetsync_tui.errors import TargetFileError

DIRECTORIES_OPEN = 64
"""Descriptors kept open while nobody uses them."""

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PLACE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_UNSAFE = frozenset([b"", b".", b".."])
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFREG: "a file",
    stat.S_IFLNK: "a symlink",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Borrowed:
    """A directory's descriptor for the length of a ``with`` block."""

    __slots__ = ("_owner", "fd", "users")

    def __init__(self, owner: TargetDirectories, fd: int) -> None:
        self._owner = owner
        self.fd = fd
        self.users = 0

    def __enter__(self) -> int:
        return self.fd

    def __exit__(self, *_: object) -> None:
        self._owner.give_back(self)


class TargetDirectories:
    """Directories below `root`, by their path with a slash behind (the root's is ``b""``).

    Owns the descriptor `root`. Every failure is a TargetFileError.
    """

    def __init__(self, root: int, limit: int = DIRECTORIES_OPEN) -> None:
        self._lock = Lock()
        self._limit = limit
        self._root = Borrowed(self, root)
        self._root.users = 1  # never closed but by close()
        self._open: OrderedDict[bytes, Borrowed] = OrderedDict()

    def borrow(self, path: bytes) -> Borrowed:
        """The directory for a ``with`` block; made (mode 0700) if it is missing, as its parents."""
        with self._lock:
            found = self._take(path)
        if found is not None:
            return found
        names = split(path)
        at, directory = self._nearest(path, names)
        try:
            for name in names[at:]:
                at += 1
                # Behind the lock nobody waits for the disk; two threads may open the same one.
                fd = open_directory(directory.fd, name)
                below = b"/".join(names[:at]) + b"/"
                directory, above = self._keep(below, fd), directory
                self.give_back(above)
        except BaseException:
            self.give_back(directory)
            raise
        return directory

    def give_back(self, directory: Borrowed) -> None:
        """End of a borrowing; what is too much is closed, the longest unused first."""
        with self._lock:
            directory.users -= 1
            if len(self._open) > self._limit:
                self._shrink()

    def close(self) -> None:
        """Close all of it; nothing may be borrowed any more."""
        with self._lock:
            for directory in self._open.values():
                os.close(directory.fd)
            self._open.clear()
            if self._root.fd >= 0:
                os.close(self._root.fd)
                self._root.fd = -1

    def _take(self, path: bytes) -> Borrowed | None:
        if not path:
            self._root.users += 1
            return self._root
        found = self._open.get(path)
        if found is not None:
            found.users += 1
            self._open.move_to_end(path)
        return found

    def _nearest(self, path: bytes, names: list[bytes]) -> tuple[int, Borrowed]:
        """The deepest ancestor that is open, borrowed, and how deep that is."""
        depth = len(names)
        with self._lock:
            while True:
                found = self._take(path)
                if found is not None:
                    return depth, found
                depth -= 1
                path = path[: path.rfind(b"/", 0, len(path) - 1) + 1]

    def _keep(self, path: bytes, fd: int) -> Borrowed:
        with self._lock:
            found = self._take(path)
            if found is None:
                found = self._open[path] = Borrowed(self, fd)
                found.users = 1
                fd = -1
        if fd >= 0:
            os.close(fd)
        return found

    def _shrink(self) -> None:
        surplus = len(self._open) - self._limit
        idle = [path for path, directory in self._open.items() if not directory.users]
        for path in idle[:surplus]:
            os.close(self._open.pop(path).fd)


def split(path: bytes) -> list[bytes]:
    """The components of a relative directory path; raises TargetFileError for unsafe ones."""
    if not path:
        return []
    names = path.removesuffix(b"/").split(b"/")
    for name in names:
        check_name(name)
    return names


def check_name(name: bytes) -> None:
    """Raise TargetFileError unless this names something inside a directory."""
    if name in _UNSAFE or b"\0" in name or b"/" in name:
        raise TargetFileError("the path would lead outside the target")


def open_directory(parent: int, name: bytes) -> int:
    """Open a directory itself, made if it is missing. Raises TargetFileError."""
    try:
        try:
            return os.open(name, _FLAGS, dir_fd=parent)
        except FileNotFoundError:
            try:
                os.mkdir(name, 0o700, dir_fd=parent)
            except FileExistsError:
                pass  # Another thread was quicker; whatever is there now, the next line says.
            return os.open(name, _FLAGS, dir_fd=parent)
        except PermissionError:
            # One of ours with its final mode, from an earlier restore.
            change_mode(parent, name, 0o700, stat.S_IFDIR)
            return os.open(name, _FLAGS, dir_fd=parent)
    except OSError as caught:
        raise explain(caught, parent, name) from caught


def change_mode(parent: int, name: bytes, mode: int, kind: int) -> None:
    """chmod that follows no symlink and opens nothing. Raises OSError."""
    fd = os.open(name, _PLACE, dir_fd=parent)
    try:
        if stat.S_IFMT(os.fstat(fd).st_mode) != kind:
            raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
        os.chmod(f"/proc/self/fd/{fd}", mode)
    finally:
        os.close(fd)


def explain(caught: OSError, parent: int, name: bytes) -> TargetFileError:
    """The user's words for a refusal: what is in the way, or what the system said."""
    if caught.errno in (errno.ENOTDIR, errno.ELOOP, errno.EEXIST, errno.EISDIR, errno.ENXIO):
        try:
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        except OSError:
            pass  # Gone meanwhile: the first refusal has to do.
        else:
            kind = _KINDS.get(stat.S_IFMT(mode), "something else")
            return TargetFileError(f"{kind} is in the way")
    return TargetFileError(caught.strerror or str(caught))
