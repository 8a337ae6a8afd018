"""Two system calls Python does not offer: fallocate(2) and syncfs(2).

``os.posix_fallocate`` will not do: where the file system cannot preallocate, glibc writes a
byte into every block instead, which for a restore means writing everything twice.
"""

from __future__ import annotations

import ctypes
import errno
import os

_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
_libc.syncfs.argtypes = [ctypes.c_int]
_REFUSALS = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
"""What is said of this file; anything else says that the file system does not preallocate."""


def preallocate(fd: int, size: int) -> bool:
    """Reserve the blocks of bytes 0…size; False where the file system cannot.

    The file is `size` bytes long at least afterwards, its content unchanged. Raises OSError
    (ENOSPC, EFBIG, EDQUOT…).
    """
    if size == 0:
        return True
    while _libc.fallocate(fd, 0, 0, size) != 0:
        code = ctypes.get_errno()
        if code in _REFUSALS:
            raise OSError(code, os.strerror(code))
        if code != errno.EINTR:
            return False
    return True


def sync_file_system(fd: int) -> None:
    """Return when the file system `fd` is on has everything written. Raises OSError (EIO…)."""
    if _libc.syncfs(fd) != 0:
        code = ctypes.get_errno()
        if code not in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
            raise OSError(code, os.strerror(code))
        os.sync()  # of all file systems, where this one cannot be told alone
