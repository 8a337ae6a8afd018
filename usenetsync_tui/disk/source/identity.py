"""identity: whether an open file is the one the walk saw, and what inode numbers are worth.

Size, mtime_ns and ctime_ns tell; so does the inode number, but on some file systems (mergerfs,
sshfs) it is another one at each look. A file whose inode number alone is another one is the
same file: whatever takes a name gets a ctime of its own. Refuses to know where files lie.
"""

from __future__ import annotations

import os
import stat
import time

from usenetsync_tui.disk.source.racy import is_racy
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.entries import Entry, NoticeKind, fitted


class Inodes:
    """What the inode numbers of a folder's files are worth. Any thread may ask."""

    __slots__ = ("ignored", "unstable")

    def __init__(self, ignored: bool) -> None:
        self.ignored = ignored
        """By choice, or as found in earlier runs: they are not looked at."""
        self.unstable = False
        """One was found to change while nothing else did."""

    def found(self, fd: int, entry: Entry, inode: int) -> None:
        """A file has another inode number than the walk saw, and nothing else differs.

        That proves something where another look at the same open file finds yet another one, or
        where the file is old: in the tick it is made in, two files may have the same times.
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
    same_look = (status.st_size, *times) == (entry.size, entry.mtime_ns, entry.ctime_ns)
    if not stat.S_ISREG(status.st_mode) or not (same_inode or same_look or inodes.unstable):
        raise SourceFileError(NoticeKind.CHANGED, "was replaced")
    if status.st_size < entry.size:
        raise truncated(entry.size, status.st_size)
    if same_look:
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
    """A file became shorter."""
    reason = f"was truncated from {before:,} to {now:,} bytes"
    return SourceFileError(NoticeKind.CHANGED, reason)
