"""Scan: every path of a folder, in byte order, in constant memory.

Knows how to walk a tree that changes meanwhile; refuses to know what was there last time. It
sorts a directory's names with ``/`` after a directory's, and walks a directory right after its
own entry: that gives plain byte order of the full paths. It uses directory descriptors, one name
at a time: no path is too long, no tree too deep, and it follows no symlink. Synchronous: run it in
a worker thread. Measured: 3.3 µs a file on one idle core.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import field
from operator import itemgetter

from usenetsync_tui.disk.source.directory_stack import DIRECTORY_FLAGS, DirectoryStack, Level
from usenetsync_tui.disk.source.filters.tree_filters import PAUSE, IgnoreFileError, TreeFilters
from usenetsync_tui.disk.source.guard import STAYS
from usenetsync_tui.disk.source.mount_watch import MountWatch
from usenetsync_tui.disk.source.own_files import OwnFiles, OwnPath
from usenetsync_tui.disk.source.sorted_names import NAMES_IN_MEMORY, NameSorter
from usenetsync_tui.disk.source.stat_entries import (
    KINDS,
    directory_entry,
    special_entry,
    symlink_entry,
)
from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.entries import MOST, Entry, FileKind, NoticeKind, Problem, fitted
from usenetsync_tui.model.filters import IGNORE_NAME, Excluded, Filters, Rule
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object

BATCH_SIZE = 1_000
"""The most entries in a batch."""

_BATCH_BYTES = 1 << 20
"""The most bytes of paths in a batch with more than one entry."""

_MTIME = itemgetter(Entry._fields.index("mtime_ns"))
_INODE = itemgetter(Entry._fields.index("inode"))

_REPLACED = "was replaced while the folder was scanned"

_MOVED = "was moved while the folder was scanned"

_NOTHING_OWN = OwnFiles()

_OTHER_FILE_SYSTEM = Rule("another file system", "--one-file-system")


@value_object
class ScanBatch:
    """The next entries of the walk.

    `kept` are the paths that the walk could not examine: the catalogue's rows for them stay. Each
    stands for itself and all below it: one ending in ``/`` as a directory (the root's is ``b""``),
    any other also for the directory that it may have been. A kept path is in the batch of the
    entries around it, and so is an excluded one.
    """

    entries: list[Entry]
    problems: list[Problem]
    kept: list[bytes]
    excluded: list[Excluded] = field(default_factory=list)
    """What the filters leave out, without what is below a directory."""


def walk(
    root: bytes,
    *,
    own: OwnFiles = _NOTHING_OWN,
    watch: MountWatch | None = None,
    filters: TreeFilters | None = None,
    names_in_memory: int = NAMES_IN_MEMORY,
) -> Iterator[ScanBatch]:
    """Walk the tree under `root`, the root's own entry first.

    Reports `own` files instead of walking them, leaves out what `filters` say (by default only
    those in the tree), and enters mount points only if `watch` agrees. A path that vanishes between
    listing and stat counts as missing. Raises SourceError, at the first step, when the root is
    missing, not a directory, unreadable or own.
    """
    walker = _Walker(own, watch, filters or TreeFilters(Filters()), names_in_memory)
    try:
        walker.start(root)
        yield from walker.batches()
    finally:
        walker.close()


class _Walker:
    def __init__(
        self,
        own: OwnFiles,
        watch: MountWatch | None,
        filters: TreeFilters,
        names_in_memory: int,
    ) -> None:
        self._own = own
        self._watch = watch
        self._filters = filters
        self._device: int | None = None
        """The root's, if the walk stays on it."""
        self._suspects = watch.suspects if watch is not None else ()
        self._sorter = NameSorter(names_in_memory)
        self._stack = DirectoryStack()
        self._entries: list[Entry] = []
        self._problems: list[Problem | Excluded] = []
        self._kept: list[bytes] = []

    def close(self) -> None:
        self._stack.close()
        self._sorter.close()

    def start(self, root: bytes) -> None:
        try:
            # The root itself may be a symlink: the user named it.
            fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as caught:
            raise SourceError(f"{safe_name(root)}: {caught.strerror}") from caught
        status = os.fstat(fd)
        identity = (status.st_dev, status.st_ino)
        try:
            if own_path := self._own.root(identity):
                words = f"{safe_name(root)} is, or is part of, {own_path.what}."
                raise SourceError(words, whole=True)
            listing = self._sorter.list(fd)
        except OSError as caught:
            os.close(fd)
            raise SourceError(f"{safe_name(root)}: {caught.strerror}") from caught
        except SourceError:
            os.close(fd)
            raise
        if self._filters.one_file_system:
            self._device = status.st_dev
        self._entries.append(directory_entry(b"", status))
        self._push(Level(fd, b"", b"", identity, listing))

    def batches(self) -> Iterator[ScanBatch]:
        stack = self._stack
        new, lstat = tuple.__new__, os.stat
        regular_file = FileKind.REGULAR.value
        own_inodes, largest = self._own.inodes, self._filters.larger_than
        while stack:
            level = stack.top
            fd, prefix = level.fd, level.path
            # Fewer if the paths are long: a batch is bounded in bytes as well.
            most = max(1, min(BATCH_SIZE, _BATCH_BYTES // (len(prefix) + 1)))
            if len(self._entries) >= most or len(self._problems) >= most:
                yield self._flush()
            entries, problems = self._entries, self._problems
            for key in level.keys:
                if key[-1] == 47:
                    if self._enter(level, key):
                        break
                else:
                    try:
                        status = lstat(key, dir_fd=fd, follow_symlinks=False)
                        mode = status.st_mode
                        if mode & 0o170000 == 0o100000:
                            inode = status.st_ino
                            if inode in own_inodes and (
                                own_path := self._own.file((status.st_dev, status.st_ino))
                            ):
                                self._skip_own(prefix + key, own_path)
                                continue
                            if status.st_size > largest:
                                self._exclude(prefix + key, self._filters.too_large)
                                continue
                            entries.append(
                                # Entry(…) without the Python-level call: this is the hot line.
                                new(
                                    Entry,
                                    (
                                        prefix + key,
                                        regular_file,
                                        status.st_size,
                                        status.st_mtime_ns,
                                        status.st_ctime_ns,
                                        inode,
                                        mode & 0o7777,
                                        None,
                                        status.st_uid,
                                        status.st_gid,
                                    ),
                                )
                            )
                        else:
                            self._take_other(level, key, status)
                    except OSError as caught:
                        self._fail(prefix + key, caught)
                if len(entries) >= most or len(problems) >= most:
                    yield self._flush()
                    entries, problems = self._entries, self._problems
            else:
                self._leave()
        yield self._flush()

    def _flush(self) -> ScanBatch:
        entries = self._entries
        if entries and max(max(map(_MTIME, entries)), max(map(_INODE, entries))) > MOST:
            entries = [
                e._replace(mtime_ns=fitted(e.mtime_ns), inode=fitted(e.inode)) for e in entries
            ]
        problems = [p for p in self._problems if isinstance(p, Problem)]
        excluded = [p for p in self._problems if isinstance(p, Excluded)]
        batch = ScanBatch(entries, problems, self._kept, excluded)
        self._entries, self._problems, self._kept = [], [], []
        return batch

    def _enter(self, parent: Level, key: bytes) -> bool:
        """Add a directory's entry and go down into it; False when that is not possible."""
        if key == PAUSE:
            return False
        name, path = key[:-1], parent.path + key
        try:
            fd = os.open(name, DIRECTORY_FLAGS, dir_fd=parent.fd)
        except OSError as caught:
            self._give_closed(parent, name, path, caught)
            return False
        status = os.fstat(fd)
        identity = (status.st_dev, status.st_ino)
        if own_path := self._own.directory(path, identity):
            os.close(fd)
            self._skip_own(path, own_path)
            return False
        if self._device not in (None, identity[0]):
            os.close(fd)
            self._entries.append(directory_entry(path, status))
            self._exclude(path, _OTHER_FILE_SYSTEM)
            return False
        if reason := self._why_guarded(parent, path, fd, identity[0]):
            os.close(fd)
            self._report(path, NoticeKind.GUARDED, reason)
            return False
        self._entries.append(directory_entry(path, status))
        try:
            listing = self._sorter.list(fd)
        except OSError as caught:
            os.close(fd)
            self._fail(path, caught)
            return False
        except SourceError:
            os.close(fd)
            raise
        self._push(Level(fd, name, path, identity, listing))
        return True

    def _push(self, level: Level) -> None:
        try:
            level.keys = self._filters.kept(level.fd, level.path, level.keys, self._find)
        except IgnoreFileError as error:
            level.keys = iter(())
            reason = f"{safe_name(IGNORE_NAME)} in it cannot be read: {error}"
            self._report(level.path, NoticeKind.UNREADABLE, reason)
        names = self._own.names(level.path)
        if names:
            level.keys = self._but_for(names, level.path, level.keys)
        self._stack.push(level)
        self._report_cut(level)

    def _but_for(
        self, names: Mapping[bytes, OwnPath], above: bytes, keys: Iterator[bytes]
    ) -> Iterator[bytes]:
        for key in keys:
            if key in names:
                self._skip_own(above + key, names[key])
            else:
                yield key

    def _why_guarded(self, parent: Level, path: bytes, fd: int, device: int) -> str:
        watch = self._watch
        if watch is None or (device == parent.identity[0] and path not in self._suspects):
            return ""
        try:
            return watch.refuses(path, fd, parent.fd)
        except OSError as caught:
            return f"cannot be examined ({caught.strerror}){STAYS}"

    def _leave(self) -> None:
        left, found = self._stack.pop()
        self._sorter.release(left.listing)
        if not found:
            parent = self._stack.top
            parent.keys = iter(())
            self._report(parent.path, NoticeKind.CHANGED, _MOVED)

    def _give_closed(self, parent: Level, name: bytes, path: bytes, refusal: OSError) -> None:
        """Add the entry of a directory that cannot be opened, if possible, and the reason."""
        try:
            status = os.stat(name, dir_fd=parent.fd, follow_symlinks=False)
        except OSError as caught:
            self._fail(path, caught)
            return
        if not stat.S_ISDIR(status.st_mode) or refusal.errno == errno.ENOENT:
            self._report(path, NoticeKind.CHANGED, _REPLACED)
        else:
            self._entries.append(directory_entry(path, status))
            self._fail(path, refusal)

    def _take_other(self, level: Level, key: bytes, status: os.stat_result) -> None:
        path, kind = level.path + key, stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFLNK:
            entry = symlink_entry(path, status, os.readlink(key, dir_fd=level.fd))
            self._entries.append(entry)
        elif kind == stat.S_IFDIR:
            # Listed as something else, so its position in the order is past.
            self._report(path, NoticeKind.CHANGED, _REPLACED)
        elif kind in KINDS:
            self._entries.append(special_entry(path, status))
        else:
            reason = "neither a file, a directory, a symlink nor a special file"
            self._problems.append(Problem(path, NoticeKind.SKIPPED, reason))

    def _report_cut(self, level: Level) -> None:
        if level.listing.error is not None:
            self._fail(level.path, level.listing.error)

    def _find(self, found: Excluded | Problem) -> None:
        self._problems.append(found)
        if isinstance(found, Excluded) and self._watch is not None:
            self._watch.leave_out(found.path)

    def _exclude(self, path: bytes, rule: Rule) -> None:
        self._find(Excluded(path, rule))

    def _skip_own(self, path: bytes, own_path: OwnPath) -> None:
        self._problems.append(Problem(path, NoticeKind.SKIPPED, own_path.reason))

    def _fail(self, path: bytes, caught: OSError) -> None:
        if caught.errno == errno.EINVAL:
            self._report(path, NoticeKind.CHANGED, _REPLACED)  # readlink: no longer a symlink
        elif caught.errno != errno.ENOENT:
            self._report(path, NoticeKind.UNREADABLE, caught.strerror or str(caught))

    def _report(self, path: bytes, kind: NoticeKind, reason: str) -> None:
        self._problems.append(Problem(path, kind, reason))
        self._kept.append(path)
