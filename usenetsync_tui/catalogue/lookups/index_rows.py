"""What the index of a version says, from the catalogue: its files, and the objects they brought.

Pages, so that memory does not grow with the folder. Refuses to know the format (`codec.index`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from usenetsync_tui.catalogue.columns import INDEX_ROW
from usenetsync_tui.catalogue.session import Transaction, load

_SQL = load(__package__, "index_rows.sql")


class IndexRow(NamedTuple):
    """A row of `files` with all that an index keeps: `columns.INDEX_ROW`."""

    path: bytes
    kind: int
    mode: int
    uid: int | None
    gid: int | None
    size: int
    stat_size: int | None
    mtime_ns: int
    ctime_ns: int
    inode: int
    link: bytes | None
    state: int
    object_id: int | None
    object_offset: int | None
    digest: bytes | None
    digest_kind: int | None
    reason: str | None
    racy: bool | None
    key: bytes
    was_there: bool
    """Whether the earlier version had this path, too."""


assert IndexRow._fields[:-1] == tuple(INDEX_ROW)


class SliceRow(NamedTuple):
    """A slice of an object and its posted copies; field order is that of the query."""

    object_id: int
    realm_id: int
    kind: int
    size: int
    segment_size: int
    segment: int
    hash: bytes
    message_ids: list[bytes]
    codecs: list[int]
    payload_sizes: list[int]


@dataclass(frozen=True, slots=True)
class Since:
    """What a run describes: the changes of a folder from one version to another."""

    folder: int
    version: int
    since: int
    """The version of the run before; 0: everything."""
    base: int = 0
    """The version of the base before; 0 if this is a base."""
    last_run: datetime | None = None
    """When the run before was planned."""
    offset: int = 0
    """What the ids of objects are above their numbers in the index."""


async def changed_page(tx: Transaction, what: Since, start: bytes, limit: int) -> list[IndexRow]:
    """The next rows that are new, from a key on, in key order."""
    values = {
        "folder": what.folder,
        "version": what.version,
        "since": what.since,
        "start": start,
        "limit": limit,
    }
    return [IndexRow._make(row) for row in await tx.fetch(_SQL["changed_page"], values)]


async def removed_page(
    tx: Transaction, what: Since, start: bytes, limit: int
) -> list[tuple[bytes, bytes]]:
    """(path, key) of the next paths that are gone, from a key on, in key order."""
    values = {
        "folder": what.folder,
        "version": what.version,
        "since": what.since,
        "start": start,
        "limit": limit,
    }
    return await tx.fetch(_SQL["removed_page"], values)


async def brought(tx: Transaction, what: Since, after: int, limit: int) -> list[int]:
    """The next objects that a run must describe, by id."""
    values = {
        "folder": what.folder,
        "version": what.version,
        "since": what.since,
        "base": what.base,
        "last_run": what.last_run,
        "after": after,
        "limit": limit,
    }
    return [row[0] for row in await tx.fetch(_SQL["brought"], values)]


async def slices(
    tx: Transaction, objects: Collection[int], after: tuple[int, int], limit: int
) -> list[SliceRow]:
    """The next slices of these objects after (object, segment index); (0, -1) begins."""
    values = {"objects": list(objects), "object": after[0], "index": after[1], "limit": limit}
    return [SliceRow._make(row) for row in await tx.fetch(_SQL["segments"], values)]


async def aliases(tx: Transaction, message_ids: Collection[bytes]) -> dict[bytes, tuple[str, ...]]:
    """The further names of articles, by Message-ID, adopted ones first."""
    found: dict[bytes, tuple[str, ...]] = {}
    for name, wire_id in await tx.fetch(_SQL["aliases"], {"message_ids": list(message_ids)}):
        found[name] = (*found.get(name, ()), wire_id)
    return found
