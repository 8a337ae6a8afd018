"""The directories of a restore's target, as descriptors that cannot lead outside of it.

Knows how to get from the target's root to a directory one real directory at a time: every
component is checked and opened with ``O_DIRECTORY | O_NOFOLLOW`` below the one before, so
neither ``..`` nor an absolute path nor a symlink, planted at any moment, leads elsewhere.
The directories used last stay open, because a restore writes many files into the same
ones. A directory of ours whose mode forbids writing gets another mode when something has to be
written into it, and its own mode again at the end. Refuses to know about files. Thread-safe: a
descriptor in use is never closed.

The long paths of a very deep tree come in no useful order (see `long_paths`). Each directory is
made, or compared with the listing of its parent, once: eight bytes remember that (for the last
million directories), and from then on one call of openat2(2) for every 4,000 bytes, which follows
no symlink either, leads to it. Directories at even distances stay open, so that this way is short:
at most the 200th part of the depth, in a tree of one branch. So the number of system calls grows
linearly with the number of directories. The bytes of all paths together, which are read, compared
and hashed some ten times, grow with the square of the depth, since a path is as long as the tree
is deep (400 MB for 20,000 levels of one letter).
"""

from __future__ import annotations

import errno
import os
import stat
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from usenetsync_tui.disk.beneath import open_beneath, open_parent
from usenetsync_tui.disk.restored.borrowed import FULL, BorrowedDirectory
from usenetsync_tui.disk.restored.known_directories import KnownDirectories
from usenetsync_tui.disk.restored.names import TargetNames
from usenetsync_tui.disk.restored.open_directory import FLAGS, is_writable, open_directory
from usenetsync_tui.disk.restored.probe import changes_names
from usenetsync_tui.disk.restored.safe_paths import split
from usenetsync_tui.model.path_keys import KEY_HEAD

DIRECTORIES_OPEN = 64
"""Most unused descriptors that stay open."""
MILESTONES = 200
"""Most descriptors that stay open on the way down a very deep tree."""
_PATHS = 4 << 20
"""Most bytes of the paths of either kind; longer paths mean fewer descriptors."""
_FIRST_STEP = 32
"""Levels between milestones, at first."""
_ORDERED = KEY_HEAD
"""Bytes of a path up to which the catalogue sorts by path, so that ways are short."""

Clear = Callable[[int, bytes, bytes], bool]


class TargetDirectories:
    """Directories below `root`, by their path with a slash at its end (the root's is ``b""``).

    Owns the descriptor `root`. Every failure is a TargetFileError, or a TargetError, which ends
    the restore.
    """

    def __init__(
        self,
        root: int,
        path: bytes,
        names: TargetNames,
        limit: int = DIRECTORIES_OPEN,
        *,
        clear: Clear = lambda parent, path, name: False,
    ) -> None:
        """`clear`: moves what is in the way of a directory, if it may (`Overwriting.clear`)."""
        self.root_path = path
        self._clear = clear
        self.names = names
        self.root_mode: int | None = None
        """The root's own mode, if it had to be changed."""
        self._lock = Lock()
        self._probing = Lock()
        self._probed: set[int] = set()
        self._limit = limit
        # Borrowed for good: only close() ends it.
        self._root = BorrowedDirectory(self, root, b"", b"", 0)
        self._open: OrderedDict[bytes, BorrowedDirectory] = OrderedDict()
        self._milestones: dict[bytes, BorrowedDirectory] = {}
        self._open_bytes = self._milestone_bytes = 0
        self._step = _FIRST_STEP
        self._growing = Lock()
        self._clearing = Lock()
        self._known = KnownDirectories()

    @property
    def root(self) -> int:
        """The root's descriptor."""
        return self._root.fd

    def borrow(self, path: bytes) -> BorrowedDirectory:
        """The directory, for a ``with`` block; missing ones are made (mode 0700), with parents."""
        with self._lock:
            found = self._take(path)
        if found is not None:
            return found
        if len(path) <= _ORDERED:
            return self._walk(self._nearest(path), path)
        if self._known.has(path, len(path)):
            return self._walk(self._jump(path), path)
        with self._growing:  # otherwise all threads would walk down step by step at once
            known = self._known.above(path)
            return self._walk(self._jump(known) if known else self._nearest(path), path)

    def give_back(self, directory: BorrowedDirectory) -> None:
        """Return a directory; surplus ones are closed, the longest unused first."""
        with self._lock:
            directory.users -= 1
            if len(self._open) > self._limit or self._open_bytes > _PATHS:
                self._shrink()

    def close(self) -> None:
        """Close all directories; borrow none afterwards. Restores the root's own mode."""
        with self._lock:
            for directory in (*self._open.values(), *self._milestones.values()):
                os.close(directory.fd)
            self._open.clear()
            self._milestones.clear()
            fd, self._root.fd = self._root.fd, -1
        if fd >= 0:
            try:
                if self.root_mode is not None:
                    os.fchmod(fd, self.root_mode)
            finally:
                os.close(fd)

    def open_up(self, directory: BorrowedDirectory) -> None:
        """Make a directory that is ours writable for us. Raises OSError."""
        if not is_writable(directory.fd):
            status = os.fstat(directory.fd)
            if os.fstatvfs(directory.fd).f_flag & os.ST_RDONLY:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            if status.st_uid == os.geteuid():
                self._change_mode(directory, stat.S_IMODE(status.st_mode))
            if not is_writable(directory.fd):
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        self._probe(directory)
        directory.writable = True

    def is_over(self, caught: OSError, directory: BorrowedDirectory) -> bool:
        """Whether an error concerns the rest of the target as well."""
        if directory.device != self._root.device:
            return False  # A file system mounted in the target: others may have room.
        if caught.errno == errno.EROFS:
            return bool(os.fstatvfs(self._root.fd).f_flag & os.ST_RDONLY)
        return caught.errno in FULL

    def _change_mode(self, directory: BorrowedDirectory, mode: int) -> None:
        try:
            os.fchmod(directory.fd, mode | 0o700)
        except OSError:
            return  # Modes cannot be changed here; the caller checks whether that matters.
        if directory is self._root and self.root_mode is None:
            self.root_mode = mode

    def _probe(self, directory: BorrowedDirectory) -> None:
        """Test, once for each file system, whether it keeps names unchanged."""
        with self._probing:
            if directory.device not in self._probed:
                if changes_names(directory.fd, self.names.probe):
                    self.names.changing.add(directory.device)
                self._probed.add(directory.device)

    def _walk(self, directory: BorrowedDirectory, path: bytes) -> BorrowedDirectory:
        """Walk from a borrowed ancestor step by step; make missing directories."""
        try:
            for name in split(path[len(directory.path) :]):
                # Opened without the lock, which never waits for the disk; two threads may open
                # the same directory.
                directory, above = self._keep(self._below(directory, name)), directory
                self.give_back(above)
        except BaseException:
            self.give_back(directory)
            raise
        return directory

    def _jump(self, path: bytes) -> BorrowedDirectory:
        """A known directory in one call; if that fails, the nearest open one above it."""
        nearest = self._nearest(path)
        if nearest.path == path:
            return nearest
        way = path[len(nearest.path) : -1]
        try:
            place, name = open_parent(nearest.fd, way)
            try:
                fd = open_beneath(place, name, FLAGS)
            finally:
                os.close(place)
        except OSError:
            return nearest  # Walking on from there reports what is in the way, or makes it again.
        try:
            depth = nearest.depth + way.count(b"/") + 1
            return self._keep(BorrowedDirectory(self, fd, path, path, depth))
        finally:
            self.give_back(nearest)

    def _below(self, parent: BorrowedDirectory, name: bytes) -> BorrowedDirectory:
        """Open a directory in another one; make it if it is missing."""
        try:
            fd, made = self._opened(parent, name)
            try:
                if made and not parent.changes_names:
                    real = None if parent.real is None else parent.real + name
                    self.names.made(parent.real, name)
                else:
                    real = self.names.real(parent.fd, parent.real, name)
                path = parent.path + name + b"/"
                if real is not None and real + b"/" == path:
                    real = path  # one of the two is enough in memory
                    if len(path) > _ORDERED:
                        self._known.add(path)
                elif real is not None:
                    real += b"/"
                directory = BorrowedDirectory(self, fd, path, real, parent.depth + 1)
                directory.made = made
                return directory
            except BaseException:
                os.close(fd)
                raise
        except OSError as caught:
            raise parent.explain(caught, name) from caught

    def _opened(self, parent: BorrowedDirectory, name: bytes) -> tuple[int, bool]:
        try:
            return open_directory(parent, name)
        except OSError as caught:
            if caught.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            with self._clearing:  # another thread may have done it
                with suppress(OSError):
                    return open_directory(parent, name)
                parent.require_writable()
                if not self._clear(parent.fd, parent.path + name, name):
                    raise
                return open_directory(parent, name)

    def _take(self, path: bytes) -> BorrowedDirectory | None:
        if not path:
            found: BorrowedDirectory | None = self._root
        elif (found := self._open.get(path)) is not None:
            self._open.move_to_end(path)
        else:
            found = self._milestones.get(path)
        if found is not None:
            found.users += 1
        return found

    def _nearest(self, path: bytes) -> BorrowedDirectory:
        """The deepest open ancestor, borrowed."""
        with self._lock:
            longest_first = sorted((*self._open, *self._milestones), key=len, reverse=True)
            above = next(filter(path.startswith, longest_first), b"")
            found = self._take(above)
            assert found is not None
            return found

    def _keep(self, directory: BorrowedDirectory) -> BorrowedDirectory:
        """Keep a directory open for others, or take the one that another thread opened first."""
        with self._lock:
            found = self._take(directory.path)
            if found is None:
                if directory.depth % self._step:
                    self._set_open(directory)
                else:
                    self._set_milestone(directory)
                return directory
        os.close(directory.fd)
        return found

    def _set_open(self, directory: BorrowedDirectory) -> None:
        self._open[directory.path] = directory
        self._open_bytes += len(directory.path)

    def _set_milestone(self, directory: BorrowedDirectory) -> None:
        """Keep it open as a milestone; with too many of them, double the distances."""
        self._milestones[directory.path] = directory
        self._milestone_bytes += len(directory.path)
        while len(self._milestones) > MILESTONES or self._milestone_bytes > _PATHS:
            self._step *= 2
            for path, each in list(self._milestones.items()):
                if each.depth % self._step:
                    self._set_open(self._milestones.pop(path))
                    self._milestone_bytes -= len(path)

    def _shrink(self) -> None:
        idle = [path for path, directory in self._open.items() if not directory.users]
        for path in idle:
            if len(self._open) <= self._limit and self._open_bytes <= _PATHS:
                return
            os.close(self._open.pop(path).fd)
            self._open_bytes -= len(path)
