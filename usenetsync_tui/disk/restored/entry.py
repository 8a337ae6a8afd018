"""One entry of a directory in a restore's target: how to examine, make and remove it.

Nothing here follows a symlink or changes an existing entry. Every failure is an OSError, except
for a symlink on a file system without symlinks.
"""

from __future__ import annotations

import errno
import os

from usenetsync_tui.disk.content import Content
from usenetsync_tui.disk.holes import blocks, extents_of, gaps, whole
from usenetsync_tui.disk.restored.attributes import Attributes, AttributeWriter, through
from usenetsync_tui.disk.restored.borrowed import BorrowedDirectory
from usenetsync_tui.disk.restored.publish import NEW
from usenetsync_tui.errors import TargetFileError
from usenetsync_tui.model.metadata.metadata import Extents

PLACE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK = 1 << 20
_NO_NAMES = frozenset([errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG])
_NO_SYMLINKS = frozenset([errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP])


def open_present(directory: BorrowedDirectory, name: bytes) -> int | None:
    """A descriptor of the entry with a name; -1 when it cannot be read, None when there is none."""
    try:
        try:
            return os.open(name, _READ, dir_fd=directory.fd)
        except PermissionError:
            directory.require_writable()  # the directory's mode may deny the access
            return os.open(name, _READ, dir_fd=directory.fd)
    except FileNotFoundError:
        return None
    except OSError as caught:
        if caught.errno in _NO_NAMES:
            raise
        return -1


def status_of(directory: BorrowedDirectory, name: bytes) -> os.stat_result | None:
    """The status of an entry itself; None: there is none."""
    try:
        try:
            return os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
        except PermissionError:
            directory.require_writable()  # the directory's mode denies the access
            return os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def has(fd: int, content: Content) -> bool:
    """Whether a file has exactly these bytes; reads all of it, but for holes that may be there."""
    digest, offset = content.new(), 0
    try:
        if content.extents is not None:
            return _has_runs(fd, content, content.extents)
        while block := os.pread(fd, _BLOCK, offset):
            digest.update(block)
            offset += len(block)
    except OSError:
        return False  # A file on a bad block must be written again.
    return offset == content.size and digest.digest() == content.digest


def _has_runs(fd: int, content: Content, wanted: Extents) -> bool:
    """Whether a sparse file has its bytes, and zeros between them. Raises OSError."""
    digest = content.new()
    for run in wanted.runs:
        for data in blocks(fd, run):
            digest.update(data)
    if digest.digest() != content.digest:
        return False
    found = extents_of(fd, wanted.size) or whole(wanted.size)
    return all(not any(data) for gap in gaps(found, wanted) for data in blocks(fd, gap))


def agrees(
    writer: AttributeWriter, folder: int, name: bytes, status: os.stat_result, wanted: Attributes
) -> bool:
    """Whether a symlink or special file in an open directory has its attributes."""
    fd = os.open(name, PLACE, dir_fd=folder)
    try:
        return writer.agrees(status, wanted, through(fd))
    finally:
        os.close(fd)


def create(directory: BorrowedDirectory, temp: bytes, mode: int = 0o600) -> int:
    """A new file; with the usual mode nobody else can open it yet."""
    try:
        return os.open(temp, NEW, mode, dir_fd=directory.fd)
    except FileExistsError:  # left by a killed run, or planted
        os.unlink(temp, dir_fd=directory.fd)
        return os.open(temp, NEW, mode, dir_fd=directory.fd)


def remove(directory: BorrowedDirectory, temp: bytes) -> None:
    try:
        os.unlink(temp, dir_fd=directory.fd)
    except FileNotFoundError:
        pass  # It was renamed before something else failed.


def make_link(directory: BorrowedDirectory, temp: bytes, target: bytes) -> None:
    try:
        try:
            os.symlink(target, temp, dir_fd=directory.fd)
        except FileExistsError:  # left by a killed run, or planted
            os.unlink(temp, dir_fd=directory.fd)
            os.symlink(target, temp, dir_fd=directory.fd)
    except OSError as caught:
        if caught.errno not in _NO_SYMLINKS:
            raise
        raise TargetFileError(f"this file system has no symlinks ({caught.strerror})") from caught


def link_status(directory: BorrowedDirectory, name: bytes, target: bytes) -> os.stat_result | None:
    """The status of an existing symlink with this target; None: there is no such one."""
    try:
        try:
            found = os.readlink(name, dir_fd=directory.fd)
        except PermissionError:
            directory.require_writable()  # the directory's mode denies the access
            found = os.readlink(name, dir_fd=directory.fd)
        if found == target:
            return os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
    except OSError as caught:
        if caught.errno not in (errno.ENOENT, errno.EINVAL):  # missing, or not a symlink
            raise
    return None
