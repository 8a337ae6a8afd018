"""plan_run: which run a version gets, and its pages, recorded before anything is sent."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from anyio import to_thread

from usenetsync_tui.catalogue.lookups.index_rows import Since
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import objects, segments
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.index.posted import PageRow, RunRow
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.codec.index.cutting import PAGE_TARGET, CutPage, FilesCutter, ObjectsCutter
from usenetsync_tui.codec.index.root import FEW, fingerprint
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.segments import Codec, ObjectKind, Segment, SegmentStatus
from usenetsync_tui.pipeline.index.rows import entries, parts
from usenetsync_tui.pipeline.posting.ledger import leaving_size
from usenetsync_tui.pipeline.run.job_run import JobRun

MOST_DELTAS = 32
BASE_SHARE = 4
"""A new base is due when the deltas have more than this part of the base's bytes."""
_FRAME = 8_192
"""Bytes of a segment that a page leaves for its frame and its last row."""


@dataclass(slots=True)
class _Planned:
    """What a run has so far."""

    amendment: int
    files: int = 0
    objects: int = 0
    size: int = 0
    pages: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})
    fingerprints: set[int] | None = field(default_factory=set)


def is_base_due(runs: Sequence[RunRow]) -> bool:
    """Whether the next run must be a base, after these: a base and its deltas."""
    if not runs:
        return True
    deltas = runs[1:]
    return len(deltas) >= MOST_DELTAS or sum(d.size for d in deltas) * BASE_SHARE > runs[0].size


async def plan_run(run: JobRun, version: int, *, amends: bool = False) -> None:
    """Plan all pages of the run of a version. `run`: in the realm of the folder's index.

    `amends`: a further run of the version, with the new names of articles.
    """
    folder = run.folder.id
    async with run.catalogue.transaction() as tx:
        await posted.forget_unfinished(tx, folder)
        at = await posted.now(tx)
        last = version if amends else version - 1
        before = await posted.runs(tx, folder, run.open_realm.realm.id, last)
    is_base = not amends and is_base_due(before)
    what = Since(folder, version, 0)
    if not is_base:
        what = Since(folder, version, before[-1].version, before[0].version, before[-1].at)
    made = _Planned(before[-1].amendment + 1 if amends else 0)
    target = min(PAGE_TARGET, max(_FRAME, run.limits.chunk_size - _FRAME))
    await _plan_files(run, what, made, FilesCutter(target))
    await _plan_objects(run, what, made, ObjectsCutter(target))
    prints = made.fingerprints
    row = RunRow(
        version,
        is_base,
        made.files,
        made.objects,
        made.size,
        None if prints is None else b"".join([p.to_bytes(4) for p in sorted(prints)]),
        at,
        made.amendment,
    )
    async with run.catalogue.transaction(durable=True) as tx:
        await posted.add_run(tx, folder, run.open_realm.realm.id, row)


async def _plan_files(run: JobRun, what: Since, made: _Planned, cutter: FilesCutter) -> None:
    async for entry in entries(run.catalogue, what, run.limits.batch_size):
        made.files += 1
        if made.fingerprints is not None:
            made.fingerprints.add(fingerprint(entry.path))
            if len(made.fingerprints) > FEW:
                made.fingerprints = None
        await _keep(run, what, made, cutter.add(entry))
    await _keep(run, what, made, await to_thread.run_sync(cutter.finish))


async def _plan_objects(run: JobRun, what: Since, made: _Planned, cutter: ObjectsCutter) -> None:
    async for part in parts(run.catalogue, what, run.limits.batch_size):
        made.objects += 1
        await _keep(run, what, made, cutter.add(part))
    await _keep(run, what, made, await to_thread.run_sync(cutter.finish))


async def _keep(run: JobRun, what: Since, made: _Planned, page: CutPage | None) -> None:
    if page is None:
        return
    first = page.first
    path, key = (first, (None, None)) if isinstance(first, bytes) else (None, first)
    number = made.pages[page.of_objects]
    row = PageRow(page.data, number, page.of_objects, path, *key)
    row = row._replace(amendment=made.amendment)
    async with run.catalogue.transaction(durable=True) as tx:
        await plan_page(tx, run, what.version, row)
    made.pages[page.of_objects] += 1
    made.size += len(page.data)


async def plan_page(
    tx: Transaction, run: JobRun, version: int, row: PageRow, names: list[bytes] | None = None
) -> int:
    """Record a page and its articles; returns its object.

    `names`: the Message-IDs of its copies; None: random ones.
    """
    size, copies = len(row.data), run.folder.copies
    names = names or [secrets.token_bytes(16) for _ in range(copies)]
    digest = digest_of(DigestAlgorithm.BLAKE3, row.data)
    payload = leaving_size(run.open_realm, size)
    (object_id,) = await objects.allocate(tx, 1)
    made = NewObject(object_id, ObjectKind.INDEX, size, size, 1, 0, b"", b"")
    realm = run.open_realm.realm.id
    await objects.insert(tx, run.folder.id, realm, len(names), [made])
    planned = [
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
        for redundancy, name in enumerate(names)
    ]
    await segments.insert(tx, realm, planned)
    await posted.add_page(tx, run.folder.id, version, object_id, row)
    return object_id
