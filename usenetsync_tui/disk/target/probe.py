"""Whether a file system keeps names as they are given to it.

Some keep accents in one form only (HFS+), drop dots and blanks at the end (SMB, FAT), put
other characters in the place of some, or cut long names off. An entry there may be listed
under the name of another path, so every name that is made has to be looked up. It is tried
once, with an empty file in a folder of its own that is removed again; the usual file systems
of Linux are known not to.
"""

from __future__ import annotations

import errno
import os

from usenetsync_tui.disk.target.calls import file_system
from usenetsync_tui.disk.target.names import names_in
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
"""File systems that list every name as it was given (linux/magic.h)."""

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
"""The most difficult first: what is refused needs no looking up."""


def changes_names(directory: int, place: bytes) -> bool:
    """Try some names in a folder `place`, made in a directory for that.

    Raises OSError, and TargetError where not even names like `place` are kept: temporary ones
    could be mixed up.
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
        if caught.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # something that is not ours
            raise
