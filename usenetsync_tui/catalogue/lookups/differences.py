"""The differences between two versions of a folder, from their rows of `files`."""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables.source import exclusions
from usenetsync_tui.model.changes import Change
from usenetsync_tui.model.filters import Rule
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.ports import ChangeRow

_SQL = load(__package__, "differences.sql")


async def page(
    tx: Transaction, folder: int, versions: tuple[int, int], after: bytes | None, limit: int
) -> list[ChangeRow]:
    """The paths that differ between an older and a newer version, after one, in path order.

    A directory differs only when it was added or removed. A path that was removed and added again
    in between counts as modified, one that the filters leave out as excluded.
    """
    older, newer = versions
    rows = await tx.fetch(
        _SQL["page"],
        {
            "folder": folder,
            "older": older,
            "newer": newer,
            "after": None if after is None else path_key(after),
            "limit": limit,
        },
    )
    removed = {path: gone for path, _, _, new, gone in rows if new is None}
    rules = await exclusions.rules_of(tx, folder, versions, removed)
    return [
        ChangeRow(path, kind, _change(old, new, rules.get(path)), old, new, rules.get(path))
        for path, kind, old, new, _ in rows
    ]


def _change(old: int | None, new: int | None, rule: Rule | None) -> Change:
    if old is None:
        return Change.ADDED
    if new is not None:
        return Change.MODIFIED
    return Change.REMOVED if rule is None else Change.EXCLUDED
