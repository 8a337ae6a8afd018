"""Extended attributes of restored files: set, compared, and what refuses them.

Knows names and values. Refuses to know modes and owners (`attributes`). A file system without them,
or a process without the right to set some, is no fault of a file: the report says it once
(`Lack.is_error`). Where a symlink or special file is meant, `at` is a path in ``/proc/self/fd``,
which leads to the opened file and nowhere else. Thread-safe.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

from usenetsync_tui.model.metadata.metadata import CAPABILITY, KEPT_SYSTEM, Xattr
from usenetsync_tui.model.text.safe_name import safe_name

_ACLS = "ACL"
_UNSUPPORTED = frozenset((errno.EOPNOTSUPP, errno.ENOSYS))
_NOT_ROOT = frozenset((errno.EPERM, errno.EACCES))


class XattrWriter:
    """Sets extended attributes as far as this process and each file system let it."""

    def __init__(self) -> None:
        self._refused: set[tuple[int, str]] = set()
        """By device and namespace: no file can have them there, or this process cannot set them."""
        self.is_exact = False
        """Whether a version tells all that its files had, so that they must have nothing else."""

    def agrees(self, at: int | bytes, device: int, wanted: Sequence[Xattr]) -> bool:
        """Whether a file has all that it can have of these; and nothing else, if that is known."""
        if self.is_exact and _others(at, wanted):
            return False
        for name, value in wanted:
            try:
                if os.getxattr(at, name) == value:
                    continue
            except OSError:
                pass  # it has none, or it cannot be read: setting it will tell
            if (device, _namespace(name)) not in self._refused:
                return False
        return True

    def write(self, at: int | bytes, device: int, wanted: Sequence[Xattr]) -> dict[str, bool]:
        """Set these; returns what could not be set, as text, and whether it could have been."""
        lacks = dict[str, bool]()
        for name, value in wanted:
            place = device, _namespace(name)
            try:
                os.setxattr(at, name, value)
            except OSError as caught:
                reason = _reason(name, caught)
                if caught.errno in _UNSUPPORTED or (caught.errno in _NOT_ROOT and os.geteuid()):
                    self._refused.add(place)
                    lacks[reason] = False
                else:
                    lacks[reason] = True
        return lacks

    def remove_others(self, at: int | bytes, wanted: Sequence[Xattr]) -> dict[str, bool]:
        """Remove what a file must not have; returns what stays, as `write` does.

        Those are at least ACLs that its directory gave a new file: they would give rights that the
        file did not give. If a version tells all that its files had, they are all others, too.
        """
        lacks = dict[str, bool]()
        for name in _others(at, wanted):
            if not self.is_exact and name not in KEPT_SYSTEM:
                continue
            try:
                os.removexattr(at, name)
            except OSError as caught:
                if caught.errno != errno.ENODATA:
                    lacks[_stays(name, caught)] = True
        return lacks


def has_xattrs(at: int | bytes) -> bool:
    """Whether a file has any extended attribute."""
    try:
        return bool(os.listxattr(at))
    except OSError:
        return False


def with_others(fd: int, wanted: tuple[Xattr, ...]) -> tuple[Xattr, ...]:
    """These, and what an open file has that `remove_others` might remove."""
    others = _others(fd, wanted)
    return (*wanted, *(each for each in xattrs_of(fd) if each[0] in others)) if others else wanted


def _others(at: int | bytes, wanted: Sequence[Xattr]) -> set[bytes]:
    """The names of what a file has beside these, without what the system itself gives files.

    That is all of ``security.`` but capabilities (the labels of SELinux, the digests of IMA), and
    of ``system.`` but ACLs.
    """
    try:
        found = {os.fsencode(name) for name in os.listxattr(at)}
    except OSError:
        return set()  # a file system without them
    found.difference_update(name for name, _ in wanted)
    return {
        name
        for name in found
        if name in KEPT_SYSTEM
        or name == CAPABILITY
        or not name.startswith((b"security.", b"system."))
    }


def xattrs_of(fd: int) -> tuple[Xattr, ...]:
    """The extended attributes of an open file, as far as they can be read."""
    found = list[Xattr]()
    try:
        for name in os.listxattr(fd):
            found.append((os.fsencode(name), os.getxattr(fd, name)))
    except OSError:
        pass  # a file system without them
    return tuple(found)


def _namespace(name: bytes) -> str:
    if name in KEPT_SYSTEM:
        return _ACLS
    return safe_name(name.partition(b".")[0])


def _noun(name: bytes) -> str:
    what = _namespace(name)
    return _ACLS if what == _ACLS else f"extended attributes ({what}.*)"


def _stays(name: bytes, caught: OSError) -> str:
    return f"{_noun(name)} not removed: {caught.strerror or caught}"


def _reason(name: bytes, caught: OSError) -> str:
    noun = _noun(name)
    if caught.errno in _UNSUPPORTED:
        return f"{noun} not set: this file system keeps none"
    if caught.errno in _NOT_ROOT and os.geteuid():
        return f"{noun} not set: only root may"
    return f"{noun} not set: {caught.strerror or caught}"
