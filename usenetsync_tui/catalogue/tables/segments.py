"""The `segments` table: the ledger of articles (DESIGN §7), in 16 shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from usenetsync_tui.catalogue.columns import SEGMENT
from usenetsync_tui.catalogue.session import Transaction, load, text
from usenetsync_tui.catalogue.tables.objects import Progressed
from usenetsync_tui.model.segments import Codec, Receipt, Segment, SegmentStatus
from usenetsync_tui.postgres.arrays import (
    bool_array,
    bytea_array,
    int2_array,
    int4_array,
    int8_array,
)

_SQL = load(__package__, "segments.sql")

MARK_POSTED = {
    rows: _SQL["mark_posted"].replace("{rows}", _SQL[rows].rstrip(";"))
    for rows in ("known_row", "every_row")
}
"""The statement for articles with a known row, and for those whose rows must be found."""


class RowKey(NamedTuple):
    """The key of a row."""

    object_id: int
    segment_index: int
    redundancy: int


_NO_ROWS: Mapping[bytes, RowKey] = {}


class KnownArticle(NamedTuple):
    """A copy of a segment the realm has or has planned; field order is that of the query."""

    hash: bytes
    redundancy: int
    message_id: bytes
    codec: int
    payload_size: int
    status: int
    by_body: bool = False
    headers: int | None = None
    """The id of its headers, in realms that share nothing between files."""


async def by_hash(
    tx: Transaction, realm: int, hashes: Collection[bytes], copies: int
) -> list[KnownArticle]:
    """The realm's articles of these digests, for each of the first `copies` copies."""
    rows = await tx.fetch(
        _SQL["by_hash"], {"realm": realm, "hashes": list(hashes), "copies": copies}
    )
    return [KnownArticle(*r) for r in rows]


async def has_any(tx: Transaction, realm: int) -> bool:
    """Whether a realm has any article."""
    found: bool = (await tx.one(_SQL["has_any"], {"realm": realm}))[0]
    return found


async def by_slice(
    tx: Transaction, slices: Collection[tuple[int, int]]
) -> list[tuple[int, int, KnownArticle]]:
    """(object, segment index, article) of some slices, for realms that share nothing."""
    objects, indexes = zip(*slices, strict=True) if slices else ((), ())
    rows = await tx.fetch(_SQL["by_slice"], {"objects": list(objects), "indexes": list(indexes)})
    return known_by_slice(rows)


def known_by_slice(rows: Iterable[tuple[Any, ...]]) -> list[tuple[int, int, KnownArticle]]:
    """(object, segment index, article) from rows of a `KnownArticle` and these two."""
    return [(made, index, KnownArticle(*known)) for *known, made, index in rows]


async def insert(
    tx: Transaction, realm: int, segments: Sequence[Segment], check_after: float | None = None
) -> Counter[int]:
    """Record planned segments; returns the articles already posted per object, new rows only.

    `check_after`: as in `mark_posted`, for those whose shared article is already posted.
    """
    values = {
        "realm": realm,
        "check_after": check_after,
        "objects": int8_array([s.object_id for s in segments]),
        "indexes": int4_array([s.index for s in segments]),
        "redundancies": int2_array([s.redundancy for s in segments]),
        "sizes": int4_array([s.size for s in segments]),
        "payload_sizes": int4_array([s.payload_size for s in segments]),
        "hashes": bytea_array([s.hash for s in segments]),
        "codecs": int2_array([s.codec for s in segments]),
        "nonces": bytea_array([s.nonce for s in segments]),
        "message_ids": bytea_array([s.message_id for s in segments]),
        "statuses": int2_array([s.status for s in segments]),
        "by_body": bool_array([s.by_body for s in segments]),
        "headers": int8_array([s.headers for s in segments]),
    }
    if not any(status.is_there for status in {s.status for s in segments}):
        # Nobody waits for the rows.
        await tx.run(_SQL["insert"], values)
        return Counter()
    rows = await tx.fetch(_SQL["insert"], values)
    return Counter(r[0] for r in rows if SegmentStatus(r[1]).is_there)


async def mark_sending(tx: Transaction, nonces: Mapping[bytes, bytes | None]) -> None:
    """Record articles that are about to be sent: new nonces by Message-ID, None if unsealed."""
    values = {"message_ids": list(nonces), "nonces": list(nonces.values())}
    await tx.run(_SQL["mark_sending"], values)


async def mark_posted(
    tx: Transaction,
    receipts: Mapping[bytes, Receipt],
    check_after: float | None = None,
    rows: Mapping[bytes, RowKey] = _NO_ROWS,
) -> list[Progressed]:
    """Record receipts by Message-ID; returns the objects that have more posted articles now.

    `check_after`: seconds until the articles are checked; None: only those that were posted again
    are checked. `rows`: the keys of articles that certainly have one row each; the rows of all
    others are searched in every shard.
    """
    progressed: list[Progressed] = []
    known = [m for m in receipts if m in rows]
    for sql, names in (
        (MARK_POSTED["known_row"], known),
        (MARK_POSTED["every_row"], [m for m in receipts if m not in rows]),
    ):
        if names:
            found = [receipts[m] for m in names]
            values = {
                "message_ids": bytea_array(names),
                "servers": [text(r.server) for r in found],
                "wire_sizes": int4_array([r.wire_size for r in found]),
                "headers": int8_array([r.headers for r in found]),
                "check_after": check_after,
                **_keys([rows[m] for m in names] if names is known else []),
            }
            progressed += [Progressed(*r) for r in await tx.fetch(sql, values)]
    return progressed


def _keys(rows: Sequence[RowKey]) -> dict[str, object]:
    """Parameters that name rows."""
    indexes = [r.segment_index for r in rows]
    return {
        "objects": int8_array([r.object_id for r in rows]),
        "indexes": int4_array(indexes),
        "redundancies": int2_array([r.redundancy for r in rows]),
        "first": min(indexes, default=0),
        "last": max(indexes, default=0),
    }


async def rename(tx: Transaction, old: bytes, new: bytes, nonce: bytes | None) -> None:
    """Give an article a new Message-ID, and a new nonce if it is sealed."""
    await tx.run(_SQL["rename"], {"old": old, "new": new, "nonce": nonce})


async def count_repost(tx: Transaction, message_id: bytes) -> None:
    """Count that a lost article is about to be posted again."""
    await tx.run(_SQL["count_repost"], {"message_id": message_id})


async def mark_failed(tx: Transaction, message_id: bytes, tries: int, error: str) -> None:
    """Record an article as given up in this run, with the store's reply."""
    await tx.run(
        _SQL["mark_failed"], {"message_id": message_id, "tries": tries, "error": text(error)}
    )


async def mark_verified(tx: Transaction, rows: Collection[Segment]) -> None:
    """Record that the articles of these rows were found, those `by_body` with their bytes.

    Cheap where the rows of an object with many segments lie close together.
    """
    if not rows:
        return
    indexes = [s.index for s in rows]
    await tx.run(
        _SQL["mark_verified"],
        {
            "objects": [s.object_id for s in rows],
            "indexes": indexes,
            "redundancies": [s.redundancy for s in rows],
            "first": min(indexes),
            "last": max(indexes),
        },
    )


async def mark_missing(
    tx: Transaction,
    message_ids: Collection[bytes],
    error: str,
    *,
    by_body: bool = False,
    rename: bool = False,
) -> list[tuple[int, bytes]]:
    """Record articles as lost or damaged; returns (object, Message-ID) of each changed row.

    `by_body`: fetching them failed, so from now on only fetching proves them. `rename`: posting
    them again under the same Message-IDs would not help.
    """
    values = {
        "message_ids": list(message_ids),
        "error": error,
        "by_body": by_body,
        "rename": rename,
    }
    return await tx.fetch(_SQL["mark_missing"], values)


async def mark_stale(tx: Transaction, object_id: int) -> None:
    """Mark an object's unposted segments as stale: their source changed or is gone."""
    await tx.run(_SQL["mark_stale"], {"object": object_id})


async def unposted(
    tx: Transaction, object_id: int, after: tuple[int, int], limit: int
) -> list[Segment]:
    """The next articles of an object the store has not acknowledged.

    `after`: (segment index, redundancy); (-1, 0) begins.
    """
    index, redundancy = after
    values = {"object": object_id, "index": index, "redundancy": redundancy, "limit": limit}
    return segments_of(await tx.fetch(_SQL["unposted"], values))


async def of_object(tx: Transaction, object_id: int, first: int, last: int) -> list[Segment]:
    """All copies of the segments `first` (inclusive) to `last` (exclusive) of an object."""
    return segments_of(
        await tx.fetch(_SQL["of_object"], {"object": object_id, "first": first, "last": last})
    )


async def of_packs(tx: Transaction, objects: Collection[int]) -> dict[int, list[Segment]]:
    """All copies of the only segment of each of these packs, by object."""
    copies: dict[int, list[Segment]] = {}
    for number, *row in await tx.fetch(_SQL["of_packs"], {"objects": list(objects)}):
        copies.setdefault(number, []).append(segment_of(row))
    return copies


def segments_of(rows: Iterable[Sequence[Any]]) -> list[Segment]:
    """Rows of `columns.SEGMENT`."""
    return [segment_of(row) for row in rows]


def segment_of(row: Sequence[Any]) -> Segment:
    """One row of `columns.SEGMENT`."""
    fields = dict(zip(SEGMENT, row, strict=True))
    fields["codec"] = Codec(fields["codec"])
    fields["status"] = SegmentStatus(fields["status"])
    return Segment(**fields)
