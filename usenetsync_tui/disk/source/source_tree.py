"""Source: the bytes of a folder's files, or the reason why they cannot be read.

Knows how to read exactly the file the walk saw: after the last byte, the size, mtime_ns, ctime_ns
and inode of the open file must still be the entry's, so the bytes are one state of the file and
not a mixture (as far as its times can tell: see `racy`). Follows no symlink below the folder, in
any component of a path (`beneath`). Reads a file to its end, whatever its size claims: in /proc
and on some FUSE file systems sizes are wrong. Refuses to know what the bytes are for. Synchronous;
any number of threads may use one `SourceTree`. Every failure of one file is a `SourceFileError`.

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
is in the loop; from a cold disk the figures vary both ways from run to run. But a file
truncated while it is mapped kills the whole process with SIGBUS, where ``pread`` returns
fewer bytes: a bad file must not stop the other files. A reused buffer (``preadv``) gained
nothing from the cache, and slices that wait in a queue could not share it.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import Self

from usenetsync_tui.disk.beneath import open_beneath, open_parent
from usenetsync_tui.disk.holes import extents_of, may_have_holes
from usenetsync_tui.disk.source.identity import Inodes, check_identity, truncated
from usenetsync_tui.disk.source.metadata import metadata_of
from usenetsync_tui.disk.source.source_file import (
    REPLACED,
    VANISHED,
    SourceFile,
    WrongSizeError,
    failure_of,
)
from usenetsync_tui.disk.source.sparse_file import SparseSourceFile
from usenetsync_tui.disk.source.stat_entries import (
    KINDS,
    directory_entry,
    regular_entry,
    special_entry,
    symlink_entry,
)
from usenetsync_tui.errors import SourceError, SourceFileError
from usenetsync_tui.model.entries import Entry, FileKind, NoticeKind
from usenetsync_tui.model.metadata.metadata import NONE, Metadata
from usenetsync_tui.model.segments import PACK_LIMIT
from usenetsync_tui.model.text.safe_name import safe_name

# O_NONBLOCK: if a FIFO has replaced the file, opening it must not wait for a writer.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class SourceTree:
    """A folder, open for reading. Raises SourceError when the root cannot be opened."""

    def __init__(self, root: bytes, *, ignore_inode: bool = False) -> None:
        """`ignore_inode`: identify a file by its size and times alone."""
        self.inodes = Inodes(ignore_inode)
        try:
            self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as caught:
            raise SourceError(f"{safe_name(root)}: {caught.strerror}") from caught

    def close(self) -> None:
        """Close it. A second call does nothing."""
        if self._root >= 0:
            fd, self._root = self._root, -1
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def in_order(self) -> NearbyFiles:
        """The same tree for one thread that reads many files in path order."""
        return NearbyFiles(self._root, self.inodes)

    def read_small(self, entry: Entry) -> bytes:
        """All of a small file. Raises SourceFileError.

        `WrongSizeError` when it has more than `PACK_LIMIT` bytes, and more than its size says.
        """
        return self.take_small(entry, holes=False)[0]

    def take_small(self, entry: Entry, *, holes: bool = True) -> tuple[bytes, Metadata]:
        """All of a small file and what it has beside its entry, with five system calls.

        Raises SourceFileError; `WrongSizeError` also, if `holes`, when it has some: `open` it then.
        """
        path, _, size, mtime_ns, ctime_ns, inode, *_ = entry
        try:
            fd = self._open(path)
            try:
                data = os.read(fd, size + 1 if size else PACK_LIMIT + 1)
                while 0 < len(data) < size and (more := os.read(fd, size + 1 - len(data))):
                    data += more
                status = os.fstat(fd)
                if (
                    status.st_mtime_ns != mtime_ns
                    or status.st_ctime_ns != ctime_ns
                    or status.st_size != size
                    or status.st_ino != inode
                    or len(data) != size
                ):
                    check_identity(entry, fd, self.inodes)
                    if len(data) != size:
                        data = self._to_the_end(fd, data, entry)
                if holes and may_have_holes(status) and extents_of(fd, size) is not None:
                    raise WrongSizeError
                return data, metadata_of(fd, status)
            finally:
                os.close(fd)
        except OSError as caught:
            raise failure_of(caught) from caught

    def open(self, entry: Entry, *, holes: bool = False) -> SourceFile:
        """Open a large file and check that it is the one the walk saw. Raises SourceFileError.

        `holes`: read only the bytes between them, if it has some.
        """
        began_ns = time.time_ns()
        try:
            fd = self._open(entry.path)
        except OSError as caught:
            raise failure_of(caught) from caught
        file = SourceFile(fd, entry, self.inodes, began_ns)
        try:
            file.check()
            extents = None
            if holes and may_have_holes(os.fstat(fd)):
                extents = extents_of(fd, entry.size)
            if extents is not None:
                file = SparseSourceFile(fd, entry, self.inodes, began_ns, extents)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        except OSError as caught:
            file.close()
            raise failure_of(caught) from caught
        except SourceFileError:
            file.close()
            raise
        return file

    def restat(self, path: bytes) -> Entry | None:
        """The entry of `path` now; None when nothing there can be backed up.

        Accepts the path with or without a directory's slash; the entry has the right one.
        Raises SourceFileError (UNREADABLE) when the path cannot be examined.
        """
        name = path.rstrip(b"/")
        try:
            near, last = open_parent(self._root, name)
            try:
                status = os.stat(last, dir_fd=near, follow_symlinks=False)
                kind = stat.S_IFMT(status.st_mode)
                if kind == stat.S_IFLNK:
                    return symlink_entry(name, status, os.readlink(last, dir_fd=near))
            finally:
                os.close(near)
        except OSError as caught:
            if caught.errno in VANISHED | REPLACED or caught.errno == errno.EINVAL:
                return None
            raise failure_of(caught) from caught
        if kind == stat.S_IFREG:
            return regular_entry(name, status)
        if kind == stat.S_IFDIR:
            return directory_entry(name and name + b"/", status)
        return special_entry(name, status) if kind in KINDS else None

    def as_it_is(self, entry: Entry) -> Entry:
        """The entry of a file that may have new times or a new inode by now.

        For a caller that compares a digest afterwards. Raises SourceFileError when there is no
        file of at least this size.
        """
        now = self.restat(entry.path)
        if now is None or now.kind != FileKind.REGULAR:
            raise SourceFileError(NoticeKind.CHANGED, "was replaced or deleted")
        if now.size < entry.size:
            raise truncated(entry.size, now.size)
        return now

    def _open(self, path: bytes) -> int:
        try:
            return open_beneath(self._root, path, _FLAGS)
        except OSError as refusal:
            if refusal.errno != errno.ENAMETOOLONG:
                raise
        near, name = open_parent(self._root, path)
        try:
            return open_beneath(near, name, _FLAGS)
        finally:
            os.close(near)

    def _to_the_end(self, fd: int, data: bytes, entry: Entry) -> bytes:
        """All bytes of a file whose size is wrong.

        Reads from the start, as much as possible at once: files of /proc/sys end after the
        first read, however short it is.
        """
        if entry.size:
            os.lseek(fd, 0, os.SEEK_SET)
            data = b""
        while len(data) <= PACK_LIMIT and (more := os.read(fd, PACK_LIMIT + 1 - len(data))):
            data += more
        check_identity(entry, fd, self.inodes)
        if len(data) > PACK_LIMIT:
            raise WrongSizeError
        return data


class NearbyFiles(SourceTree):
    """A folder, read in path order by one thread: the directory of the last file stays open.

    Opening a name in it costs half as much as opening from the root, and is as safe: the
    directory was opened without a symlink. For a short time only, such as one pack: it does not
    notice a directory that replaces the open one.
    """

    def __init__(self, root: int, inodes: Inodes) -> None:
        """`root` still belongs to the `SourceTree` that opened it."""
        self.inodes = inodes
        self._root = root
        self._above: bytes | None = None
        self._near = -1

    def close(self) -> None:
        """Close the directory; the tree stays open. A second call does nothing."""
        self._above = None
        if self._near >= 0:
            fd, self._near = self._near, -1
            os.close(fd)

    def metadata(self, entry: Entry) -> Metadata:
        """What a path has beside its entry, without opening it.

        `NONE` for a path that is gone: the next walk will see that.
        """
        try:
            near, name = self._in_directory(entry.path.rstrip(b"/"))
            place = b"/proc/self/fd/%d/%s" % (near, name)
            return metadata_of(place, os.stat(name, dir_fd=near, follow_symlinks=False))
        except OSError as caught:
            if caught.errno in VANISHED | REPLACED:
                return NONE
            return Metadata(lack=f"extended attributes cannot be read ({caught.strerror})")

    def _open(self, path: bytes) -> int:
        near, name = self._in_directory(path)
        return os.open(name, _FLAGS, dir_fd=near)

    def _in_directory(self, path: bytes) -> tuple[int, bytes]:
        """The open directory of a path, and its name there."""
        above, _, name = path.rpartition(b"/")
        if above != self._above:
            self.close()
            self._near, _ = open_parent(self._root, path)
            self._above = above
        return self._near, name or b"."
