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


@contextmanager
def new_file(path: bytes) -> Iterator[IO[bytes]]:
    """Write a new file beside its name, in ``.part``, and give it the name at the end.

    `TargetError` when either name is taken or the disk refuses.
    """
    part = path + b".part"
    try:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        with open(part, "xb") as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                _name(part, path)
            finally:
                with suppress(FileNotFoundError):  # it has its name
                    os.unlink(part)
    except OSError as error:
        raise TargetError(f"{safe_name(path)}: {error.strerror}.") from error


def _name(part: bytes, path: bytes) -> None:
    """Both of these fail when somebody has taken the name in the meantime."""
    try:
        os.link(part, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.replace(part, path)
