"""Opens a path below a directory without following a symlink in any component.

Knows two methods. If the kernel has openat2(2) (Linux 5.6), one call refuses symlinks, magic
links (``/proc/self/fd/3``) and every path that leaves the root. Otherwise, or if a container's
filter forbids the call, it opens the path component by component with ``O_NOFOLLOW``. Both cross
mount points: a folder may have file systems inside. Refuses to know what it opens. Synchronous;
the calls release the GIL, and any number of threads may make them.

The `OSError` for a symlink in the path is ELOOP, for a path that leaves the root EXDEV.
"""

from __future__ import annotations

import errno
import os
import stat

from usenetsync_tui.disk.linux_calls import has_openat2, open_resolved

_LONGEST = 4_000
"""Bytes of a path in one call: the kernel accepts PATH_MAX, 4,096."""
_PLACE = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_RACES = 64
"""How often to repeat an open that a concurrent rename has disturbed."""


def open_beneath(root: int, path: bytes, flags: int) -> int:
    """A new descriptor of `path`, relative to the directory `root`, opened without symlinks.

    Raises OSError; ENAMETOOLONG for a path longer than PATH_MAX: see `open_parent`.
    """
    if not has_openat2():
        return _open_stepwise(root, path, flags)
    for _ in range(_RACES):
        try:
            return open_resolved(root, path, flags)
        except BlockingIOError:
            continue
    return _open_stepwise(root, path, flags)


def open_parent(root: int, path: bytes) -> tuple[int, bytes]:
    """A new descriptor of the directory that contains `path`, and the name of `path` in it.

    For a path of any length. The descriptor is ``O_PATH``, which needs no right to list the
    directory; for `root` itself the name is ``b"."``. Raises OSError.
    """
    above, _, name = path.rpartition(b"/")
    fd = os.open(b".", _PLACE, dir_fd=root)
    try:
        while above:
            cut = len(above) if len(above) <= _LONGEST else above.rindex(b"/", 0, _LONGEST)
            below = open_beneath(fd, above[:cut], _PLACE)
            os.close(fd)
            fd, above = below, above[cut + 1 :]
    except BaseException:
        os.close(fd)
        raise
    return fd, name or b"."


def _open_stepwise(root: int, path: bytes, flags: int) -> int:
    """The same without openat2: no step follows a symlink."""
    *above, name = path.split(b"/")
    if len(path) > _LONGEST:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    if b"" in above or b".." in (*above, name):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    at = root
    try:
        for step in above:
            below = _step(at, step, _PLACE)
            if at != root:
                os.close(at)
            at = below
        return _step(at, name, flags)
    finally:
        if at != root:
            os.close(at)


def _step(at: int, name: bytes, flags: int) -> int:
    try:
        return os.open(name, flags | os.O_NOFOLLOW, dir_fd=at)
    except NotADirectoryError:
        # The kernel refuses a symlink with this error, too. If the name changes meanwhile, the
        # error differs, but the open still fails.
        if stat.S_ISLNK(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise
