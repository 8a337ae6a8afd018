"""identity: whether an open file is the one the walk saw, and how far to trust inode numbers.

Size, mtime_ns and ctime_ns identify it, and so does the inode number; but on some file systems
(mergerfs, sshfs) that differs at each stat. A file of which only the inode number differs is the
same file, because any new file under a name gets a ctime of its own. Refuses to know where files
are.
"""

from __future__ import annotations

import os
import stat
import time

from usenetsync_tui.disk.source.racy import is_racy
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.entries import Entry, NoticeKind, fitted


class Inodes:
    """Whether the inode numbers of a folder's files can be trusted. Thread-safe."""

    __slots__ = ("ignored", "unstable")

    def __init__(self, ignored: bool) -> None:
        self.ignored = ignored
        """Not compared: the user chose so, or earlier runs found them unstable."""
        self.unstable = False
        """One has changed while nothing else did."""

    def found(self, fd: int, entry: Entry, inode: int) -> None:
        """Record that a file has another inode number than the walk saw, and nothing else differs.

        Inode numbers are unstable if a second stat of the same open file finds yet another one,
        or if the file is old: within the tick of their making, two files may have the same times.
        """
        again = os.fstat(fd).st_ino
        self.unstable |= again != inode or not is_racy(
            entry.mtime_ns, entry.ctime_ns, time.time_ns()
        )


def check_identity(entry: Entry, fd: int, inodes: Inodes) -> None:
    """Raise SourceFileError (CHANGED) unless `fd` is the file of the entry. Raises OSError."""
    status = os.fstat(fd)
    same_inode = inodes.ignored or fitted(status.st_ino) == entry.inode
    times = fitted(status.st_mtime_ns), status.st_ctime_ns
    same_stat = (status.st_size, *times) == (entry.size, entry.mtime_ns, entry.ctime_ns)
    if not stat.S_ISREG(status.st_mode) or not (same_inode or same_stat or inodes.unstable):
        raise SourceFileError(NoticeKind.CHANGED, "was replaced")
    if status.st_size < entry.size:
        raise truncated(entry.size, status.st_size)
    if same_stat:
        if not same_inode:
            inodes.found(fd, entry, status.st_ino)
        return
    if status.st_size > entry.size:
        reason = f"grew from {entry.size:,} to {status.st_size:,} bytes"
    elif times[0] != entry.mtime_ns:
        reason = "was modified"
    else:
        reason = "was modified (mode, owner, name or links)"
    raise SourceFileError(NoticeKind.CHANGED, reason)


def truncated(before: int, now: int) -> SourceFileError:
    """The error for a file that became shorter."""
    reason = f"was truncated from {before:,} to {now:,} bytes"
    return SourceFileError(NoticeKind.CHANGED, reason)
