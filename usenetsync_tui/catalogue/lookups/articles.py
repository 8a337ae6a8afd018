"""The articles of one object: their rows in the ledger and their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.folders import Realm
from usenetsync_tui.model.ports.browser import ArticleRow
from usenetsync_tui.model.segments import SegmentStatus

_SQL = load(__package__, "articles.sql")

WireId = Callable[[Realm, bytes], str | None]
"""Gives the wire id of a realm's Message-ID; None when it is not known."""


async def page(
    tx: Transaction,
    object_id: int,
    start: tuple[int, int],
    limit: int,
    wire_id: WireId | None = None,
) -> list[ArticleRow]:
    """The copies of an object's segments from (index, redundancy) on, inclusive."""
    index, redundancy = start
    values = {"object": object_id, "index": index, "redundancy": redundancy, "limit": limit}
    rows = await tx.fetch(_SQL["page"], values)
    realms = {} if wire_id is None else {r: await folders.realm_by_id(tx, r) for r in _realms(rows)}
    return [_article(row, realms, wire_id) for row in rows]


async def count(tx: Transaction, object_id: int) -> int:
    """The number of rows of all pages."""
    counted: int = (await tx.one(_SQL["count"], {"object": object_id}))[0]
    return counted


def _realms(rows: list[tuple[Any, ...]]) -> set[int]:
    return {realm for *_, realm, _, _, _ in rows}


def _article(
    row: tuple[Any, ...], realms: Mapping[int, Realm | None], wire_id: WireId | None
) -> ArticleRow:
    *fields, realm_id, name, names, adopted = row
    realm = realms.get(realm_id)
    index, redundancy, size, payload, wire, status, tries, checks, reposts = fields[:9]
    error, server, digest, posted_at, verified_at, algorithm = fields[9:]
    own = wire_id(realm, name) if wire_id is not None and realm is not None else None
    others: list[str] = list(names)
    if adopted:  # the server's name comes first; our own may find the article as well
        called = others.pop(0)
        others = ([own] if own is not None else []) + others
    else:
        called = own if own is not None else name.hex()
    return ArticleRow(
        index=index,
        redundancy=redundancy,
        size=size,
        payload_size=payload,
        wire_size=wire,
        status=SegmentStatus(status),
        tries=tries,
        checks=checks,
        reposts=reposts,
        error=error,
        server=server,
        message_id=called,
        aliases=tuple(others),
        hash=digest,
        algorithm=DigestAlgorithm(algorithm),
        posted_at=posted_at,
        verified_at=verified_at,
    )
