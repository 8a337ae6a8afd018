"""Further names of a restored file, in any directory of the target. Follows no symlink."""

from __future__ import annotations

import errno
import os

from usenetsync_tui.disk.restored.attributes import Lack
from usenetsync_tui.disk.restored.borrowed import BorrowedDirectory

_REFUSED = frozenset(
    (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOENT)
)


def is_same(
    near: BorrowedDirectory, known: bytes, directory: BorrowedDirectory, name: bytes
) -> bool:
    """Whether two names lead to one file. Raises OSError."""
    try:
        mine = os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
        return os.path.samestat(mine, os.stat(known, dir_fd=near.fd, follow_symlinks=False))
    except FileNotFoundError:
        return False


def make(
    near: BorrowedDirectory, known: bytes, directory: BorrowedDirectory, temp: bytes
) -> Lack | None:
    """Give a file another name; the reason if that is not possible here. Raises OSError."""
    try:
        try:
            _link(near, known, directory, temp)
        except FileExistsError:  # left by a killed run, or planted
            os.unlink(temp, dir_fd=directory.fd)
            _link(near, known, directory, temp)
    except OSError as caught:
        if caught.errno not in _REFUSED:
            raise
        return Lack(f"restored as a file of its own, not as a hard link ({caught.strerror})")
    return None


def _link(near: BorrowedDirectory, known: bytes, directory: BorrowedDirectory, temp: bytes) -> None:
    os.link(known, temp, src_dir_fd=near.fd, dst_dir_fd=directory.fd, follow_symlinks=False)
