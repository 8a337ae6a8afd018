"""Writes a file so that it appears complete and on disk, or not at all.

The program writes all files of its own in this way: settings, the key, the configuration of the
database, an NZB. Until it is complete such a file has no name (open(2), ``O_TMPFILE``), and the
system deletes it if the process ends. If the system cannot do that, the data is in a part file
beside the name, which the next writer replaces. Existing files are never changed in place: a
symlink or another program's file at the name is replaced, or causes an error.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

PRIVATE = 0o600
"""Mode of a file that only its owner can use."""
PUBLIC = 0o666
"""Mode of a file that the umask alone restricts."""

HandOver = Callable[[int], object]
"""Changes the owner of a new file, by its descriptor."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""Errors of file systems without hard links."""
_NAMED_ONLY = (errno.EISDIR, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)
"""Errors of file systems on which every file needs a name."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""Errors of file systems without locks: there we cannot detect a second writer."""
_NO_FOLDER_SYNC = (errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""Errors of file systems whose folders cannot be synced or read: the file's data is on disk."""
_NAME_HEAD = 200
"""Bytes of a name that its part file's name keeps."""
_DESCRIPTORS = "/proc/self/fd"


def write_whole(
    path: Path,
    data: bytes,
    *,
    mode: int = PRIVATE,
    replace: bool = False,
    hand_over: HandOver | None = None,
) -> None:
    """Write a file in one step: see `whole_file`."""
    with whole_file(os.fsencode(path), mode=mode, replace=replace, hand_over=hand_over) as file:
        file.write(data)


@contextmanager
def whole_file(
    path: bytes, *, mode: int = PUBLIC, replace: bool = False, hand_over: HandOver | None = None
) -> Iterator[IO[bytes]]:
    """Write a new file, and give it its name when the block ends without an error.

    The umask restricts `mode`. `replace`: replace an existing file in one step, so that after a
    crash it is the old one or the new one. Otherwise `FileExistsError` when the name exists, even
    if it is new. `OSError` when the system refuses.
    """
    if not replace and os.path.lexists(path):
        raise _error(FileExistsError, errno.EEXIST)
    if replace and os.path.isdir(path) and not os.path.islink(path):
        raise _error(IsADirectoryError, errno.EISDIR)
    folder = os.path.dirname(path) or b"."
    descriptor = _nameless(folder, mode)
    if descriptor is None:
        with _part(path, mode, replace=replace) as file:
            yield _handed_over(file, hand_over)
    else:
        with open(descriptor, "wb") as file:
            yield _handed_over(file, hand_over)
            _to_disk(file)
            _name_nameless(descriptor, path, replace=replace)
    _sync_folder(folder)


def _error(kind: type[OSError], number: int) -> OSError:
    return kind(number, os.strerror(number))


def _handed_over(file: IO[bytes], hand_over: HandOver | None) -> IO[bytes]:
    if hand_over is not None:
        hand_over(file.fileno())
    return file


def _nameless(folder: bytes, mode: int) -> int | None:
    """A new file without a name in a folder; None if the system does not have that."""
    flag = getattr(os, "O_TMPFILE", 0)
    if not flag or not os.path.isdir(_DESCRIPTORS):
        return None
    try:
        return os.open(folder, flag | os.O_WRONLY | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno not in _NAMED_ONLY:
            raise
        return None


def _name_nameless(descriptor: int, path: bytes, *, replace: bool) -> None:
    # An absolute path ignores `src_dir_fd`, but with it `os.link` follows the link.
    source = os.fsencode(f"{_DESCRIPTORS}/{descriptor}")
    if not replace:
        os.link(source, path, src_dir_fd=descriptor, follow_symlinks=True)
        return
    # No call gives a nameless file an existing name: it gets another one for a moment.
    part = _part_name(path)
    with suppress(FileNotFoundError):
        os.unlink(part)  # left by a process that was killed in that moment
    os.link(source, part, src_dir_fd=descriptor, follow_symlinks=True)
    os.replace(part, path)


def _part_name(path: bytes) -> bytes:
    """The name of our part file beside a file, short enough for every file system."""
    folder, name = os.path.split(path)
    return os.path.join(folder, b"." + name[:_NAME_HEAD] + b".usenetsync-part")


@contextmanager
def _part(path: bytes, mode: int, *, replace: bool) -> Iterator[IO[bytes]]:
    part = _part_name(path)
    _clear(part)
    new = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(part, new, mode), "wb") as file:
        _claim(file.fileno(), part)
        try:
            yield file
            _to_disk(file)
            if replace:
                os.replace(part, path)
            else:
                _name(part, path)
        finally:
            with suppress(FileNotFoundError):  # it has its name
                os.unlink(part)


def _clear(part: bytes) -> None:
    """Remove the part file of a killed process.

    `FileExistsError` when another program is writing it now.
    """
    try:
        found = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _claim(found, part)
        os.unlink(part)
    finally:
        os.close(found)


def _claim(descriptor: int, part: bytes) -> None:
    """Lock the part file until its descriptor is closed.

    `FileExistsError` when another program is writing it now.
    """
    import fcntl  # not on Windows, where this module must still import

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _error(FileExistsError, errno.EEXIST) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    try:
        named = os.stat(part, follow_symlinks=False)
    except FileNotFoundError:
        raise _error(FileExistsError, errno.EEXIST) from None  # the other process has just finished
    mine = os.fstat(descriptor)
    if (mine.st_dev, mine.st_ino) != (named.st_dev, named.st_ino):
        raise _error(FileExistsError, errno.EEXIST)


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _name(part: bytes, path: bytes) -> None:
    """Name the part file; either way fails when another program has created the name."""
    try:
        os.link(part, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
        os.replace(part, path)


def _sync_folder(folder: bytes) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)
