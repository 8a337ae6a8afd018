"""One open file of a folder, which must stay the file that the walk saw.

Knows how to read it, and the reasons why it cannot be read. Refuses to know how it was found
(`source_tree`).
"""

from __future__ import annotations

import errno
import os
from typing import Self

from usenetsync_tui.disk.source.identity import Inodes, check_identity
from usenetsync_tui.disk.source.metadata import metadata_of
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.entries import Entry, NoticeKind
from usenetsync_tui.model.metadata.metadata import Extents, Metadata

VANISHED = frozenset([errno.ENOENT, errno.ENOTDIR])
"""Errors of opening a file that was deleted."""
REPLACED = frozenset([errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EXDEV])
"""Errors of opening or reading when a symlink, socket or directory has replaced the file, or a
symlink a directory above it."""


class WrongSizeError(SourceFileError):
    """The file is the one the walk saw, but has more or fewer bytes than its size says."""

    def __init__(self) -> None:
        super().__init__(NoticeKind.CHANGED, "is longer or shorter than its size says")


class SourceFile:
    """One large open file, from `SourceTree.open`. Any thread may read, at any offset."""

    __slots__ = ("_entry", "_fd", "_inodes", "began_ns")

    def __init__(self, fd: int, entry: Entry, inodes: Inodes, began_ns: int) -> None:
        self._fd = fd
        self._entry = entry
        self._inodes = inodes
        self.began_ns = began_ns
        """The wall clock before the file was opened, for `racy`."""

    @property
    def extents(self) -> Extents | None:
        """Where it has bytes; None: everywhere."""
        return None

    @property
    def size(self) -> int:
        """Bytes to read, as far as its size can be trusted."""
        return self._entry.size if self.extents is None else self.extents.stored

    @property
    def descriptor(self) -> int:
        """For another process that reads it; whether it is unchanged is found out here."""
        return self._fd

    def pieces(self, offset: int, size: int) -> list[tuple[int, int]]:
        """Where `read` finds its bytes in the file: offsets and sizes."""
        return [(offset, size)]

    def metadata(self) -> Metadata:
        """What it has beside its entry. Raises SourceFileError."""
        try:
            return metadata_of(self._fd, os.fstat(self._fd))._replace(extents=self.extents)
        except OSError as caught:
            raise failure_of(caught) from caught

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes from `offset`.

        Raises SourceFileError: `WrongSizeError` when the file ends early without a change,
        CHANGED, UNREADABLE.
        """
        data = self._read(offset, size)
        if len(data) < size:
            self.check()
            raise WrongSizeError
        return data

    def some(self, offset: int, most: int) -> bytes:
        """Up to `most` bytes from `offset`; fewer only at the end of the file.

        Raises SourceFileError (UNREADABLE).
        """
        return self._read(offset, most)

    def _read(self, offset: int, size: int) -> bytes:
        try:
            data = os.pread(self._fd, size, offset)
            while len(data) < size:
                more = os.pread(self._fd, size - len(data), offset + len(data))
                if not more:
                    break
                data += more
        except OSError as caught:
            raise failure_of(caught) from caught
        return data

    def check(self) -> None:
        """Raise SourceFileError (CHANGED) unless this is still the file the walk saw.

        Call it after the last read: only then is it certain that the bytes belong together.
        """
        try:
            check_identity(self._entry, self._fd, self._inodes)
        except OSError as caught:
            raise failure_of(caught) from caught

    def check_end(self, size: int) -> None:
        """Raise SourceFileError unless the file is what the walk saw and ends after `size` bytes.

        `WrongSizeError` when it is only longer.
        """
        self.check()
        if self._read(size, 1):
            self.check()
            raise WrongSizeError

    def close(self) -> None:
        """Close it. A second call does nothing."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def failure_of(caught: OSError) -> SourceFileError:
    """The failure to report for an error of the system."""
    reason = caught.strerror or str(caught)
    if caught.errno in VANISHED:
        return SourceFileError(NoticeKind.VANISHED, "was deleted")
    if caught.errno in REPLACED:
        return SourceFileError(NoticeKind.CHANGED, "was replaced")
    return SourceFileError(NoticeKind.UNREADABLE, reason)
