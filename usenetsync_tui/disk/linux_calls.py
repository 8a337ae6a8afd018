"""Four system calls that Python does not offer.

fallocate(2), sync_file_range(2), syncfs(2) and openat2(2).

``os.posix_fallocate`` does not help: if the file system cannot preallocate, glibc writes a byte
into every block instead, so a restore would write everything twice.
"""

from __future__ import annotations

import ctypes
import errno
import os
from functools import cache

_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
_libc.sync_file_range.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
_libc.syncfs.argtypes = [ctypes.c_int]
_REFUSALS = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
"""Errors about this file; any other means that the file system cannot do what was asked."""
_SYNC_FILE_RANGE_WRITE = 2

_OPENAT2 = 437  # the same on every architecture of Linux but alpha
_AT_FDCWD = -100
_NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x02, 0x04, 0x08


class _OpenHow(ctypes.Structure):
    """``struct open_how`` of <linux/openat2.h>."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


# A prototype of our own: other callers of syscall(2) in this process have other arguments.
_openat2 = ctypes.CFUNCTYPE(
    ctypes.c_long,
    *(ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(_OpenHow), ctypes.c_size_t),
    use_errno=True,
)(("syscall", _libc))


def preallocate(fd: int, size: int) -> bool:
    """Reserve the blocks of bytes 0…size; False if the file system cannot.

    Afterwards the file has at least `size` bytes, and its content is unchanged. Raises OSError
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


def begin_write_back(fd: int) -> None:
    """Have the kernel write to the disk what was written to a file so far; does not wait for it.

    It makes nothing durable, and only `sync_file_system` says whether all of it arrived: so where
    the system cannot begin early, nothing is lost but time. Raises OSError (ENOSPC, EIO, EDQUOT…).
    """
    if _libc.sync_file_range(fd, 0, 0, _SYNC_FILE_RANGE_WRITE) != 0:
        code = ctypes.get_errno()
        if code in _REFUSALS:
            raise OSError(code, os.strerror(code))


def sync_file_system(fd: int) -> None:
    """Return when everything on the file system of `fd` is on the disk. Raises OSError (EIO…)."""
    if _libc.syncfs(fd) != 0:
        code = ctypes.get_errno()
        if code not in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
            raise OSError(code, os.strerror(code))
        os.sync()  # all file systems, because this one cannot be synced alone


@cache
def has_openat2() -> bool:
    """Whether openat2 works here: an old kernel has none, a container may forbid it."""
    try:
        os.close(open_resolved(_AT_FDCWD, b".", os.O_PATH | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def open_resolved(at: int, path: bytes, flags: int) -> int:
    """Call openat2 so that it follows no symlink or magic link and stays in the directory `at`.

    Raises OSError: ELOOP for a link, EXDEV for a path out of `at`, EAGAIN (BlockingIOError) after
    a concurrent rename.
    """
    how = _how(flags)
    while (fd := _openat2(_OPENAT2, at, path, how, 24)) < 0:
        code = ctypes.get_errno()
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code))
    return int(fd)


@cache
def _how(flags: int) -> _OpenHow:
    """One structure for all calls with these flags: the kernel only reads it."""
    return _OpenHow(flags, 0, _BENEATH | _NO_SYMLINKS | _NO_MAGICLINKS)
