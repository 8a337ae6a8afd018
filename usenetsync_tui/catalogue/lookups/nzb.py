"""The contents of an NZB: a version's files in path order, and the names of their articles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables.version_files import Span
from usenetsync_tui.postgres.copy import copy_rows

_SQL = load(__package__, "nzb.sql")


class NzbFileRow(NamedTuple):
    """A file with content; field order is that of the query. No object: not read yet."""

    path: bytes
    key: bytes
    size: int
    mtime_ns: int
    object_id: int | None
    segments: int | None
    complete: bool | None
    realm_id: int | None
    object_kind: int | None


class NzbArticleRow(NamedTuple):
    """An article as servers know it; field order is that of the query."""

    segment: int
    """Its index in the file, from 0."""
    message_id: bytes
    wire_size: int | None
    """None when the server's reply was lost and a later check found the article."""
    payload_size: int
    status: int
    posted_at: datetime | None
    adopted: str | None
    """The name a server gave it instead of its own."""


async def files_page(tx: Transaction, span: Span, limit: int) -> list[NzbFileRow]:
    """The first files of a span."""
    rows = await tx.fetch(_SQL["files_page"], {**span.values(), "limit": limit})
    return [NzbFileRow(*r) for r in rows]


async def empty_files(tx: Transaction, span: Span, *, loose: bool) -> int:
    """Number of files without content in a span; `loose`: only those in no subfolder."""
    values = {**span.values(), "loose": loose}
    count: int = (await tx.one(_SQL["empty_files"], values))[0]
    return count


async def begin_names(tx: Transaction) -> None:
    """Make a temporary table for the names of one NZB; it lasts until the transaction ends."""
    await tx.run(_SQL["staging"])


async def add_names(tx: Transaction, digests: Sequence[bytes]) -> None:
    """Add names, each as a digest."""
    await copy_rows(tx.connection, _SQL["copy_names"], ("bytea",), [(d,) for d in digests])


async def duplicate_names(tx: Transaction) -> set[bytes]:
    """The digests of names that were added more than once."""
    return set(column(await tx.fetch(_SQL["meeting"])))


async def articles(tx: Transaction, object_id: int, after: int, limit: int) -> list[NzbArticleRow]:
    """The first copies of an object's segments after an index (-1 begins), in order."""
    values = {"object": object_id, "after": after, "limit": limit}
    return [NzbArticleRow(*r) for r in await tx.fetch(_SQL["articles"], values)]
