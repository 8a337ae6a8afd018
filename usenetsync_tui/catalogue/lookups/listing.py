"""Lists of a version's files, sorted and filtered as the user asks: pages and their directory.

All pages are keyset pages, so each costs the same. By path, the primary key gives the order in
both directions. By size there is no index, since it would slow every upload: a page is one
parallel pass over the folder's rows (0.5 s for 3 million on two cores), the directory one sort.
"""

from __future__ import annotations

from typing import LiteralString

from usenetsync_tui.catalogue.lookups import tree
from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables.matching import Predicate, all_of, matching
from usenetsync_tui.catalogue.tables.version_files import VersionRow, version_rows
from usenetsync_tui.model.lists.files import FileKey, FileOrder, FileQuery, FileView
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.ports.browser import FileDirectory

_SQL = load(__package__, "listing.sql")

MOST_COUNTED = 10_000
"""Most rows of a filtered list that one directory counts."""


async def page(
    tx: Transaction, query: FileQuery, start: FileKey | None, limit: int
) -> list[VersionRow]:
    """The rows of a list from `start` (inclusive; None: the first) on."""
    if query.is_tree:
        return await tree.page(tx, query, query.under or b"", start, limit)
    sql, values = statement("page", query, start, await _wanted(tx, query))
    rows = await tx.fetch(sql, {**values, "limit": limit})
    return version_rows(rows)


async def directory(
    tx: Transaction, query: FileQuery, page_size: int, start: FileKey | None
) -> FileDirectory:
    """The keys at which pages begin, from `start` on; of a filtered list `MOST_COUNTED` rows."""
    if query.is_tree:
        under = query.under or b""
        return await tree.directory(tx, query, under, page_size, start, most=MOST_COUNTED)
    if query.filter or query.under is not None:
        return await _limited(tx, query, page_size, start)
    wanted = await _wanted(tx, query)
    sql, values = statement("directory", query, start, wanted)
    rows = await tx.fetch(sql, {**values, "page": page_size})
    keys = tuple(FileKey(path, size) for path, size, _ in rows)
    if not keys:
        return FileDirectory(0, (), page_size)
    sql, values = statement("count_from", query, keys[-1], wanted)
    # Rows added meanwhile are not in the directory: the last page stays within a page.
    last = await tx.one(sql, {**values, "limit": page_size})
    return FileDirectory(rows[-1][2] + last[0], keys, page_size)


async def _limited(
    tx: Transaction, query: FileQuery, page_size: int, start: FileKey | None
) -> FileDirectory:
    sql, values = statement("limited_directory", query, start, await _wanted(tx, query))
    rows = await tx.fetch(sql, {**values, "page": page_size, "limit": MOST_COUNTED + 1})
    keys = tuple(FileKey(path, size) for path, size, n, _ in rows if n < MOST_COUNTED)
    counted = rows[0][3] if rows else 0
    complete = counted <= MOST_COUNTED
    return FileDirectory(min(counted, MOST_COUNTED), keys, page_size, complete)


def statement(
    name: str, query: FileQuery, start: FileKey | None, wanted: Predicate
) -> tuple[LiteralString, dict[str, object]]:
    """A statement of ``listing.sql`` for a list from a key on; the caller adds `limit`, `page`."""
    condition = _from(wanted, query, start)
    sql = _SQL[name].replace("{matching}", condition.sql).replace("{order}", _order(query))
    return sql.replace("{key_size}", _key_size()), condition.values


async def _wanted(tx: Transaction, query: FileQuery) -> Predicate:
    """The predicate of a list.

    The screen asks for files that are being posted every second, so these are listed by key.
    """
    wanted = matching(query.folder_id, query.version, query.filter)
    if query.under is not None:
        below = tree.below(query.under)
        wanted = Predicate(all_of(wanted.sql, below.sql), {**wanted.values, **below.values})
    if query.filter.view is not FileView.POSTING:
        return wanted
    asked = {"folder": query.folder_id, "limit": MOST_COUNTED + 1}
    keys = column(await tx.fetch(_SQL["waiting"], asked))
    if len(keys) > MOST_COUNTED:
        return wanted
    named: LiteralString = f"{wanted.sql} AND f.path_key = ANY (%(waiting)b::bytea[])"
    return Predicate(named, {**wanted.values, "waiting": keys})


def _from(wanted: Predicate, query: FileQuery, start: FileKey | None) -> Predicate:
    if start is None:
        return wanted
    compared: LiteralString = "<=" if query.reverse else ">="
    values = {**wanted.values, "start": path_key(start.path)}
    if query.order is FileOrder.PATH:
        return Predicate(f"{wanted.sql} AND f.path_key {compared} %(start)s", values)
    row: LiteralString = f"(-{_key_size()}, f.path_key) {compared} (%(start_rank)s, %(start)s)"
    return Predicate(f"{wanted.sql} AND {row}", {**values, "start_rank": -start.size})


def _order(query: FileQuery) -> LiteralString:
    direction: LiteralString = "DESC" if query.reverse else "ASC"
    if query.order is FileOrder.PATH:
        return f"f.path_key {direction}"
    return f"-{_key_size()} {direction}, f.path_key {direction}"


def _key_size() -> LiteralString:
    return _SQL["key_size"].rstrip(";")
