"""The paths of all folders and versions that match: pages after a key, newest first.

Folder by folder, the one with the latest version first: the paths of its newest version in path
order, then those that are gone, the latest loss first. A pattern that matches often goes along an
index, so that its first rows come at once; one that matches seldom takes one pass over all rows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, LiteralString, NamedTuple

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables.matching import Predicate, fragment, matching_names
from usenetsync_tui.model.entries import FileKind, unfitted_time
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.versions.history import FindKey, FindQuery, FoundFile

_SQL = load(__package__, "found.sql")
_FRAGMENTS = ("row", "states", "is_last", "no_last")
_NO_LAST = (1 << 31) - 1
_PROBED = 2_000
"""A pattern matches often if one of so many rows does."""


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
        mine = after is not None and after.folder_id == place.folder_id
        found += await _of_folder(tx, query, place, after if mine else None, limit - len(found))
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


async def _of_folder(
    tx: Transaction, query: FindQuery, place: _Place, key: FindKey | None, limit: int
) -> list[FoundFile]:
    wanted = matching_names(query.filter)
    values: dict[str, object] = {
        **wanted.values,
        "folder": place.folder_id,
        "version": query.version or place.newest,
        "newest": place.newest,
        "only": query.version is not None,
        "after": b"",
        "last": _NO_LAST,
        "probed": _PROBED,
    }
    if key is not None:
        values |= {"after": path_key(key.path), "last": key.last_version or _NO_LAST}

    async def rows(name: str, limit: int) -> list[FoundFile]:
        found = await tx.fetch(statement(name, wanted), {**values, "limit": limit})
        return [_found(place, row) for row in found]

    if key is not None and key.last_version is not None:
        return await rows("gone", limit)
    if not (await tx.one(statement("probe", wanted), values))[0]:
        return await rows("sparse", limit)
    found = await rows("current", limit)
    if len(found) < limit and query.version is None:
        values |= {"after": b"", "last": _NO_LAST}
        found += await rows("gone", limit - len(found))
    return found


def statement(name: str, wanted: Predicate) -> LiteralString:
    """A statement of ``found.sql`` for the rows that match."""
    sql = _SQL[name]
    for each in _FRAGMENTS:
        sql = sql.replace(f"{{{each}}}", _SQL[each].rstrip(";"))
    return sql.replace("{at_version}", f"({fragment('at_version')})").replace(
        "{matching}", wanted.sql
    )


def _found(place: _Place, row: Sequence[Any]) -> FoundFile:
    path, kind, size, mtime_ns, is_current, last_version, first, last = row
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
        key=FindKey(place.folder_id, None if is_current else last_version, path),
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
