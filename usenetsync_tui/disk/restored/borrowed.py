"""An open directory of the target, borrowed while its entries are written.

Knows its path, its spelling on the disk, and how to explain a failure inside it. Refuses to know
how it was opened and how long it stays open (`directories`).
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Protocol

from usenetsync_tui.disk.restored.names import TargetNames
from usenetsync_tui.errors import TargetError, TargetFileError
from usenetsync_tui.model.text.safe_name import safe_name

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFREG: "a file",
    stat.S_IFLNK: "a symlink",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

_IN_THE_WAY = frozenset([errno.ENOTDIR, errno.ELOOP, errno.EEXIST, errno.EISDIR, errno.ENXIO])

FULL = frozenset([errno.ENOSPC, errno.EDQUOT])
"""Errors of a file system without room."""
_NO_SUCH_NAMES = frozenset([errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG])


def kind_words(mode: int) -> str:
    """What an entry is, with its article."""
    return _KINDS.get(stat.S_IFMT(mode), "something else")


class _Owner(Protocol):
    """The directories it is borrowed from."""

    root_path: bytes
    names: TargetNames

    def open_up(self, directory: BorrowedDirectory) -> None: ...

    def is_over(self, caught: OSError, directory: BorrowedDirectory) -> bool: ...

    def give_back(self, directory: BorrowedDirectory) -> None: ...


class BorrowedDirectory:
    """An open directory, borrowed for a ``with`` block."""

    __slots__ = (
        *("_is_spelled_so", "_owner", "depth", "device", "fd", "made", "path", "real", "users"),
        "writable",
    )

    def __init__(self, owner: _Owner, fd: int, path: bytes, real: bytes | None, depth: int) -> None:
        self._owner = owner
        self.fd = fd
        self.path = path
        """The path with a slash at its end; the root's is ``b""``."""
        self.real = real
        """The path as the file system spells it; None when that is not known."""
        self._is_spelled_so = real == path
        self.depth = depth
        """Levels below the root."""
        self.device = os.fstat(fd).st_dev
        self.made = False
        """Whether this run made it, so that all its entries are ours."""
        self.users = 1
        self.writable = False
        """Whether it is known to be writable."""

    def require_writable(self) -> None:
        """Raise OSError unless entries can be added; change its mode for that if it is ours."""
        if not self.writable:
            self._owner.open_up(self)

    @property
    def changes_names(self) -> bool:
        """Whether its file system may list new entries under other names."""
        return self.device in self._owner.names.changing

    @property
    def is_plain(self) -> bool:
        """Whether no two names are known to lead to one entry."""
        names = self._owner.names
        return not (names.folding or self.device in names.changing or not self._is_spelled_so)

    @property
    def has_only_ours(self) -> bool:
        """Whether a name that was not written yet cannot be in it, as far as is known."""
        return self.made and self.is_plain

    def claim(self, name: bytes) -> bool:
        """`TargetNames.claim` for an entry in it."""
        return self._owner.names.claim(self.fd, self.real, self.path + name, name)

    def claim_new(self, name: bytes) -> None:
        """Raise TargetFileError when a new name would be another path's entry here."""
        if self.real != self.path:
            real = None if self.real is None else self.real + name
            self._owner.names.refuse_taken(real, self.path + name)

    def explain(self, caught: OSError, name: bytes) -> TargetFileError | TargetError:
        """The error for the user: what is in the way, or the system's error text.

        A TargetError if it concerns the whole target: its file system is full.
        """
        if self._owner.is_over(caught, self):
            room = " Make room and run the same command again." if caught.errno in FULL else ""
            return TargetError(f"{safe_name(self._owner.root_path)}: {caught.strerror}.{room}")
        if caught.errno in _IN_THE_WAY:
            try:
                mode = os.stat(name, dir_fd=self.fd, follow_symlinks=False).st_mode
            except OSError:
                pass  # Gone meanwhile: report the first error.
            else:
                return TargetFileError(f"{kind_words(mode)} is in the way")
        words = caught.strerror or str(caught)
        if caught.errno in _NO_SUCH_NAMES:
            return TargetFileError(f"this file system does not allow the name ({words})")
        if caught.errno == errno.EFBIG:
            return TargetFileError(f"this file system cannot hold a file of this size ({words})")
        return TargetFileError(words)

    def __enter__(self) -> BorrowedDirectory:
        return self

    def __exit__(self, *_: object) -> None:
        self._owner.give_back(self)
