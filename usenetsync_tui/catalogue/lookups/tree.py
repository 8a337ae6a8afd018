"""The entries of one directory of a version: pages and their directory, by a skip-scan.

A step finds the next entry in the primary key, past all that is below the entry before it, so that
a directory with three entries and a million files below them takes three steps. Counting stops at a
limit, like that of a filtered list: a directory may have millions of entries.
"""

from __future__ import annotations

from typing import LiteralString

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables.matching import Predicate, fragment
from usenetsync_tui.catalogue.tables.version_files import VersionRow, version_rows
from usenetsync_tui.model.lists.files import FileKey, FileQuery
from usenetsync_tui.model.path_keys import KEY_HEAD, key_head, path_key
from usenetsync_tui.model.ports.browser import FileDirectory

_SQL = load(__package__, "tree.sql")


async def page(
    tx: Transaction, query: FileQuery, under: bytes, start: FileKey | None, limit: int
) -> list[VersionRow]:
    """The entries of a directory from `start` (inclusive; None: the first) on, by path.

    `under`: its path with a slash; ``b""``: the folder itself.
    """
    values = {**_values(query, under, start), "limit": limit}
    return version_rows(await tx.fetch(statement("page"), values))


async def directory(
    tx: Transaction,
    query: FileQuery,
    under: bytes,
    page_size: int,
    start: FileKey | None,
    *,
    most: int,
) -> FileDirectory:
    """The keys at which pages begin, from `start` on, of at most `most` entries."""
    values = {**_values(query, under, start), "page": page_size, "limit": most + 1}
    rows = await tx.fetch(statement("directory"), values)
    keys = tuple(FileKey(path) for path, n, _ in rows if n < most)
    counted = rows[0][2] if rows else 0
    return FileDirectory(min(counted, most), keys, page_size, counted <= most)


def below(under: bytes) -> Predicate:
    """The rows ``f`` of `files` that are inside a directory; `under` as in `page`."""
    head = key_head(under)
    values = {"under": under, "depth": len(under), "within": head, "until": _until(head)}
    return Predicate(_SQL["below"].rstrip(";"), values)


def statement(name: str) -> LiteralString:
    """A statement of ``tree.sql``; it takes the values of a query, `limit`, and `page`."""
    first = _row("%(start)s::bytea")
    steps = _SQL["steps"].rstrip(";").replace("{first}", f"({first})")
    return _SQL[name].replace("{steps}", steps.replace("{next}", _row("step.next_key")))


def _row(begin: LiteralString) -> LiteralString:
    row = _SQL["row"].rstrip(";").replace("{at_version}", fragment("at_version"))
    return row.replace("{from}", begin).replace("{below}", _SQL["below"].rstrip(";"))


def _values(query: FileQuery, under: bytes, start: FileKey | None) -> dict[str, object]:
    return {
        **below(under).values,
        "folder": query.folder_id,
        "version": query.version,
        "head": KEY_HEAD,
        "start": b"" if start is None else path_key(start.path),
    }


def _until(head: bytes) -> bytes | None:
    """The first key after all that begin with `head`; None: there is none."""
    while head and head[-1] == 0xFF:
        head = head[:-1]
    return head[:-1] + bytes([head[-1] + 1]) if head else None
