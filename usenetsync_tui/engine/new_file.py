"""A file that is there when it is whole and on disk, or not at all; never over another one."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from usenetsync_tui.errors import TargetError
from usenetsync_tui.model.safe_name import safe_name

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What file systems without hard links say."""
_NAMED_ONLY = (errno.EISDIR, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What file systems say whose files cannot be without a name."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What file systems say that cannot lock: there two that write at once are not told apart."""
_NAME_HEAD = 200
"""Bytes of a name that its part file's name begins with."""
_DESCRIPTORS = "/proc/self/fd"


@contextmanager
def new_file(path: bytes, *, replace: bool = False) -> Iterator[IO[bytes]]:
    """Write a new file, and give it its name at the end.

    Until then it has none, and is gone with us; where the system cannot do that it lies beside
    its name, in ``.part``, and the next one that writes there takes that over. `replace`: in the
    place of a file that is there. `TargetError` when a name is taken or the disk refuses.
    """
    try:
        if not replace and os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        if replace and os.path.isdir(path) and not os.path.islink(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        descriptor = _nameless(os.path.dirname(path) or b".")
        if descriptor is None:
            with _part(path, replace=replace) as file:
                yield file
            return
        with open(descriptor, "wb") as file:
            yield file
            _to_disk(file)
            # `src_dir_fd` means nothing to an absolute path, but makes this follow the link.
            source = os.fsencode(f"{_DESCRIPTORS}/{descriptor}")
            if not replace:
                os.link(source, path, src_dir_fd=descriptor, follow_symlinks=True)
                return
            # Nothing gives a nameless file a name that is taken: it has another one for a moment.
            part = _part_name(path)
            with suppress(FileNotFoundError):
                os.unlink(part)  # of one that was killed in that moment
            os.link(source, part, src_dir_fd=descriptor, follow_symlinks=True)
            os.replace(part, path)
    except OSError as error:
        raise TargetError(f"{safe_name(path)}: {error.strerror}.") from error


def _nameless(folder: bytes) -> int | None:
    """A new file of no name in a folder (open(2), O_TMPFILE); None where there is no such thing."""
    flag = getattr(os, "O_TMPFILE", 0)
    if not flag or not os.path.isdir(_DESCRIPTORS):
        return None
    try:
        return os.open(folder, flag | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno not in _NAMED_ONLY:
            raise
        return None


def _part_name(path: bytes) -> bytes:
    """A name of our own beside a file's name, which never grows too long for a file system."""
    folder, name = os.path.split(path)
    return os.path.join(folder, b"." + name[:_NAME_HEAD] + b".usenetsync-part")


@contextmanager
def _part(path: bytes, *, replace: bool) -> Iterator[IO[bytes]]:
    part = _part_name(path)
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    with open(descriptor, "wb") as file:
        _claim(file, part)
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


def _claim(file: IO[bytes], part: bytes) -> None:
    """Have the part file to ourselves, empty: what one that was killed left in it is dropped.

    `FileExistsError` when another program is writing it now.
    """
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    mine, named = os.fstat(file.fileno()), os.stat(part, follow_symlinks=False)
    if (mine.st_dev, mine.st_ino) != (named.st_dev, named.st_ino):  # the other one has just ended
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    file.truncate(0)


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _name(part: bytes, path: bytes) -> None:
    """Both of these fail when somebody has taken the name in the meantime."""
    try:
        os.link(part, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.replace(part, path)
