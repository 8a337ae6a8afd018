"""Source: the bytes of a folder's files, or the reason why not.

Knows how to read exactly the file the walk saw: the size, mtime_ns, ctime_ns and inode of
the open file must be the entry's after its last byte was read, so what is kept is one state
of the file and no mixture (as far as its timestamps tell: a single write call that was
under way during both looks is beyond them). Refuses to know what the bytes are for.
Synchronous; one `SourceTree` serves any number of threads. Every failure of one file is a
`SourceFileError`.

Large files are read with positional reads (``pread``) after ``posix_fadvise(SEQUENTIAL)``,
not through a memory mapping. Measured with ``tests/benchmarks/read_large_file.py`` (2.1 GB
file, 768,000-byte slices, two cores, GB/s):

====== ======= ======= ===== ========= ====== ==== ======== ============
cache  work    threads pread pread+seq preadv mmap mmapview mmapview+seq
====== ======= ======= ===== ========= ====== ==== ======== ============
warm   SHA-256 1        1.74      1.76   1.77 1.77     1.89         1.86
warm   SHA-256 2        3.44      3.44   3.43 3.47     3.66         3.66
cold   none    1        1.59      2.59   1.63 2.53     1.75         2.62
cold   none    2        2.06      3.19   2.30 2.97     2.86         1.23
cold   SHA-256 1        1.16      1.22   1.19 1.10     1.22         1.68
cold   SHA-256 2        1.90      1.92   2.46 1.53     2.37         1.08
====== ======= ======= ===== ========= ====== ==== ======== ============

A mapping saves one copy (``pread`` alone runs at 27 GB/s from the cache): 6 % once SHA-256
is in the loop; from a cold disk the figures scatter both ways from run to run. And a file
truncated while it is mapped kills the whole process with SIGBUS, where ``pread`` returns
short: a bad file has to stay one file's problem. A reused buffer (``preadv``) gained nothing
from the cache, and slices that wait in a queue could not share it.
"""

from __future__ import annotations

import errno
import os
import stat

from usenetsync_tui.errors import SourceError, SourceFileError
from usenetsync_tui.model.entries import Entry, FileKind, NoticeKind, fitted
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.pipeline.long_path import open_near
from usenetsync_tui.pipeline.scan import directory_entry, symlink_entry

# O_NONBLOCK: should a FIFO have taken the file's place, opening it must not wait for a writer.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_VANISHED = frozenset([errno.ENOENT, errno.ENOTDIR])
# What opening or reading answers when a symlink, socket or directory is there now.
_REPLACED = frozenset([errno.ELOOP, errno.ENXIO, errno.EISDIR])


class SourceFile:
    """One large file, open: `SourceTree.open` gives it. Reads are positional, from any thread."""

    __slots__ = ("_entry", "_fd")

    def __init__(self, fd: int, entry: Entry) -> None:
        self._fd = fd
        self._entry = entry

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`, both inside the entry's size; never fewer.

        Raises SourceFileError: CHANGED when the file ends early, UNREADABLE.
        """
        try:
            data = os.pread(self._fd, size, offset)
            while len(data) < size:
                more = os.pread(self._fd, size - len(data), offset + len(data))
                if not more:
                    now = os.fstat(self._fd).st_size
                    raise _truncated(self._entry.size, min(now, offset + len(data)))
                data += more
        except OSError as caught:
            raise _failure(caught) from caught
        return data

    def check(self) -> None:
        """Raise SourceFileError (CHANGED) unless this is still the file the walk saw.

        To be called after the last read: only then are the bytes read known to belong
        together.
        """
        try:
            status = os.fstat(self._fd)
        except OSError as caught:
            raise _failure(caught) from caught
        _check_identity(self._entry, status)

    def close(self) -> None:
        """Close it; twice does no harm."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def __enter__(self) -> SourceFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SourceTree:
    """A folder, open for reading. Raises SourceError when the root cannot be opened."""

    def __init__(self, root: bytes) -> None:
        try:
            self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as caught:
            raise SourceError(f"{safe_name(root)}: {caught.strerror}") from caught

    def close(self) -> None:
        """Close it; twice does no harm."""
        if self._root >= 0:
            fd, self._root = self._root, -1
            os.close(fd)

    def __enter__(self) -> SourceTree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read_small(self, entry: Entry) -> bytes:
        """All of a file that fits in memory: four system calls. Raises SourceFileError."""
        path, _, size, mtime_ns, ctime_ns, inode, *_ = entry
        try:
            try:
                fd = os.open(path, _FLAGS, dir_fd=self._root)
            except OSError as caught:
                fd = self._open_long(path, caught)
            try:
                data = os.read(fd, size + 1)
                while 0 < len(data) < size and (more := os.read(fd, size + 1 - len(data))):
                    data += more
                status = os.fstat(fd)
            finally:
                os.close(fd)
        except OSError as caught:
            raise _failure(caught) from caught
        if (
            status.st_mtime_ns != mtime_ns
            or status.st_ctime_ns != ctime_ns
            or status.st_size != size
            or status.st_ino != inode
            or len(data) != size
        ):
            _check_identity(entry, status)
            if len(data) != size:
                raise _truncated(size, len(data))
        return data

    def open(self, entry: Entry) -> SourceFile:
        """A large file, found to be the one the walk saw. Raises SourceFileError."""
        try:
            try:
                fd = os.open(entry.path, _FLAGS, dir_fd=self._root)
            except OSError as caught:
                fd = self._open_long(entry.path, caught)
        except OSError as caught:
            raise _failure(caught) from caught
        file = SourceFile(fd, entry)
        try:
            file.check()
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        except OSError as caught:
            file.close()
            raise _failure(caught) from caught
        except SourceFileError:
            file.close()
            raise
        return file

    def restat(self, path: bytes) -> Entry | None:
        """What `path` is now; None when there is nothing there that could be kept.

        Takes the path with or without a directory's slash and answers with the right one.
        Raises SourceFileError (UNREADABLE) when it cannot be looked up.
        """
        name = path.rstrip(b"/")
        try:
            near, rest = open_near(self._root, name)
            try:
                status = os.stat(rest or b".", dir_fd=near, follow_symlinks=False)
                kind = stat.S_IFMT(status.st_mode)
                if kind == stat.S_IFLNK:
                    return symlink_entry(name, status, os.readlink(rest, dir_fd=near))
            finally:
                os.close(near)
        except OSError as caught:
            if caught.errno in _VANISHED or caught.errno == errno.EINVAL:
                return None
            raise _failure(caught) from caught
        if kind == stat.S_IFREG:
            return regular_entry(name, status)
        if kind == stat.S_IFDIR:
            return directory_entry(name and name + b"/", status)
        return None

    def _open_long(self, path: bytes, refusal: OSError) -> int:
        """Open a path beyond PATH_MAX; any other refusal stands."""
        if refusal.errno != errno.ENAMETOOLONG:
            raise refusal
        near, rest = open_near(self._root, path)
        try:
            return os.open(rest, _FLAGS, dir_fd=near)
        finally:
            os.close(near)


def regular_entry(path: bytes, status: os.stat_result) -> Entry:
    """A regular file's entry."""
    return Entry(
        path,
        FileKind.REGULAR.value,
        status.st_size,
        fitted(status.st_mtime_ns),
        status.st_ctime_ns,
        fitted(status.st_ino),
        stat.S_IMODE(status.st_mode),
        None,
        status.st_uid,
        status.st_gid,
    )


def _check_identity(entry: Entry, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode) or fitted(status.st_ino) != entry.inode:
        reason = "was replaced"
    elif status.st_size > entry.size:
        reason = f"grew from {entry.size:,} to {status.st_size:,} bytes"
    elif status.st_size < entry.size:
        raise _truncated(entry.size, status.st_size)
    elif fitted(status.st_mtime_ns) != entry.mtime_ns:
        reason = "was modified"
    elif status.st_ctime_ns != entry.ctime_ns:
        reason = "was modified (mode, owner, name or links)"
    else:
        return
    raise SourceFileError(NoticeKind.CHANGED, reason)


def _truncated(before: int, now: int) -> SourceFileError:
    reason = f"was truncated from {before:,} to {now:,} bytes"
    return SourceFileError(NoticeKind.CHANGED, reason)


def _failure(caught: OSError) -> SourceFileError:
    reason = caught.strerror or str(caught)
    if caught.errno in _VANISHED:
        return SourceFileError(NoticeKind.VANISHED, "was deleted")
    if caught.errno in _REPLACED:
        return SourceFileError(NoticeKind.CHANGED, "was replaced")
    return SourceFileError(NoticeKind.UNREADABLE, reason)
