"""The ledger of articles and the objects they make up."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import psycopg
import pytest

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import checks, objects, segments, sweeps
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.segments import Codec, Receipt, Segment, SegmentStatus


def segment(made: int, index: int = 0, copy: int = 0, *, name: int | None = None) -> Segment:
    number = made * 1_000 + index * 10 + copy if name is None else name
    return Segment(
        object_id=made,
        index=index,
        redundancy=copy,
        size=100,
        hash=b"%032d" % index,
        codec=Codec.LZ4,
        payload_size=50,
        message_id=number.to_bytes(16, "big"),
        status=SegmentStatus.SENDING,
    )


async def make(
    catalogue: Catalogue, folder: Folder, made: int, count: int, copies: int = 1
) -> list[Segment]:
    rows = [segment(made, i, c) for i in range(count) for c in range(copies)]
    new = NewObject(made, 0, count * 100, 100, count, 1, b"k", b"k")
    async with catalogue.transaction() as tx:
        await objects.insert(tx, folder.id, folder.realm.id, copies, [new])
        assert not await segments.insert(tx, folder.realm.id, rows)
    return rows


async def post(catalogue: Catalogue, *names: bytes) -> list[objects.Progressed]:
    async with catalogue.transaction() as tx:
        return await segments.mark_posted(tx, dict.fromkeys(names, Receipt()))


@pytest.mark.anyio
async def test_an_object_is_complete_with_its_last_article(
    catalogue: Catalogue, folder: Folder
) -> None:
    rows = await make(catalogue, folder, 1, 3, copies=2)
    for row in rows[:-1]:
        (progressed,) = await post(catalogue, row.message_id)
        assert not progressed.complete
    assert (await post(catalogue, rows[-1].message_id))[0].complete
    assert await post(catalogue, rows[-1].message_id) == [], "counted twice"
    async with catalogue.transaction() as tx:
        lost = await segments.mark_missing(tx, [rows[0].message_id], "gone")
        assert lost == [(1, rows[0].message_id)]
        await objects.take_back(tx, [object_id for object_id, _ in lost])
        assert not await segments.mark_missing(tx, [rows[0].message_id], "gone")
        assert [o.id for o in await objects.incomplete_page(tx, folder.id, 0, 9)] == [1]
        (left,) = await segments.unposted(tx, 1, (-1, 0), 9)
        assert (left.status, left.error) == (SegmentStatus.MISSING, "gone")
    assert (await post(catalogue, rows[0].message_id))[0].complete


@pytest.mark.anyio
async def test_planning_twice_changes_nothing(catalogue: Catalogue, folder: Folder) -> None:
    rows = await make(catalogue, folder, 1, 2)
    await post(catalogue, rows[0].message_id)
    again = [replace(r, message_id=bytes(16), status=SegmentStatus.POSTED) for r in rows]
    async with catalogue.transaction() as tx:
        assert not await segments.insert(tx, folder.realm.id, again)
        found = await segments.of_object(tx, 1, 0, 9)
    assert [s.message_id for s in found] == [r.message_id for r in rows]


@pytest.mark.anyio
async def test_one_row_for_each_copy(catalogue: Catalogue, folder: Folder) -> None:
    await make(catalogue, folder, 1, 1)
    with pytest.raises(psycopg.errors.UniqueViolation):
        async with catalogue.transaction() as tx:
            await tx.run("INSERT INTO segments SELECT * FROM segments")


@pytest.mark.anyio
async def test_aliases_are_posted_together(catalogue: Catalogue, folder: Folder) -> None:
    rows = await make(catalogue, folder, 1, 1)
    alias = replace(rows[0], object_id=2)
    new = NewObject(2, 0, 100, 100, 1, 1, b"k", b"k")
    async with catalogue.transaction() as tx:
        await objects.insert(tx, folder.id, folder.realm.id, 1, [new])
        await segments.insert(tx, folder.realm.id, [alias])
    progressed = await post(catalogue, rows[0].message_id)
    assert sorted((p.id, p.complete) for p in progressed) == [(1, True), (2, True)]
    async with catalogue.transaction() as tx:
        known = [replace(alias, object_id=3, status=SegmentStatus.POSTED)]
        assert await segments.insert(tx, folder.realm.id, known) == Counter({3: 1})


@pytest.mark.anyio
async def test_a_known_row_is_posted_alone_and_under_its_own_name(
    catalogue: Catalogue, folder: Folder
) -> None:
    first, second, third = await make(catalogue, folder, 1, 3)
    rows = {
        first.message_id: segments.RowKey(1, 0, 0),
        second.message_id: segments.RowKey(1, 2, 0),  # the row of another article
    }
    receipts = dict.fromkeys([*rows, third.message_id], Receipt("server", 123))
    async with catalogue.transaction() as tx:
        progressed = await segments.mark_posted(tx, receipts, rows=rows)
        left = await segments.unposted(tx, 1, (-1, 0), 9)
        server = await tx.one("SELECT server, wire_size FROM segments WHERE segment_index = 0")
    assert [(p.id, p.complete) for p in progressed] == [(1, False)] * 2
    assert [s.message_id for s in left] == [second.message_id]
    assert server == ("server", 123)


@pytest.mark.anyio
async def test_the_slices_known_in_a_realm(catalogue: Catalogue, folder: Folder) -> None:
    rows = await make(catalogue, folder, 1, 3, copies=2)
    await make(catalogue, folder, 2, 3, copies=2)
    async with catalogue.transaction() as tx:
        found = await segments.by_hash(tx, folder.realm.id, {rows[0].hash, b"?" * 32}, 2)
        assert sorted(k.redundancy for k in found) == [0, 1]
        assert len(await segments.by_hash(tx, folder.realm.id, {rows[0].hash}, 1)) == 1
        assert await segments.by_hash(tx, folder.realm.id + 1, {rows[0].hash}, 2) == []
        assert await segments.by_hash(tx, folder.realm.id, set(), 2) == []
        await segments.mark_stale(tx, 1)
        (known,) = await segments.by_hash(tx, folder.realm.id, {rows[0].hash}, 1)
        assert known.message_id == segment(2).message_id
        await segments.mark_stale(tx, 2)
        assert await segments.by_hash(tx, folder.realm.id, {rows[0].hash}, 2) == []


@pytest.mark.anyio
async def test_the_slices_known_of_an_object(catalogue: Catalogue, folder: Folder) -> None:
    await make(catalogue, folder, 1, 3)
    await make(catalogue, folder, 2, 3)
    async with catalogue.transaction() as tx:
        found = await segments.by_slice(tx, {(1, 0), (2, 2), (3, 0)})
        assert sorted((o, i) for o, i, _ in found) == [(1, 0), (2, 2)]
        assert await segments.by_slice(tx, set()) == []


@pytest.mark.anyio
async def test_pages_of_the_ledger(catalogue: Catalogue, folder: Folder) -> None:
    rows = await make(catalogue, folder, 1, 5, copies=2) + await make(catalogue, folder, 2, 3)
    async with catalogue.transaction() as tx:
        seen, after = [], (-1, 0)
        while page := await segments.unposted(tx, 1, after, 3):
            seen += page
            after = page[-1].index, page[-1].redundancy
        assert [(s.index, s.redundancy) for s in seen] == [
            (r.index, r.redundancy) for r in rows[:10]
        ]
    await post(catalogue, *(r.message_id for r in rows))
    async with catalogue.transaction() as tx:
        found: list[Segment] = []
        place = (0, -1, 0)
        while page := await sweeps.articles(tx, [1, 2, 3], place, 4):
            found += page
            place = page[-1].object_id, page[-1].index, page[-1].redundancy
        assert [s.message_id for s in found] == [r.message_id for r in rows]
        await segments.mark_verified(tx, found[:2])
        assert sum(s.status is SegmentStatus.VERIFIED
                   for s in await sweeps.articles(tx, [1, 2], (0, -1, 0), 99)) == 2  # fmt: skip


@pytest.mark.anyio
async def test_rows_spread_over_16_tables(catalogue: Catalogue, folder: Folder) -> None:
    for made in range(1, 201):
        await make(catalogue, folder, made, 2)
    async with catalogue.transaction() as tx:
        rows = await tx.fetch("SELECT tableoid, count(*) FROM segments GROUP BY 1")
        one = await tx.fetch("SELECT count(DISTINCT tableoid) FROM segments WHERE object_id = 7")
    assert len(rows) == 16
    assert one == [(1,)], "an object's segments lie in one shard"


@pytest.mark.anyio
async def test_a_failed_article_keeps_the_servers_reply(
    catalogue: Catalogue, folder: Folder
) -> None:
    (row,) = await make(catalogue, folder, 1, 1)
    async with catalogue.transaction() as tx:
        await segments.mark_failed(tx, row.message_id, 3, "441 \0 \udcff refused")
        (failed,) = await segments.unposted(tx, 1, (-1, 0), 9)
    assert (failed.status, failed.tries) == (SegmentStatus.FAILED, 3)
    assert failed.error == "441  ? refused"
    await post(catalogue, row.message_id)
    async with catalogue.transaction() as tx:
        (posted,) = await segments.of_object(tx, 1, 0, 9)
    assert (posted.status, posted.tries, posted.error) == (SegmentStatus.POSTED, 4, None)


@pytest.mark.anyio
async def test_waiting_checks_are_brought_forward_when_the_clock_was_set_back(
    catalogue: Catalogue, folder: Folder
) -> None:
    rows = await make(catalogue, folder, 1, 2)
    realm = folder.realm.id
    async with catalogue.transaction() as tx:
        await segments.mark_posted(tx, {rows[0].message_id: Receipt()}, 600.0)
        await segments.mark_posted(tx, {rows[1].message_id: Receipt()}, -5.0)
        assert [d.segment.index for d in await checks.due(tx, realm, 900.0, 9)] == [1]
        assert not await checks.waits(tx, realm, 900.0)
        assert await checks.waits(tx, realm, 60.0)
        await checks.bring_forward(tx, realm, 590.0)
        seconds = await checks.next_due(tx, realm, 900.0)
        assert seconds is not None
        assert seconds < 0
        await checks.check_later(tx, [rows[1].message_id], 60.0)
        seconds = await checks.next_due(tx, realm, 900.0)
        assert seconds == pytest.approx(10.0, abs=1.0)
        # Later than the longest delay: recorded before a clock was set back, so it is due.
        assert await checks.next_due(tx, realm, 30.0) == 0.0
        due = await checks.due(tx, realm, 30.0, 9)
        assert [(d.segment.index, d.checks) for d in due] == [(1, 0)]
        await checks.postpone(tx, {rows[1].message_id: 5.0}, 30.0)
        assert await checks.due(tx, realm, 30.0, 9) == []
        assert await checks.unverified(tx, folder.id, realm) == 2
        assert await checks.unverified(tx, folder.id + 1, realm) == 0


@pytest.mark.anyio
async def test_articles_that_only_bytes_prove_are_always_checked(
    catalogue: Catalogue, folder: Folder
) -> None:
    (row,) = await make(catalogue, folder, 1, 1)
    realm = folder.realm.id
    await post(catalogue, row.message_id)
    async with catalogue.transaction() as tx:
        assert await checks.next_due(tx, realm, 900.0) is None, "what is acknowledged is believed"
        await segments.mark_missing(tx, [row.message_id], "gone", by_body=True, rename=True)
        (lost,) = await segments.unposted(tx, 1, (-1, 0), 9)
        assert (lost.by_body, lost.reposts) == (True, 1)
        (known,) = await segments.by_hash(tx, realm, {row.hash}, 1)
        assert known.by_body
        await segments.mark_posted(tx, {row.message_id: Receipt()})
        (due,) = await checks.due(tx, realm, 900.0, 9)
        assert due.segment.by_body
        new = NewObject(2, 0, 100, 100, 1, 1, b"k", b"k")
        await objects.insert(tx, folder.id, realm, 1, [new])
        joined = replace(row, object_id=2, status=SegmentStatus.POSTED, by_body=True)
        await segments.insert(tx, realm, [joined])
        assert len(await checks.due(tx, realm, 900.0, 9)) == 2
        await segments.mark_verified(tx, [d.segment for d in await checks.due(tx, realm, 900.0, 9)])
        (seen,) = await segments.of_object(tx, 1, 0, 9)
        assert (seen.status, seen.by_body, seen.reposts) == (SegmentStatus.VERIFIED, False, 0)
        assert await checks.next_due(tx, realm, 900.0) is None
