"""Locks on files, held by the kernel: it releases them when the last holder ends, in any way.

They hold between processes that cannot see each other (containers with process namespaces of
their own), because they belong to the file and not to a process id. On NFS the kernel turns
them into locks of the server (flock(2)), so they hold between machines as well, unless the
mount options forbid it.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.ownership import open_or_make

_WITHOUT_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


def open_lock_file(path: Path) -> int:
    """A descriptor of a file to lock, made with mode 0600 if it is missing."""
    return open_or_make(path, os.O_RDWR | os.O_NOFOLLOW)


def lock_exclusively(descriptor: int) -> bool:
    """Take the lock without waiting; whether it succeeded.

    Raises ``DatabaseStartError`` on a file system without locks.
    """
    import fcntl

    return _lock(descriptor, fcntl.LOCK_EX)


def lock_shared(descriptor: int) -> bool:
    """Like ``lock_exclusively``, but other processes may share the lock."""
    import fcntl

    return _lock(descriptor, fcntl.LOCK_SH)


def _lock(descriptor: int, kind: int) -> bool:
    import fcntl  # Not on Windows, where this module must still import.

    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise
        raise DatabaseStartError(
            f"The file system of the data folder cannot lock files ({error.strerror}), and "
            "without a lock two servers could run on the same data. Move the data folder to a "
            "local disk, or mount its file system with locks.",
            whole=True,
        ) from error
    return True
