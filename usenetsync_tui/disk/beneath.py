"""Opens below a directory beneath which no symlink is followed, in whatever component.

Knows two ways to the same end. Where the kernel has openat2(2) (Linux 5.6), one call refuses
symlinks, magic links (``/proc/self/fd/3``) and every way out of the root. Elsewhere, and where a
container's filter forbids the call, the path is walked component by component with
``O_NOFOLLOW``. Mount points are crossed: a folder may have file systems inside. Refuses to know
what is opened. Synchronous; the calls leave the GIL, and any number of threads may make them.

An `OSError` that means "a symlink is on the way" is ELOOP; "the path leads out" is EXDEV.
"""

from __future__ import annotations

import errno
import os
import stat

from usenetsync_tui.disk.linux_calls import has_openat2, open_resolved

_LONGEST = 4_000
"""Bytes of a path in one call: the kernel takes PATH_MAX, 4,096."""
_PLACE = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_RACES = 64
"""How often an open is tried again when something was renamed meanwhile."""


def open_beneath(root: int, path: bytes, flags: int) -> int:
    """A new descriptor of `path`, relative to the directory `root`, opened without symlinks.

    A path beyond PATH_MAX is refused with ENAMETOOLONG: see `open_parent`. Raises OSError.
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
    """A new descriptor of the directory that `path` lies in, and its name there.

    For a path of any length. The descriptor names a place only (``O_PATH``), which takes no
    right to list it; that of `root` itself comes with the name ``b"."``. Raises OSError.
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
        # A symlink is refused in these words too. What it is may change again meanwhile: then
        # the reason is another one, and it is refused all the same.
        if stat.S_ISLNK(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise
