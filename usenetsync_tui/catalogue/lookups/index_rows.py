"""What the index of a version says, from the catalogue: its files, and the objects they brought.

Pages, so that memory does not grow with the folder. Refuses to know the format (`codec.index`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from usenetsync_tui.catalogue.columns import INDEX_ROW
from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.postgres.arrays import bytea_array, int8_array

_SQL = load(__package__, "index_rows.sql")
_ROWS, _OBJECTS = 4_000, 1_000
"""Rows of a page."""
_LONG_ROWS = 16
"""Rows of a page of long paths: one has a few kilobytes as a rule, and 4 MiB at most."""


Row = tuple[Any, ...]
"""A row of `files` with all that an index keeps; `IndexColumns` has its fields."""
PATH, CHANGE = 0, -1
"""Where some of them are."""


class IndexColumns(NamedTuple):
    """Rows, column by column: an index of three million files has a hundred million fields."""

    path: Sequence[bytes]
    kind: Sequence[int]
    mode: Sequence[int]
    uid: Sequence[int | None]
    gid: Sequence[int | None]
    size: Sequence[int]
    stat_size: Sequence[int | None]
    mtime_ns: Sequence[int]
    ctime_ns: Sequence[int]
    inode: Sequence[int]
    link: Sequence[bytes | None]
    state: Sequence[int]
    object_id: Sequence[int | None]
    object_offset: Sequence[int | None]
    digest: Sequence[bytes | None]
    digest_kind: Sequence[int | None]
    reason: Sequence[str | None]
    racy: Sequence[bool | None]
    link_set: Sequence[int | None]
    xattrs: Sequence[bytes | None]
    """As `codec.index.attributes` writes them."""
    extents: Sequence[bytes | None]
    """As it writes them, too."""
    change: Sequence[int]
    """`model.index.entries.EntryChange`: 3 for a path that is gone, the row of which is old."""


assert IndexColumns._fields[:-1] == tuple(INDEX_ROW) and IndexColumns._fields[PATH] == "path"


class CopyRow(NamedTuple):
    """A copy of a slice of an object; field order is that of the query."""

    object_id: int
    realm_id: int
    kind: int
    size: int
    segment_size: int
    segment: int
    hash: bytes
    is_there: bool
    """Whether it is posted."""
    message_id: bytes
    codec: int
    payload_size: int


@value_object
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


async def rows(tx: Transaction, what: Since, *, long: bool) -> AsyncIterator[list[Row]]:
    """The rows of a run in path order: those with long paths, or the others."""
    values: dict[str, object] = {"folder": what.folder, "version": what.version, "long": long}
    values |= {"since": what.since, "last_run": what.last_run}
    name = "delta_rows" if what.since else "long_base_rows" if long else "base_rows"
    async for page in tx.pages(_SQL[name], values, _LONG_ROWS if long else _ROWS):
        yield page


async def objects(tx: Transaction, what: Since) -> AsyncIterator[list[int]]:
    """The objects that a run must describe, by id."""
    values: dict[str, object] = {"folder": what.folder, "version": what.version}
    name = "base_objects"
    if what.since:
        name = "delta_objects"
        values |= {"since": what.since, "base": what.base, "last_run": what.last_run}
    async for page in tx.pages(_SQL[name], values, _OBJECTS):
        yield column(page)


async def copies(tx: Transaction, objects: Collection[int]) -> AsyncIterator[list[CopyRow]]:
    """The copies of all slices of some objects, in order."""
    values = {"objects": int8_array([*objects])}
    async for page in tx.pages(_SQL["copies"], values, _ROWS):
        yield [CopyRow._make(row) for row in page]


async def aliases(tx: Transaction, message_ids: Collection[bytes]) -> dict[bytes, tuple[str, ...]]:
    """The further names of articles, by Message-ID, adopted ones first."""
    found: dict[bytes, tuple[str, ...]] = {}
    for name, wire_id in await tx.fetch(
        _SQL["aliases"], {"message_ids": bytea_array([*message_ids])}
    ):
        found[name] = (*found.get(name, ()), wire_id)
    return found
