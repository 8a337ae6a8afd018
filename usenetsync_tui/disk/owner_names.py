"""The names and numbers of users and groups, asked of the system once each.

Knows that a number may have no name here. Refuses to know what names are for.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable

from usenetsync_tui.model.metadata.owners import OwnerMap, OwnerName


class OwnerNames:
    """Names by number. `learn` blocks: the system may ask a network for them."""

    def __init__(self, known: Iterable[OwnerName] = ()) -> None:
        """`known`: names that the system is not asked for."""
        self._users: dict[int, bytes] = {}
        self._groups: dict[int, bytes] = {}
        for each in known:
            (self._groups if each.is_group else self._users)[each.number] = each.name

    def unknown(self, owners: Iterable[tuple[int | None, int | None]]) -> bool:
        """Whether `learn` must be called before the names of these owners can be had."""
        return any(
            (uid is not None and uid not in self._users)
            or (gid is not None and gid not in self._groups)
            for uid, gid in owners
        )

    def learn(self, owners: Iterable[tuple[int | None, int | None]]) -> None:
        """Ask the system for those names that are not known yet."""
        for uid, gid in owners:
            if uid is not None and uid not in self._users:
                self._users[uid] = _user(uid)
            if gid is not None and gid not in self._groups:
                self._groups[gid] = _group(gid)

    def of(self, uid: int | None, gid: int | None) -> tuple[bytes, bytes]:
        """The names of a user and a group; empty for those without one."""
        user = b"" if uid is None else self._users.get(uid, b"")
        return user, b"" if gid is None else self._groups.get(gid, b"")


def owner_map(names: Iterable[OwnerName]) -> OwnerMap:
    """The numbers that some names have here; a name that is unknown here keeps its number.

    Blocks: the system may ask a network.
    """
    users, groups = dict[int, int](), dict[int, int]()
    for is_group, number, name in names:
        here = _group_number(name) if is_group else _user_number(name)
        if here is not None and here != number:
            (groups if is_group else users)[number] = here
    return OwnerMap(users, groups)


def _user_number(name: bytes) -> int | None:
    try:
        return pwd.getpwnam(os.fsdecode(name)).pw_uid
    except (KeyError, ValueError):
        return None


def _group_number(name: bytes) -> int | None:
    try:
        return grp.getgrnam(os.fsdecode(name)).gr_gid
    except (KeyError, ValueError):
        return None


def _user(uid: int) -> bytes:
    try:
        return os.fsencode(pwd.getpwuid(uid).pw_name)
    except (KeyError, OverflowError):
        return b""


def _group(gid: int) -> bytes:
    try:
        return os.fsencode(grp.getgrgid(gid).gr_name)
    except (KeyError, OverflowError):
        return b""
