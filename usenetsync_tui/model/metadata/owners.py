"""The names of users and groups on the machine that made a version, and their numbers here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from usenetsync_tui.model.metadata.acl import with_owners
from usenetsync_tui.model.metadata.metadata import KEPT_SYSTEM, Xattr


class OwnerName(NamedTuple):
    """The name of a user or a group; field order is that of the table's columns."""

    is_group: bool
    number: int
    name: bytes


class OwnerMap(NamedTuple):
    """Numbers of a version that belong to another number here, since the name does."""

    users: Mapping[int, int]
    groups: Mapping[int, int]

    def __bool__(self) -> bool:
        """Whether any number is another one here."""
        return bool(self.users or self.groups)

    def owner(self, uid: int | None, gid: int | None) -> tuple[int | None, int | None]:
        """The numbers here."""
        return (
            uid if uid is None else self.users.get(uid, uid),
            gid if gid is None else self.groups.get(gid, gid),
        )

    def xattrs(self, xattrs: tuple[Xattr, ...]) -> tuple[Xattr, ...]:
        """The same with ACLs that name the numbers here."""
        return tuple(
            (name, with_owners(value, self._user, self._group) if name in KEPT_SYSTEM else value)
            for name, value in xattrs
        )

    def _user(self, number: int) -> int:
        return self.users.get(number, number)

    def _group(self, number: int) -> int:
        return self.groups.get(number, number)


NUMERIC = OwnerMap({}, {})
"""Every number is the same here."""
