"""Root at work in the home of another user (``sudo`` keeps HOME on many systems).

What root makes there is given to that user, who could not run the program afterwards otherwise:
folders, files, and the database, which then runs as that user. Whose a folder is decides, not a
variable: a path below it is that user's, whatever led there.

Nothing that was there before changes hands, and what is given away is known by its descriptor:
the user may move things about meanwhile. A user id without a name owns nothing here, for the
database could not run as one (a volume in a container, mounted with another machine's ids).
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def other_owner(path: Path) -> Owner | None:
    """The user whose this place is, or would be once made; None: it is ours to keep.

    Only root can give anything away. Links are followed.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    there = path
    while True:
        try:
            uid = there.stat().st_uid
        except OSError:
            if there == there.parent:
                return None
            there = there.parent
        else:
            return _named(uid)


def give(descriptor: int, folder: Path) -> None:
    """Give what we have just made in a folder to the folder's owner, if that is another user."""
    owner = other_owner(folder)
    if owner is not None:
        # A file system without owners, or one that does not trust this root (NFS).
        with suppress(OSError):
            os.fchown(descriptor, owner.uid, owner.gid)


def give_folder(folder: Path) -> None:
    """The same for a folder that we have just made: it is empty, and still where it was made."""
    if other_owner(folder.parent) is None:
        return
    with suppress(OSError):  # it was moved away
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if os.fstat(descriptor).st_uid == 0 and not os.listdir(descriptor):
                give(descriptor, folder.parent)
        finally:
            os.close(descriptor)


def open_or_make(path: Path, flags: int) -> int:
    """A descriptor of a file of 0600, made if need be. Raises ``OSError``."""
    flags |= os.O_CREAT | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags, 0o600)
    give(descriptor, path.parent)
    return descriptor


def _named(uid: int) -> Owner | None:
    import pwd  # not on Windows, where this module must still import

    if uid == 0:
        return None
    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        return None
    return Owner(found.pw_name, found.pw_uid, found.pw_gid)
