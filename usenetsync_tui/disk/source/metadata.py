"""What a path has beside its entry: extended attributes, other names.

Knows how to read them of an open file, or below an open directory without opening the path: a FIFO
that is opened waits, and a device may do anything. Refuses to know what they are for. Synchronous.
"""

from __future__ import annotations

import errno
import os
import stat
from struct import Struct

import xxhash

from usenetsync_tui.codec.index.attributes import write_xattrs
from usenetsync_tui.model.metadata.metadata import MOST_XATTRS, NONE, Metadata, is_kept

_UNSUPPORTED = frozenset((errno.EOPNOTSUPP, errno.ENOSYS))
_GONE = frozenset((errno.ENODATA, errno.ENOENT))
_LINK = Struct("<QQ")


def metadata_of(place: int | bytes, status: os.stat_result) -> Metadata:
    """The extended attributes and the link set of an open file, or of a path, itself if a symlink.

    One system call for most files.
    """
    link_set = None
    if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
        link_set = xxhash.xxh3_64_intdigest(_LINK.pack(status.st_dev, status.st_ino)) >> 1
    try:
        names = _names(place)
    except OSError as caught:
        lack = "" if caught.errno in _UNSUPPORTED else _reason(caught)
        return Metadata(link_set=link_set, lack=lack) if lack or link_set is not None else NONE
    if not names:
        return NONE if link_set is None else Metadata(link_set=link_set)
    return _with_xattrs(place, names, link_set)


def _names(place: int | bytes) -> list[str]:
    if isinstance(place, int):
        return os.listxattr(place)
    return os.listxattr(place, follow_symlinks=False)


def _with_xattrs(place: int | bytes, names: list[str], link_set: int | None) -> Metadata:
    found, size, lack = list[tuple[bytes, bytes]](), 0, ""
    for name in names:
        if not is_kept(os.fsencode(name)):
            continue
        try:
            if isinstance(place, int):
                value = os.getxattr(place, name)
            else:
                value = os.getxattr(place, name, follow_symlinks=False)
        except OSError as caught:
            if caught.errno not in _GONE:
                lack = _reason(caught)
            continue
        size += len(name) + len(value)
        if size > MOST_XATTRS:
            lack = "extended attributes not kept: they are larger than 1 MiB"
            break
        found.append((os.fsencode(name), value))
    return Metadata(write_xattrs(found) or None, link_set, lack=lack)


def _reason(caught: OSError) -> str:
    return f"extended attributes cannot be read ({caught.strerror or caught})"
