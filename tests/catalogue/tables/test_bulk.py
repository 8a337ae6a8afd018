"""Actions on many files by predicate: the files they match, their effect, and their batches."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace

import anyio
import pytest
from listed_folder import Listed, fill, listed, matches

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import bulk, files, objects, segments, snapshots, version_files
from usenetsync_tui.catalogue.tables.bulk import ActionBatch
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.catalogue.tables.version_files import Span, VersionRow
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.entries import Entry, FileState
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.lists.files import (
    FileAction,
    FileFilter,
    FileQuery,
    FileSelection,
    FileView,
)
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.segments import Codec, Segment, SegmentStatus

HOLD, LEAVE_OUT, RETRY = FileAction.HOLD, FileAction.LEAVE_OUT, FileAction.RETRY


async def build(catalogue: Catalogue, folder: Folder, version: int = 1) -> None:
    """A version under construction; the ones before it are finished."""
    async with catalogue.transaction() as tx:
        for done in range(1, version):
            await snapshots.begin(tx, folder.id)
            counts = await version_files.count_version(tx, folder.id, done)
            await snapshots.finish(tx, folder.id, done, counts, (0, 0, 0), 0)
        assert await snapshots.begin(tx, folder.id) == version


async def keep(catalogue: Catalogue, folder: Folder, version: int, *paths: bytes) -> None:
    entries = [Entry(path, 0, len(path), version, 1, 1, 0o644, None) for path in paths]
    async with catalogue.transaction() as tx:
        await files.apply_changes(tx, folder.id, version, entries, [])


async def act(
    catalogue: Catalogue, selection: FileSelection, action: FileAction, limit: int = 1_000
) -> list[ActionBatch]:
    """Act until no file is left, one transaction per batch."""
    batches: list[ActionBatch] = []
    after = None
    while not batches or after is not None:
        async with catalogue.transaction() as tx:
            batches.append(await bulk.act(tx, selection, action, after, limit))
        after = batches[-1].last
        assert batches[-1].seen <= limit
    return batches


def changed(batches: list[ActionBatch]) -> list[bytes]:
    return [path for batch in batches for path, _ in batch.changed]


async def rows(catalogue: Catalogue, folder: Folder, version: int) -> dict[bytes, VersionRow]:
    async with catalogue.transaction() as tx:
        page = await version_files.version_page(tx, Span(folder.id, version), 10_000)
    return {row.path: row for row in page}


@pytest.mark.anyio
@pytest.mark.parametrize("action", [HOLD, LEAVE_OUT])
async def test_pending_files_are_passed_over_and_taken_in_again(
    catalogue: Catalogue, folder: Folder, action: FileAction
) -> None:
    await keep(catalogue, folder, 1, b"a", b"b", b"c")
    await build(catalogue, folder)
    async with catalogue.transaction() as tx:
        await files.set_failed(tx, folder.id, [(b"c", "unreadable")])
        await tx.run("UPDATE files SET object_id = 9, object_offset = 0 WHERE path_key = 'b'")
    every = FileSelection(folder.id, 1)
    async with catalogue.transaction() as tx:
        assert await bulk.count(tx, every, action) == 2
        assert await bulk.count(tx, every, RETRY) == 1
    (batch,) = await act(catalogue, every, action)
    assert batch == ActionBatch(None, 2, ((b"a", 1), (b"b", 1)))
    now = await rows(catalogue, folder, 1)
    assert [now[p].state for p in (b"a", b"b", b"c")] == [FileState.FAILED] * 3
    assert [now[p].reason for p in (b"a", b"b")] == [bulk.REASONS[action]] * 2
    assert (now[b"c"].reason, now[b"b"].object_id) == ("unreadable", 9)
    assert await act(catalogue, every, action) == [ActionBatch(None, 0, ())]
    assert changed(await act(catalogue, every, RETRY)) == [b"a", b"b", b"c"]
    now = await rows(catalogue, folder, 1)
    assert {(r.state, r.reason) for r in now.values()} == {(FileState.PENDING, None)}
    assert now[b"b"].object_id == 9  # its posted articles are kept and continued


@pytest.mark.anyio
async def test_files_failed_in_an_earlier_version_stay_failed_there(
    catalogue: Catalogue, folder: Folder
) -> None:
    await keep(catalogue, folder, 1, b"old", b"other")
    async with catalogue.transaction() as tx:
        await files.set_failed(tx, folder.id, [(b"old", "unreadable")])
    await keep(catalogue, folder, 2, b"new")
    await build(catalogue, folder, 2)
    assert changed(await act(catalogue, FileSelection(folder.id, 2), RETRY)) == [b"old"]
    before, now = await rows(catalogue, folder, 1), await rows(catalogue, folder, 2)
    assert (before[b"old"].state, before[b"old"].reason) == (FileState.FAILED, "unreadable")
    assert (now[b"old"].state, now[b"old"].reason) == (FileState.PENDING, None)
    assert (now[b"old"].size, now[b"old"].mtime_ns) == (3, 1)
    assert sorted(now) == [b"new", b"old", b"other"]
    async with catalogue.transaction() as tx:
        pending = await files.pending_page(tx, folder, b"", 9)
    assert [f.key for f in pending] == [b"new", b"old", b"other"]


@pytest.mark.anyio
async def test_a_finished_version_is_not_changed(catalogue: Catalogue, folder: Folder) -> None:
    await keep(catalogue, folder, 1, b"a", b"b")
    async with catalogue.transaction() as tx:
        await files.set_failed(tx, folder.id, [(b"b", "unreadable")])
    await build(catalogue, folder, 2)
    for action in FileAction:
        selection = FileSelection(folder.id, 1)
        async with catalogue.transaction() as tx:
            assert await bulk.count(tx, selection, action) == 0
        assert await act(catalogue, selection, action) == [ActionBatch(None, 0, ())]


def given_up(object_id: int, index: int, status: SegmentStatus) -> Segment:
    name = hashlib.md5(b"%d %d" % (object_id, index)).digest()
    return Segment(object_id, index, 0, 1, b"h" * 32, Codec.NONE, 1, name, status)


@pytest.mark.anyio
async def test_articles_that_were_given_up_are_planned_again(
    catalogue: Catalogue, folder: Folder
) -> None:
    await keep(catalogue, folder, 1, b"a", b"b", b"p1", b"p2", b"whole")
    ids = {b"a": 1, b"b": 2, b"p1": 3, b"p2": 3, b"whole": 4}
    failed, missing = SegmentStatus.FAILED, SegmentStatus.MISSING
    async with catalogue.transaction() as tx:
        for made, first, last in ((1, b"a", b"a"), (2, b"b", b"b"), (3, b"p1", b"p2")):
            packed = NewObject(made, 0, 1, 1, 2, 1, first, last)
            await objects.insert(tx, folder.id, folder.realm.id, 1, [packed])
        whole = NewObject(4, 0, 1, 1, 0, 1, b"whole", b"whole")
        await objects.insert(tx, folder.id, folder.realm.id, 1, [whole])
        await tx.run("UPDATE objects SET complete = true WHERE id = 4")
        placed = [
            files.Placed(p, made, 0, FileDigest(DigestKind.BLAKE3, b"s")) for p, made in ids.items()
        ]
        await files.set_planned(tx, folder.id, placed)
        ledger = [given_up(1, 0, failed), given_up(1, 1, missing), given_up(3, 0, failed)]
        await segments.insert(tx, folder.realm.id, [*ledger, given_up(2, 0, missing)])
        for article in (ledger[0], ledger[2]):
            await segments.mark_failed(tx, article.message_id, 3, "441 posting failed")
    await build(catalogue, folder, 2)
    selection = FileSelection(folder.id, 1)  # finished: its articles can still be posted
    async with catalogue.transaction() as tx:
        assert await bulk.count(tx, selection, RETRY) == 3
    assert changed(await act(catalogue, selection, RETRY)) == [b"a", b"p1", b"p2"]
    async with catalogue.transaction() as tx:
        left = await tx.fetch("SELECT object_id, segment_index, status, error FROM segments"
                              " ORDER BY object_id, segment_index")  # fmt: skip
        assert await bulk.count(tx, selection, RETRY) == 0
    assert left == [
        (1, 0, SegmentStatus.PLANNED, "441 posting failed"),
        (1, 1, SegmentStatus.MISSING, None),
        (2, 0, SegmentStatus.MISSING, None),
        (3, 0, SegmentStatus.PLANNED, "441 posting failed"),
    ]
    states = {row.state for row in (await rows(catalogue, folder, 1)).values()}
    assert states == {FileState.PLANNED}


@pytest.mark.anyio
async def test_ranges_and_exceptions_in_batches_of_any_size(
    catalogue: Catalogue, folder: Folder
) -> None:
    rng = random.Random(3)
    paths = [b"%03d" % n for n in range(60)] + [b"l" * 3_000 + b"%d" % n for n in range(3)]
    await keep(catalogue, folder, 1, *paths)
    await build(catalogue, folder)
    every = FileSelection(folder.id, 1)
    for limit in (1, 2, 7, 1_000):
        ends = [tuple(sorted(rng.choices(paths, k=2), key=path_key)) for _ in range(9)]
        without = tuple(rng.sample(paths, 5))
        chosen = [
            path
            for path in sorted(paths, key=path_key)
            if path not in without
            and any(path_key(a) <= path_key(path) <= path_key(b) for a, b in ends)
        ]
        ranges = tuple((a, b) for a, b in ends)
        selection = replace(every, ranges=ranges, without=without)
        async with catalogue.transaction() as tx:
            assert await bulk.count(tx, selection, HOLD) == len(chosen)
        batches = await act(catalogue, selection, HOLD, limit)
        assert changed(batches) == chosen
        assert sum(batch.seen for batch in batches) == len(chosen)
        assert changed(await act(catalogue, every, RETRY, limit)) == chosen
    nothing = replace(every, ranges=())
    assert await act(catalogue, nothing, HOLD) == [ActionBatch(None, 0, ())]


@pytest.mark.anyio
async def test_many_marks_end_a_transaction_as_well(catalogue: Catalogue, folder: Folder) -> None:
    paths = [b"%03d" % n for n in range(40)]
    await keep(catalogue, folder, 1, *paths)
    await build(catalogue, folder)
    marks = tuple((b"%03d+" % n, b"%03d+" % n) for n in range(39))
    selection = FileSelection(folder.id, 1, ranges=(*marks, (b"039", b"039")))
    batches = await act(catalogue, selection, HOLD, 10)
    assert changed(batches) == [b"039"]
    assert len(batches) == 4


@pytest.mark.anyio
@pytest.mark.parametrize(
    "wanted",
    [
        FileFilter(),
        FileFilter(words=(b"A", b".TXT")),
        FileFilter(min_size=1_000, max_size=60_000),
        *(FileFilter(view=view) for view in FileView),
    ],
    ids=str,
)
async def test_it_acts_on_the_listed_files(
    catalogue: Catalogue, folder: Folder, wanted: FileFilter
) -> None:
    shown = await fill(catalogue, folder)
    await build(catalogue, folder, 2)
    now = await rows(catalogue, folder, 2)

    def meant(state: FileState) -> list[bytes]:
        every = listed(shown[2], FileQuery(folder.id, 2))
        assert {row.path for row in every} == set(now)
        return [r.path for r in every if matches(r, wanted) and now[r.path].state == state]

    selection = FileSelection(folder.id, 2, wanted)
    assert changed(await act(catalogue, selection, RETRY, 4)) == meant(FileState.FAILED)
    now = await rows(catalogue, folder, 2)
    shown = {2: [_now(row, now[row.path]) for row in shown[2]]}
    assert changed(await act(catalogue, selection, HOLD, 4)) == meant(FileState.PENDING)


def _now(row: Listed, is_now: VersionRow) -> Listed:
    retried = row.view is FileView.FAILED and is_now.state == FileState.PENDING
    return replace(row, view=FileView.QUEUED) if retried else row


@pytest.mark.anyio
async def test_a_locked_row_is_left_to_its_holder(catalogue: Catalogue, folder: Folder) -> None:
    await keep(catalogue, folder, 1, b"a", b"b", b"c")
    await build(catalogue, folder)
    with anyio.fail_after(60):
        async with catalogue.transaction() as planner:
            placed = [files.Placed(b"b", None, 0, FileDigest(DigestKind.BLAKE3, b"s"))]
            await files.set_planned(planner, folder.id, placed)
            assert changed(await act(catalogue, FileSelection(folder.id, 1), HOLD)) == [b"a", b"c"]
    now = await rows(catalogue, folder, 1)
    assert [now[p].state for p in (b"a", b"b", b"c")] == [2, 1, 2]
