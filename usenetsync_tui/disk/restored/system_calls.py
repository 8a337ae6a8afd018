"""System calls of a restore that Python does not offer, and the rights of this process.

Numbers and flags are those of Linux: rename(2), ioctl_ficlone(2), capabilities(7).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_renameat2 = getattr(_libc, "renameat2", None)  # None: a libc without it
_RENAME_NOREPLACE = 1
_FICLONE = 0x40049409
_CAP_CHOWN = 0
UNSUPPORTED = frozenset([errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
"""Errors of a file system, a kernel or a libc that does not support an operation."""


def rename_new(directory: int, old: bytes, new: bytes) -> None:
    """Rename inside a directory in one step, never over another entry.

    Raises FileExistsError when something has the name, and OSError with one of `UNSUPPORTED`
    when the file system cannot do this.
    """
    if _renameat2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if _renameat2(directory, old, directory, new, _RENAME_NOREPLACE) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def is_there(directory: int, name: bytes) -> bool:
    """Whether an open directory has an entry. Raises OSError."""
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def clone(source: int, to: int) -> bool:
    """Let a file share the blocks of another one; False if the file system cannot."""
    try:
        fcntl.ioctl(to, _FICLONE, source)
    except OSError:
        return False  # For any reason: the caller copies, and gets a real error then.
    return True


def file_system(fd: int) -> int:
    """The magic number of a file's file system (statfs(2)); 0 if it is not available."""
    answer = ctypes.create_string_buffer(512)  # longer than any system's struct statfs
    if _libc.fstatfs(fd, answer) != 0:
        return 0
    return ctypes.c_ulong.from_buffer(answer).value  # f_type comes first


def may_change_owners() -> bool:
    """Whether this process may give files to other users (CAP_CHOWN, which root usually has)."""
    rights = _status(b"CapEff", 16)
    return os.geteuid() == 0 if rights is None else bool(rights >> _CAP_CHOWN & 1)


def umask() -> int:
    """The mode bits that new files of this process do not get; all of them if that is not known.

    umask(2) tells it only by changing it, for all threads.
    """
    found = _status(b"Umask", 8)
    return 0o777 if found is None else found


def _status(what: bytes, base: int) -> int | None:
    """A number of proc_pid_status(5) about this process; None if it is not there."""
    try:
        status = Path("/proc/self/status").read_bytes()
    except OSError:
        return None
    for line in status.splitlines():
        name, _, value = line.partition(b":")
        if name == what:
            return int(value, base)
    return None
