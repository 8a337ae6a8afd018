"""The differences between two versions of a folder, from their rows of `files`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.history import Change, ChangeKind, ChangeRow
from usenetsync_tui.model.path_keys import KEY_HEAD, path_key

_SQL = load(__package__, "differences.sql")


async def page(
    tx: Transaction, folder: int, versions: tuple[int, int], after: bytes | None, limit: int
) -> list[ChangeRow]:
    """The paths that differ between an older and a newer version, after one, in path order.

    A path that was removed and came back unchanged in between is no difference.
    """
    older, newer = versions
    rows = await tx.fetch(
        statement("page"),
        {
            "folder": folder,
            "older": older,
            "newer": newer,
            "after": None if after is None else path_key(after),
            "head": KEY_HEAD,
            "limit": limit,
        },
    )
    return [
        ChangeRow(path, kind, change_of(old_kind, kinds), old, new, kinds_of(kinds), old_kind)
        for path, kind, old_kind, old, new, kinds in rows
    ]


def statement(name: str) -> LiteralString:
    """A statement of ``differences.sql``."""
    return with_kinds(_SQL[name])


def with_kinds(sql: LiteralString) -> LiteralString:
    """A statement with the list of what differs between its rows `o` and `n` of `files`."""
    return sql.replace("{kinds}", _SQL["kinds"].rstrip(";"))


def kinds_of(words: Iterable[str] | None) -> tuple[ChangeKind, ...]:
    """The kinds in such a list; none for None, where one of the two rows is missing."""
    return tuple(map(ChangeKind, words or ()))


def change_of(old_kind: int | None, kinds: object) -> Change:
    """How a path changed, by what its older row was, and such a list."""
    if old_kind is None:
        return Change.ADDED
    return Change.REMOVED if kinds is None else Change.MODIFIED
