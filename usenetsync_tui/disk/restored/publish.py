"""Gives a finished temporary entry its name, without taking the name of another path.

If the file system can, an entry gets its name in one step and replaces what had it: a new name by
a rename that never replaces, so that of two names that mean the same there the second finds the
first; an existing name by an ordinary rename, after checking whose it is. On a file system that
cannot do this (rename over a file, or rename at all) it takes more than one step, but the content
is never lost. Thread-safe.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from threading import Lock
from zlib import crc32

from usenetsync_tui.disk.holes import blocks, extents_of
from usenetsync_tui.disk.restored.attributes import AttributeWriter, Lack, attributes_of
from usenetsync_tui.disk.restored.borrowed import BorrowedDirectory
from usenetsync_tui.disk.restored.overwriting import Overwriting
from usenetsync_tui.disk.restored.system_calls import UNSUPPORTED, clone, is_there, rename_new
from usenetsync_tui.errors import TargetFileError
from usenetsync_tui.model.metadata.metadata import Extent

SPELLED = Lack("present under another spelling")
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_RENAME = frozenset([errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV, errno.EPERM])


class Publisher:
    """Gives temporary entries their names."""

    def __init__(self, attributes: AttributeWriter, overwriting: Overwriting) -> None:
        self._attributes = attributes
        self._overwriting = overwriting
        self._locks = tuple(Lock() for _ in range(64))
        self._without: set[int] = set()
        """Devices without a rename that never replaces."""

    def publish(self, directory: BorrowedDirectory, temp: bytes, name: bytes) -> tuple[Lack, ...]:
        """Rename a temporary entry to its name; returns what is wrong with the name, if anything.

        Raises OSError, and TargetFileError when the name belongs to another path.
        """
        if directory.is_plain and self._rename_new(directory, temp, name):
            return ()
        with self._lock(directory):
            self._place(directory, temp, name)
            return _looked_up(directory, name) if directory.changes_names else ()

    def respell(self, directory: BorrowedDirectory, temp: bytes, name: bytes) -> tuple[Lack, ...]:
        """Rename an entry with another spelling of a name to the name itself, if possible."""
        if directory.changes_names:
            return (SPELLED,)
        with self._lock(directory):
            os.rename(name, temp, src_dir_fd=directory.fd, dst_dir_fd=directory.fd)
            _rename(directory.fd, temp, name)
        return ()

    def _lock(self, directory: BorrowedDirectory) -> Lock:
        place = directory.path if directory.real is None else directory.real
        return self._locks[crc32(place) % len(self._locks)]

    def _rename_new(self, directory: BorrowedDirectory, temp: bytes, name: bytes) -> bool:
        """Rename to an unused name; False when it is in use, or the rename is not supported."""
        if directory.device in self._without:
            return False
        try:
            rename_new(directory.fd, temp, name)
        except FileExistsError:
            return False
        except OSError as caught:
            if caught.errno not in UNSUPPORTED:
                raise
            self._without.add(directory.device)
            return False
        return True

    def _place(self, directory: BorrowedDirectory, temp: bytes, name: bytes) -> None:
        fd = directory.fd
        if not is_there(fd, name):
            directory.claim_new(name)
            if self._rename_new(directory, temp, name):
                return
        self._refuse_or_clear(directory, temp, name)
        if is_there(fd, name) and directory.claim(name) and not directory.changes_names:
            os.unlink(name, dir_fd=fd)  # A rename over it would leave the old spelling.
        try:
            _rename(fd, temp, name)
        except OSError as caught:
            if caught.errno not in _NO_RENAME or not _is_file(fd, temp):
                raise
            self._copy(fd, temp, name)

    def _refuse_or_clear(self, directory: BorrowedDirectory, temp: bytes, name: bytes) -> None:
        """Move a directory with the name out of the way; refuse to replace what must stay."""
        fd = directory.fd
        try:
            now = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISDIR(now.st_mode):
            if not self._overwriting.clear(fd, directory.path + name, name):
                raise TargetFileError("a directory is in the way")
        else:
            wanted = os.stat(temp, dir_fd=fd, follow_symlinks=False)
            self._overwriting.refuse_news(now, wanted)

    def _copy(self, folder: int, temp: bytes, name: bytes) -> None:
        """Copy the content to the name, on a file system without rename."""
        source = os.open(temp, _READ, dir_fd=folder)
        try:
            if is_there(folder, name):
                os.unlink(name, dir_fd=folder)
            fd = os.open(name, NEW, 0o600, dir_fd=folder)
            try:
                copy_content(source, fd)
                self._attributes.write(fd, attributes_of(source))
            except OSError:
                os.unlink(name, dir_fd=folder)
                raise
            finally:
                os.close(fd)
        finally:
            os.close(source)
        os.unlink(temp, dir_fd=folder)


def _looked_up(directory: BorrowedDirectory, name: bytes) -> tuple[Lack, ...]:
    """Check the name under which it is listed; remove it if that belongs to another path."""
    try:
        return (SPELLED,) if directory.claim(name) else ()
    except TargetFileError:
        os.unlink(name, dir_fd=directory.fd)
        raise


def copy_content(source: int, to: int) -> None:
    """Copy a file into an empty one, by sharing its blocks if possible. Raises OSError.

    Its holes become holes.
    """
    if clone(source, to):
        return
    size = os.fstat(source).st_size
    found = extents_of(source, size)
    runs = [Extent(0, sys.maxsize)] if found is None else found.runs
    for run in runs:
        _copy_run(source, to, run)
    if found is not None:
        os.ftruncate(to, size)


def _copy_run(source: int, to: int, run: Extent) -> None:
    offset = run.offset
    for block in blocks(source, run):
        view = memoryview(block)
        while view:
            written = os.pwrite(to, view, offset)
            offset += written
            view = view[written:]


def _rename(folder: int, temp: bytes, name: bytes) -> None:
    try:
        os.rename(temp, name, src_dir_fd=folder, dst_dir_fd=folder)
    except FileExistsError:  # a file system that never renames over something
        os.unlink(name, dir_fd=folder)
        os.rename(temp, name, src_dir_fd=folder, dst_dir_fd=folder)


def _is_file(folder: int, name: bytes) -> bool:
    return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
