"""Root's files in the home of another user (``sudo`` keeps HOME on many systems).

When root runs the program there, it gives that user all it creates: folders, files, and the
database, which then runs as that user. Otherwise the user could not run the program afterwards. The
owner of the folder decides, not a variable: everything below a user's folder is for that user.

Files that existed before keep their owner. The program changes the owner by descriptor, because
the user may move files meanwhile. It ignores an owner id without a name, because the database
could not run as that user (a volume in a container, mounted with another machine's ids).
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from usenetsync_tui.model.value_object import value_object


@value_object
class Owner:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def other_owner(path: Path) -> Owner | None:
    """The other user who owns this path or, if it is missing, the folder above it.

    None if that is root or has no name, and whenever another user than root runs the program.
    Follows links.
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


def give_to_owner_of(descriptor: int, folder: Path) -> None:
    """Give a file that we have just created to the owner of its folder, if that is another user."""
    owner = other_owner(folder)
    if owner is not None:
        # Fails on a file system without owners, or one that does not trust this root (NFS).
        with suppress(OSError):
            os.fchown(descriptor, owner.uid, owner.gid)


def give_to_owner_of_parent(folder: Path) -> None:
    """The same for a folder that we have just created, if it still exists and is empty."""
    if other_owner(folder.parent) is None:
        return
    with suppress(OSError):  # someone has moved it
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if os.fstat(descriptor).st_uid == 0 and not os.listdir(descriptor):
                give_to_owner_of(descriptor, folder.parent)
        finally:
            os.close(descriptor)


def open_or_make(path: Path, flags: int) -> int:
    """Open a file, created with mode 0600 if missing. Returns a descriptor; raises ``OSError``."""
    flags |= os.O_CREAT | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags, 0o600)
    give_to_owner_of(descriptor, path.parent)
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
