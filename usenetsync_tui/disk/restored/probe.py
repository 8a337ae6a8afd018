"""Whether a file system changes names.

Some store accents in one form only (HFS+), drop dots and spaces at the end (SMB, FAT), replace
some characters, or cut long names. There an entry may be listed under the name of another path,
so the restore has to look up every name that it makes. The probe tests this once, with an empty
file in a folder of its own that it removes again; the usual file systems of Linux need no test.
"""

from __future__ import annotations

import errno
import os

from usenetsync_tui.disk.restored.names import names_in
from usenetsync_tui.disk.restored.system_calls import file_system
from usenetsync_tui.errors import TargetError

_KEEP_NAMES = frozenset(
    [
        0xEF53,  # ext2, ext3, ext4
        0x58465342,  # XFS
        0x9123683E,  # Btrfs
        0xF2F52010,  # F2FS
        0xCA451A4E,  # bcachefs
        0x01021994,  # tmpfs
    ]
)
"""File systems that never change names (linux/magic.h)."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LONG = b"n" * 100
_ACCENTS = "Ae\u0301\u00e9".encode()
_NAMES = (
    _ACCENTS + b':*?"<>|\\' + _LONG + b" . ",
    _ACCENTS + _LONG + b" . ",
    b"A" + _LONG + b" . ",
    b"A" + _LONG,
)
"""The most difficult first: a refused name need not be looked up."""


def changes_names(directory: int, place: bytes) -> bool:
    """Try some names in a new folder `place` in a directory; whether one was changed.

    Raises OSError, and TargetError if the file system changes even `place`: it could mix up
    temporary names.
    """
    if file_system(directory) in _KEEP_NAMES:
        return False
    return _try_names(directory, place)


def _try_names(directory: int, place: bytes) -> bool:
    try:
        os.mkdir(place, 0o700, dir_fd=directory)
    except FileExistsError:
        pass  # A killed run left it.
    fd = os.open(place, _DIRECTORY, dir_fd=directory)
    try:
        with names_in(directory) as names:
            if place not in names:
                raise TargetError("Its file system changes the names of files.")
        return _changes(fd)
    finally:
        os.close(fd)
        _remove(directory, place)


def _changes(fd: int) -> bool:
    for name in _NAMES:
        try:
            os.close(os.open(name, _NEW, 0o600, dir_fd=fd))
        except FileExistsError:
            pass  # A killed run left that, too.
        except OSError as caught:
            if caught.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
                raise
            continue
        listed = [os.fsencode(other) for other in os.listdir(fd)]
        os.unlink(name, dir_fd=fd)
        return name not in listed
    return True


def _remove(directory: int, place: bytes) -> None:
    try:
        os.rmdir(place, dir_fd=directory)
    except OSError as caught:
        if caught.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # another program's entry
            raise
