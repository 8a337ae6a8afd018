"""Where a UNIX socket can be: beside its owner's files, or under /tmp if that path is too long.

Knows the system's limit on a socket's path. Refuses to know who listens.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path

# sun_path of unix(7), without its closing zero byte; shorter on the BSDs and macOS.
_LONGEST_SOCKET_PATH = 107 if sys.platform == "linux" else 103


def fits(socket: Path) -> bool:
    """Whether a socket can have this path."""
    return len(os.fsencode(socket)) <= _LONGEST_SOCKET_PATH


def folder_under_tmp(home: Path, owner: int) -> Path:
    """A folder with a short path for the sockets of `home`; it must be checked before use."""
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(f"/tmp/usenetsync-{owner}-{digest}")


def is_private(folder: Path, uid: int) -> bool:
    """Whether ``folder`` is a folder of mode 0700 of that user; symlinks are not followed."""
    try:
        found = folder.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
    return private and found.st_uid == uid
