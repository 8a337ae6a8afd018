"""POSIX ACLs as the kernel stores them in an extended attribute: whom they name.

The value (``linux/posix_acl_xattr.h``) is a version, 2, in four bytes, and entries of eight: tag,
permissions, number; little-endian. The tags 2 and 8 name a user and a group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from struct import Struct

from usenetsync_tui.model.metadata.metadata import KEPT_SYSTEM, Xattr

_ENTRY = Struct("<HHI")
_HEAD = b"\2\0\0\0"
_USER, _GROUP = 2, 8


def _entries(value: bytes) -> list[tuple[int, int, int]]:
    if value[:4] != _HEAD or len(value) % 8 != 4:
        return []
    return list(_ENTRY.iter_unpack(value[4:]))


def acl_owners(xattrs: Iterable[Xattr]) -> list[tuple[int | None, int | None]]:
    """User and group that the ACLs among some extended attributes name, one of them each."""
    found = list[tuple[int | None, int | None]]()
    for name, value in xattrs:
        if name in KEPT_SYSTEM:
            for tag, _, number in _entries(value):
                if tag in (_USER, _GROUP):
                    found.append((number, None) if tag == _USER else (None, number))
    return found


def with_owners(value: bytes, user: Callable[[int], int], group: Callable[[int], int]) -> bytes:
    """An ACL for other numbers: `user` and `group` give that of a number."""
    parts = list[tuple[int, int, int]]()
    for tag, rights, number in _entries(value):
        mapped = user(number) if tag == _USER else group(number) if tag == _GROUP else number
        parts.append((tag, rights, mapped))
    if not parts:
        return value
    parts.sort(key=lambda part: (part[0], part[2]))  # the kernel expects ascending numbers
    return _HEAD + b"".join([_ENTRY.pack(*part) for part in parts])
