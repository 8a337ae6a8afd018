"""Paths longer than the kernel takes in one call (PATH_MAX, 4,096 bytes)."""

from __future__ import annotations

import os

_LONGEST = 4_000
_FLAGS = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


def open_near(root: int, path: bytes) -> tuple[int, bytes]:
    """A new descriptor of a directory on the way, and the rest of the path, short enough.

    `path` is relative to the directory `root`. The descriptor names a place only (``O_PATH``):
    that takes no right to list it. Raises OSError.
    """
    fd = os.open(b".", _FLAGS, dir_fd=root)
    try:
        while len(path) > _LONGEST:
            cut = path.rindex(b"/", 0, _LONGEST)
            below = os.open(path[:cut], _FLAGS, dir_fd=fd)
            os.close(fd)
            fd, path = below, path[cut + 1 :]
    except BaseException:
        os.close(fd)
        raise
    return fd, path
