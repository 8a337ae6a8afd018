"""The differences between two versions of a folder, from their rows of `files`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables.source import exclusions
from usenetsync_tui.model.path_keys import KEY_HEAD, path_key
from usenetsync_tui.model.versions.changes import Change, ChangeKind, ChangeRow

_SQL = load(__package__, "differences.sql")


async def page(
    tx: Transaction, folder: int, versions: tuple[int, int], after: bytes | None, limit: int
) -> list[ChangeRow]:
    """The paths that differ between an older and a newer version, after one, in path order.

    A path that was removed and came back unchanged in between is no difference. One that the
    filters leave out counts as excluded.
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
    removed = {(path, gone) for path, *_, gone in rows if gone is not None}
    rules = await exclusions.rules_of(tx, folder, versions, removed)
    return [
        ChangeRow(
            path,
            kind,
            change_of(old_kind, kinds, (path, gone) in rules),
            old,
            new,
            kinds_of(kinds),
            old_kind,
            rules.get((path, gone)),
        )
        for path, kind, old_kind, old, new, kinds, gone in rows
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


def change_of(old_kind: int | None, kinds: object, is_left_out: bool = False) -> Change:
    """How a path changed, by what its older row was, such a list, and whether a rule says why."""
    if old_kind is None:
        return Change.ADDED
    if kinds is not None:
        return Change.MODIFIED
    return Change.EXCLUDED if is_left_out else Change.REMOVED
