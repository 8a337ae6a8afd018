"""plan_pages: records pages of an index with their articles, before anything is sent."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import objects, segments
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.index.posted import PageRow
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.segments import Codec, ObjectKind, Segment, SegmentStatus
from usenetsync_tui.pipeline.posting.ledger import leaving_size
from usenetsync_tui.pipeline.run.job_run import JobRun


async def add_pages(
    tx: Transaction,
    run: JobRun,
    version: int,
    rows: Sequence[PageRow],
    names: list[bytes] | None = None,
    *,
    are_new: bool = True,
) -> list[int]:
    """In a transaction: some pages and their articles; returns their objects.

    `names`: the Message-IDs of the copies of a single page; None: random ones. `are_new`: whether
    no article has one of these names.
    """
    realm, copies = run.open_realm.realm.id, run.folder.copies
    made: list[NewObject] = []
    planned: list[Segment] = []
    ids = await objects.allocate(tx, len(rows))
    for object_id, row in zip(ids, rows, strict=True):
        size = len(row.data)
        digest = digest_of(DigestAlgorithm.BLAKE3, row.data)
        payload = leaving_size(run.open_realm, size)
        made.append(NewObject(object_id, ObjectKind.INDEX, size, size, 1, 0, b"", b""))
        for redundancy, name in enumerate(
            names or [secrets.token_bytes(16) for _ in range(copies)]
        ):
            planned.append(
                Segment(
                    object_id,
                    0,
                    redundancy,
                    size,
                    digest,
                    Codec.NONE,
                    payload,
                    name,
                    SegmentStatus.PLANNED,
                    realm_id=realm,
                )
            )
    await objects.insert(tx, run.folder.id, realm, len(names) if names else copies, made)
    await segments.insert(tx, realm, planned)
    for object_id, row in zip(ids, rows, strict=True):
        await posted.add_page(tx, run.folder.id, version, object_id, row)
    note = run.new_pages.update if are_new else run.new_pages.difference_update
    note(ids)  # even if the transaction fails: then nothing has these ids, or pages planned later
    return ids
