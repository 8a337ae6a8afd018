"""Names and files in a directory by which all of it is left out.

The directory itself stays, and so does the name: a restored one is still recognised.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from usenetsync_tui.model.filters import Filters, Rule
from usenetsync_tui.model.text.safe_name import safe_name

CACHE_TAG = b"CACHEDIR.TAG"
SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"
"""How the file begins: https://bford.info/cachedir/."""

_CACHES = Rule("--exclude-caches", "--exclude-caches")
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class DirectoryTags:
    """The names of `--exclude-if-present`, and cache directories."""

    def __init__(self, filters: Filters) -> None:
        self._names = filters.exclude_if_present
        self._caches = filters.exclude_caches
        self.any = bool(self._names or self._caches)

    def found(self, fd: int, has: Callable[[bytes], bool]) -> tuple[bytes, Rule] | None:
        """The name that leaves an open directory out, and the rule.

        `has`: whether the directory may have a name.
        """
        for name in self._names:
            if has(name) and _exists(fd, name):
                return name, Rule(safe_name(name), "--exclude-if-present")
        if self._caches and has(CACHE_TAG) and _is_tag(fd):
            return CACHE_TAG, _CACHES
        return None


def _exists(fd: int, name: bytes) -> bool:
    try:
        os.stat(name, dir_fd=fd, follow_symlinks=False)
    except OSError:
        return False
    return True


def _is_tag(directory: int) -> bool:
    try:
        fd = os.open(CACHE_TAG, _FLAGS, dir_fd=directory)
    except OSError:
        return False  # also one that cannot be read: the directory is backed up
    with open(fd, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return False
        return file.read(len(SIGNATURE)) == SIGNATURE
