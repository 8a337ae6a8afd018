"""Opens one directory of the target below another, and makes it if it is missing.

Knows the modes of directories of ours, which may forbid it. Refuses to know paths.
"""

from __future__ import annotations

import errno
import os
import stat

from usenetsync_tui.disk.restored.borrowed import BorrowedDirectory

FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""An open directory, never a symlink."""

_PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def _open_closed(parent: int, name: bytes) -> int:
    """Change a directory of ours that we may not read to mode 0700 and open it. Raises OSError."""
    path_fd = os.open(name, _PATH, dir_fd=parent)
    try:
        if not stat.S_ISDIR(os.fstat(path_fd).st_mode):
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        os.chmod(f"/proc/self/fd/{path_fd}", 0o700)
    finally:
        os.close(path_fd)
    return os.open(name, FLAGS, dir_fd=parent)


def open_directory(parent: BorrowedDirectory, name: bytes) -> tuple[int, bool]:
    """Open a directory, not a symlink; returns whether it was made for that. Raises OSError."""
    try:
        return os.open(name, FLAGS, dir_fd=parent.fd), False
    except FileNotFoundError:
        parent.require_writable()
        try:
            os.mkdir(name, 0o700, dir_fd=parent.fd)
            made = True
        except FileExistsError:
            made = False  # Another thread was faster; the next line opens what is there now.
        return os.open(name, FLAGS, dir_fd=parent.fd), made
    except PermissionError:
        # An earlier restore set the mode of this directory or of its parent.
        try:
            parent.require_writable()
        except PermissionError:
            pass  # Another user's, so its mode stays; entries in it may still be ours.
        try:
            return os.open(name, FLAGS, dir_fd=parent.fd), False
        except PermissionError:
            return _open_closed(parent.fd, name), False


def is_writable(fd: int) -> bool:
    """Whether this process can add entries to an open directory."""
    return os.access(b".", os.W_OK | os.X_OK, dir_fd=fd, effective_ids=True)
