"""A file that is there when it is whole and on disk, or not at all; never over another one."""

from __future__ import annotations

import errno
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
_DESCRIPTORS = "/proc/self/fd"


@contextmanager
def new_file(path: bytes) -> Iterator[IO[bytes]]:
    """Write a new file, and give it its name at the end.

    Until then it has none, and is gone with us; where the system cannot do that it lies beside
    its name, in ``.part``. `TargetError` when a name is taken or the disk refuses.
    """
    try:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        descriptor = _nameless(os.path.dirname(path) or b".")
        if descriptor is None:
            with _part(path) as file:
                yield file
            return
        with open(descriptor, "wb") as file:
            yield file
            _to_disk(file)
            # `src_dir_fd` means nothing to an absolute path, but makes this follow the link.
            source = os.fsencode(f"{_DESCRIPTORS}/{descriptor}")
            os.link(source, path, src_dir_fd=descriptor, follow_symlinks=True)
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


@contextmanager
def _part(path: bytes) -> Iterator[IO[bytes]]:
    part = path + b".part"
    with open(part, "xb") as file:
        try:
            yield file
            _to_disk(file)
            _name(part, path)
        finally:
            with suppress(FileNotFoundError):  # it has its name
                os.unlink(part)


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
