"""The paths of all folders and versions that match: pages after a key, newest first.

Folder by folder, the one with the latest version first: the paths of its newest version in path
order, by the primary key, then those that are gone, the latest loss first, by the index of rows
that ended. So a page begins where the one before ended, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, LiteralString, NamedTuple

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables.matching import Predicate, matching_names
from usenetsync_tui.model.entries import FileKind, unfitted_time
from usenetsync_tui.model.history import FindKey, FindQuery, FoundFile
from usenetsync_tui.model.path_keys import path_key

_SQL = load(__package__, "found.sql")
_LAST_VERSION = (1 << 31) - 1


class _Place(NamedTuple):
    """A folder to look in; field order is that of the query."""

    folder_id: int
    name: str
    newest: int
    """Its newest finished version."""


async def page(
    tx: Transaction, query: FindQuery, after: FindKey | None, limit: int
) -> list[FoundFile]:
    """The paths that match, after a key (None: from the first on)."""
    found: list[FoundFile] = []
    async for place in _places(tx, query, after):
        key = after if after is not None and after.folder_id == place.folder_id else None
        if key is None or key.last_version is None:
            found += await _rows(tx, query, place, key, limit - len(found), gone=False)
            key = None
        if len(found) < limit and query.version is None:
            found += await _rows(tx, query, place, key, limit - len(found), gone=True)
        if len(found) == limit:
            break
    return found


async def _places(
    tx: Transaction, query: FindQuery, after: FindKey | None
) -> AsyncIterator[_Place]:
    """The folders from the key's on that have the wanted version."""
    reached = after is None
    for row in await tx.fetch(_SQL["folders"], {"folder": query.folder_id}):
        place = _Place._make(row)
        reached = reached or (after is not None and place.folder_id == after.folder_id)
        if reached and await _has_version(tx, place, query.version):
            yield place


async def _has_version(tx: Transaction, place: _Place, version: int | None) -> bool:
    if version is None:
        return True
    values = {"folder": place.folder_id, "version": version}
    has: bool = (await tx.one(_SQL["is_finished"], values))[0]
    return has


async def _rows(
    tx: Transaction,
    query: FindQuery,
    place: _Place,
    key: FindKey | None,
    limit: int,
    *,
    gone: bool,
) -> list[FoundFile]:
    wanted = matching_names(query.filter)
    rows = await tx.fetch(
        statement("gone" if gone else "current", wanted),
        {
            **wanted.values,
            "folder": place.folder_id,
            "version": query.version or place.newest,
            "newest": place.newest,
            "after": b"" if key is None else path_key(key.path),
            "last": _LAST_VERSION if key is None else key.last_version,
            "limit": limit,
        },
    )
    return [_found(place, row, gone=gone) for row in rows]


def statement(name: str, wanted: Predicate) -> LiteralString:
    """A statement of ``found.sql`` for the rows that match."""
    sql = _SQL[name].replace("{row}", _SQL["row"].rstrip(";"))
    return sql.replace("{states}", _SQL["states"].rstrip(";")).replace("{matching}", wanted.sql)


def _found(place: _Place, row: Sequence[Any], *, gone: bool) -> FoundFile:
    path, kind, size, mtime_ns, last_version, first, last = row
    return FoundFile(
        folder_id=place.folder_id,
        folder=place.name,
        path=path,
        kind=FileKind(kind),
        size=size,
        mtime_ns=unfitted_time(mtime_ns),
        versions=_runs(first, last),
        states=len(first),
        is_gone=last[-1] < place.newest,
        key=FindKey(place.folder_id, last_version if gone else None, path),
    )


def _runs(first: Sequence[int], last: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Intervals of versions, those that follow each other joined."""
    runs: list[tuple[int, int]] = []
    for begin, end in zip(first, last, strict=True):
        if runs and runs[-1][1] + 1 == begin:
            runs[-1] = runs[-1][0], end
        else:
            runs.append((begin, end))
    return tuple(runs)
