"""Entries made of the result of a stat.

Knows which fields of a stat an entry has. Refuses to know how the path was found.
"""

from __future__ import annotations

import os
import stat

from usenetsync_tui.model.entries import DEVICES, FILE_TYPES, SPECIAL, Entry, FileKind, fitted

KINDS = {FILE_TYPES[kind]: kind for kind in SPECIAL}
"""The kinds of special files by the type bits of their mode."""


def directory_entry(path: bytes, status: os.stat_result) -> Entry:
    """A directory's entry; its path ends in ``/`` or is the root's ``b""``."""
    mode = stat.S_IMODE(status.st_mode)
    owner = status.st_uid, status.st_gid
    times = status.st_mtime_ns, status.st_ctime_ns
    return Entry(path, FileKind.DIRECTORY.value, 0, *times, 0, mode, None, *owner)


def regular_entry(path: bytes, status: os.stat_result) -> Entry:
    """A regular file's entry."""
    return Entry(
        path,
        FileKind.REGULAR.value,
        status.st_size,
        fitted(status.st_mtime_ns),
        status.st_ctime_ns,
        fitted(status.st_ino),
        stat.S_IMODE(status.st_mode),
        None,
        status.st_uid,
        status.st_gid,
    )


def symlink_entry(path: bytes, status: os.stat_result, target: bytes) -> Entry:
    """A symlink's entry; its size is its target's length."""
    return Entry(
        path,
        FileKind.SYMLINK.value,
        len(target),
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        stat.S_IMODE(status.st_mode),
        target,
        status.st_uid,
        status.st_gid,
    )


def special_entry(path: bytes, status: os.stat_result) -> Entry:
    """The entry of a FIFO, a socket or a device."""
    kind = KINDS[stat.S_IFMT(status.st_mode)]
    number = b"%d:%d" % (os.major(status.st_rdev), os.minor(status.st_rdev))
    return Entry(
        path,
        kind.value,
        0,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        stat.S_IMODE(status.st_mode),
        number if kind in DEVICES else None,
        status.st_uid,
        status.st_gid,
    )
