"""Target: writing a restored tree, and nowhere else.

Knows how to bring files, directories and symlinks to a place so that whatever the paths or
the symlinks already there say, nothing outside the root is touched: see
`target_directories`. A file appears under its name complete or not at all: it is written
beside it as ``.usenetsync-<hash of the path>.part`` and renamed over. Refuses to know where
the bytes come from. Synchronous; any number of threads may work in one tree, each on paths
of its own.

Not fsynced a file: that would cost a millisecond or more each, 50 minutes for 3 million
files. `sync` makes the whole restore durable at once, before it is called done; after a
power cut before that, `matches` finds what did not arrive.
"""

from __future__ import annotations

import errno
import os
import stat

import xxhash

from usenetsync_tui.errors import TargetError, TargetFileError
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.pipeline.linux_calls import sync_file_system
from usenetsync_tui.pipeline.target_directories import (
    TargetDirectories,
    change_mode,
    check_name,
    explain,
)
from usenetsync_tui.pipeline.target_part import PartFile

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 1 << 20


class TargetTree:
    """The tree to restore into; `prepare` comes first.

    Paths are relative bytes as in the catalogue. Modes are permission bits, times integer
    nanoseconds since 1970 (atime is set to the same). Missing parent directories are made,
    mode 0700. One path's failure is a TargetFileError with its `reason`, the root's own a
    TargetError.
    """

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._opened: TargetDirectories | None = None

    def prepare(self) -> bool:
        """Open the root, made with its parents when missing; True when it was made here."""
        made = False
        try:
            os.makedirs(os.path.dirname(os.path.abspath(self._root)), exist_ok=True)
            try:
                os.mkdir(self._root, 0o700)
                made = True
            except FileExistsError:
                pass  # Restoring into a folder that is there is the usual thing.
            fd = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as caught:
            raise TargetError(f"{safe_name(self._root)}: {caught.strerror}") from caught
        self.close()
        self._opened = TargetDirectories(fd)
        return made

    def make_directory(self, path: bytes) -> None:
        """Have a directory there that we can write into (its final mode comes at the end)."""
        with self._directories.borrow(path) as fd:
            try:
                mode = stat.S_IMODE(os.fstat(fd).st_mode)
                if mode & 0o700 != 0o700:
                    os.fchmod(fd, mode | 0o700)
            except OSError as caught:
                raise TargetFileError(caught.strerror or str(caught)) from caught

    def finish_directory(self, path: bytes, mode: int, mtime_ns: int) -> None:
        """Mode and mtime, once everything below is done: in reverse path order."""
        with self._directories.borrow(path) as fd:
            try:
                os.fchmod(fd, mode)
                os.utime(fd, ns=(mtime_ns, mtime_ns))
            except OSError as caught:
                raise TargetFileError(caught.strerror or str(caught)) from caught

    def symlink(self, path: bytes, target: bytes, mtime_ns: int) -> None:
        """Have a symlink there; anything but a directory is replaced by it."""
        parent, name, temp = _locate(path)
        times = (mtime_ns, mtime_ns)
        with self._directories.borrow(parent) as folder:
            try:
                if _read_link(name, folder) == target:
                    os.utime(name, ns=times, dir_fd=folder, follow_symlinks=False)
                    return
                try:
                    os.symlink(target, temp, dir_fd=folder)
                except FileExistsError:  # left by a killed run
                    os.unlink(temp, dir_fd=folder)
                    os.symlink(target, temp, dir_fd=folder)
                try:
                    os.utime(temp, ns=times, dir_fd=folder, follow_symlinks=False)
                    os.rename(temp, name, src_dir_fd=folder, dst_dir_fd=folder)
                except OSError:
                    os.unlink(temp, dir_fd=folder)
                    raise
            except OSError as caught:
                raise explain(caught, folder, name) from caught

    def matches(self, path: bytes, size: int, xxh3_128: bytes) -> bool:
        """Whether a regular file with these bytes is there already: read through if need be.

        One that cannot be read does not match. Raises TargetFileError only when its directory
        cannot be reached.
        """
        parent, name, _ = _locate(path)
        with self._directories.borrow(parent) as folder:
            try:
                fd = os.open(name, _READ, dir_fd=folder)
            except OSError:
                return False  # Not there, no file or not readable: it will be written.
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or status.st_size != size:
                return False
            digest = xxhash.xxh3_128()
            while block := os.read(fd, _BLOCK):
                digest.update(block)
            return digest.digest() == xxh3_128
        except OSError:
            return False  # A file on a bad block is to be written again.
        finally:
            os.close(fd)

    def set_metadata(self, path: bytes, mode: int, mtime_ns: int) -> None:
        """Mode and mtime of a regular file that was kept."""
        parent, name, _ = _locate(path)
        with self._directories.borrow(parent) as folder:
            try:
                try:
                    fd = os.open(name, _READ, dir_fd=folder)
                except PermissionError:
                    change_mode(folder, name, 0o600, stat.S_IFREG)
                    fd = os.open(name, _READ, dir_fd=folder)
                try:
                    if not stat.S_ISREG(os.fstat(fd).st_mode):
                        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
                    os.fchmod(fd, mode)
                    os.utime(fd, ns=(mtime_ns, mtime_ns))
                finally:
                    os.close(fd)
            except OSError as caught:
                raise explain(caught, folder, name) from caught

    def write_small(self, path: bytes, content: bytes, mode: int, mtime_ns: int) -> None:
        """Have a file with this content there; anything but a directory is replaced by it."""
        parent, name, temp = _locate(path)
        with self._directories.borrow(parent) as folder:
            try:
                try:
                    fd = os.open(temp, _CREATE, 0o600, dir_fd=folder)
                except FileExistsError:  # left by a killed run, or planted
                    os.unlink(temp, dir_fd=folder)
                    fd = os.open(temp, _CREATE, 0o600, dir_fd=folder)
                try:
                    try:
                        written = os.write(fd, content)
                        while written < len(content):
                            written += os.write(fd, content[written:])
                        os.fchmod(fd, mode)
                        os.utime(fd, ns=(mtime_ns, mtime_ns))
                    finally:
                        os.close(fd)
                    os.rename(temp, name, src_dir_fd=folder, dst_dir_fd=folder)
                except OSError:
                    os.unlink(temp, dir_fd=folder)
                    raise
            except OSError as caught:
                raise explain(caught, folder, name) from caught

    def part(self, path: bytes, size: int) -> PartFile:
        """A large file to be written piece by piece, with what an earlier run left of it."""
        parent, name, temp = _locate(path)
        return PartFile(self._directories.borrow(parent), name, temp, size)

    def sync(self) -> None:
        """Return when everything written is on the disk. Raises TargetError."""
        with self._directories.borrow(b"") as fd:
            try:
                sync_file_system(fd)
            except OSError as caught:
                raise TargetError(f"{safe_name(self._root)}: {caught.strerror}") from caught

    def close(self) -> None:
        """Close it; parts must be closed before. Twice does no harm."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def __enter__(self) -> TargetTree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _directories(self) -> TargetDirectories:
        if self._opened is None:
            raise RuntimeError("prepare() the target first")
        return self._opened


def _locate(path: bytes) -> tuple[bytes, bytes, bytes]:
    """Directory, name and temporary name of a file or symlink."""
    cut = path.rfind(b"/") + 1
    name = path[cut:]
    check_name(name)
    # Of the whole path, not the name: the same in every run, and short enough for any name.
    return path[:cut], name, b".usenetsync-%s.part" % xxhash.xxh3_64_hexdigest(path).encode()


def _read_link(name: bytes, folder: int) -> bytes | None:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as caught:
        if caught.errno in (errno.ENOENT, errno.EINVAL):  # nothing there, or no symlink
            return None
        raise
