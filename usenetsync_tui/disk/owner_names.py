"""The names of users and groups, asked of the system once each.

Knows that a number may have no name here. Refuses to know what names are for.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable


class OwnerNames:
    """Names by number. `learn` blocks: the system may ask a network for them."""

    def __init__(self) -> None:
        self._users: dict[int, bytes] = {}
        self._groups: dict[int, bytes] = {}

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
