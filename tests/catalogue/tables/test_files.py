"""The `files` table: intervals of versions, in path order."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import files, vanished, version_files
from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.catalogue.tables.version_files import Span
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.entries import Entry, FileState
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.path_keys import path_key


def entry(path: bytes, size: int = 10, mtime: int = 1) -> Entry:
    kind = 1 if path.endswith(b"/") or not path else 0
    return Entry(path, kind, 0 if kind else size, mtime, 1, 1, 0o644, None)


async def change(
    catalogue: Catalogue,
    folder: Folder,
    version: int,
    *upserts: Entry,
    gone: tuple[bytes, ...] = (),
) -> None:
    async with catalogue.transaction() as tx:
        await files.apply_changes(tx, folder.id, version, upserts, [path_key(p) for p in gone])
        await vanished.remove(tx, folder.id, version)


async def version_of(catalogue: Catalogue, folder: Folder, version: int) -> dict[bytes, int]:
    """Path → mtime in a version."""
    async with catalogue.transaction() as tx:
        rows = await version_files.version_page(tx, Span(folder.id, version), 10_000)
    assert [r.key for r in rows] == sorted(r.key for r in rows)
    return {r.path: r.mtime_ns for r in rows}


@given(st.lists(st.binary(max_size=30).map(lambda b: b"x" * 1_790 + b) | st.binary(max_size=10)))
def test_keys_keep_the_order_of_paths_and_fit_an_index(paths: list[bytes]) -> None:
    for a in paths:
        assert len(path_key(a)) <= 1_832
        for b in paths:
            assert (path_key(a) == path_key(b)) == (a == b)
            if a[:1_800] != b[:1_800]:
                assert (path_key(a) < path_key(b)) == (a < b)


@pytest.mark.anyio
async def test_older_versions_do_not_change(catalogue: Catalogue, folder: Folder) -> None:
    await change(catalogue, folder, 1, entry(b"a"), entry(b"b"), entry(b"c"))
    first = {b"a": 1, b"b": 1, b"c": 1}
    await change(catalogue, folder, 2, entry(b"b", mtime=2), entry(b"d", mtime=2), gone=(b"a",))
    second = {b"b": 2, b"c": 1, b"d": 2}
    await change(catalogue, folder, 3, entry(b"a", mtime=3), gone=(b"d", b"c"))
    assert await version_of(catalogue, folder, 1) == first
    assert await version_of(catalogue, folder, 2) == second
    assert await version_of(catalogue, folder, 3) == {b"a": 3, b"b": 2}
    async with catalogue.transaction() as tx:
        assert await version_files.diff_counts(tx, folder.id, 1) == (3, 0, 0)
        assert await version_files.diff_counts(tx, folder.id, 2) == (1, 1, 1)
        assert await version_files.diff_counts(tx, folder.id, 3) == (1, 0, 2)


@pytest.mark.anyio
async def test_changes_of_a_version_under_construction(
    catalogue: Catalogue, folder: Folder
) -> None:
    await change(catalogue, folder, 1, entry(b"old"))
    await change(catalogue, folder, 2, entry(b"old", mtime=2), entry(b"new", mtime=2))
    await change(catalogue, folder, 2, entry(b"old", mtime=3))  # again
    await change(catalogue, folder, 2, gone=(b"new",))  # added and removed within the version
    await change(catalogue, folder, 2, entry(b"new", mtime=4))  # and is
    assert await version_of(catalogue, folder, 1) == {b"old": 1}
    assert await version_of(catalogue, folder, 2) == {b"old": 3, b"new": 4}
    await change(catalogue, folder, 2, gone=(b"old",))
    assert await version_of(catalogue, folder, 1) == {b"old": 1}
    assert await version_of(catalogue, folder, 2) == {b"new": 4}
    await change(catalogue, folder, 2, entry(b"old", mtime=5))
    assert await version_of(catalogue, folder, 2) == {b"old": 5, b"new": 4}
    assert await version_of(catalogue, folder, 1) == {b"old": 1}


@pytest.mark.anyio
async def test_has_changes(catalogue: Catalogue, folder: Folder) -> None:
    async def changed(version: int) -> bool:
        async with catalogue.transaction() as tx:
            return await version_files.has_changes(tx, folder.id, version)

    await change(catalogue, folder, 1, entry(b"a"))
    assert await changed(1)
    assert not await changed(2)
    await change(catalogue, folder, 2, entry(b"b"))
    assert await changed(2)
    await change(catalogue, folder, 2, gone=(b"b",))
    assert not await changed(2)
    await change(catalogue, folder, 2, gone=(b"a",))
    assert await changed(2)


@pytest.mark.anyio
async def test_a_model_of_random_changes(catalogue: Catalogue, folder: Folder) -> None:
    rng, now, kept = random.Random(5), {}, {}
    names = [b"a", b"b/", b"b/x", b"b0", b"l" * 3_000, b"l" * 2_999 + b"m", b"\xff"]
    for version in range(1, 12):
        for _ in range(3):
            upserts = {n: rng.randrange(99) for n in rng.sample(names, rng.randrange(4))}
            gone = [n for n in now if n not in upserts and rng.random() < 0.3]
            entries = [entry(n, mtime=t) for n, t in upserts.items()]
            await change(catalogue, folder, version, *entries, gone=tuple(gone))
            now = {n: t for n, t in now.items() if n not in gone} | upserts
        kept[version] = dict(now)
    for version, expected in kept.items():
        assert await version_of(catalogue, folder, version) == expected


@pytest.mark.anyio
async def test_pending_and_planned(catalogue: Catalogue, folder: Folder) -> None:
    entries = [entry(b"%d" % n) for n in range(10)] + [entry(b"empty", 0), entry(b"folder/")]
    await change(catalogue, folder, 1, *entries)
    async with catalogue.transaction() as tx:
        page = await files.pending_page(tx, folder, b"2", 3)
        assert [f.key for f in page] == [b"3", b"4", b"5"]
        assert page[0].entry == entry(b"3")
        assert [f.key for f in await files.pending_page(tx, folder, b"2", 9, b"5")] == [
            b"3",
            b"4",
        ]
        assert await files.pending_page(tx, folder, b"", 9, b"") == []
        placed = Placed(b"4", 77, 123, FileDigest(DigestKind.SEGMENTS_BLAKE3, b"s" * 32))
        await files.set_planned(tx, folder.id, [placed])
        await files.set_failed(tx, folder.id, [(b"5", "unreadable")])
        rows = {r.path: r for r in await version_files.version_page(tx, Span(folder.id, 1), 100)}
        counts = await version_files.count_version(tx, folder.id, 1)
    four = rows[b"4"]
    assert (four.state, four.object_id, four.object_offset) == (FileState.PLANNED, 77, 123)
    assert four.file_digest == FileDigest(DigestKind.SEGMENTS_BLAKE3, b"s" * 32)
    assert (rows[b"5"].state, rows[b"5"].reason) == (FileState.FAILED, "unreadable")
    assert (counts.files, counts.directories, counts.size, counts.failed) == (11, 1, 100, 1)


@pytest.mark.anyio
async def test_a_file_that_changed_takes_no_object(catalogue: Catalogue, folder: Folder) -> None:
    await change(catalogue, folder, 1, entry(b"a", mtime=1))
    seen = entry(b"a", mtime=1)
    await change(catalogue, folder, 1, entry(b"a", mtime=2))
    async with catalogue.transaction() as tx:
        await files.set_object(tx, folder.id, b"a", 5, seen)
        (row,) = await version_files.version_page(tx, Span(folder.id, 1), 2)
        assert row.object_id is None
        await files.set_object(tx, folder.id, b"a", 5, entry(b"a", mtime=2))
        (row,) = await version_files.version_page(tx, Span(folder.id, 1), 2)
        assert row.object_id == 5


@pytest.mark.anyio
async def test_spans(catalogue: Catalogue, folder: Folder) -> None:
    await change(
        catalogue, folder, 1, *map(entry, [b"", b"a", b"a/", b"a/x", b"a/y/", b"a0", b"b"])
    )
    span = Span(folder.id, 1, b"a/", b"a0")
    async with catalogue.transaction() as tx:
        paths = [r.path for r in await version_files.version_page(tx, span, 10)]
        assert paths == [b"a/", b"a/x", b"a/y/"]
        assert await version_files.version_totals(tx, span) == (1, 10)
        directories = await version_files.version_directories(tx, Span(folder.id, 1), 10)
        assert [d[0] for d in directories] == [b"a/y/", b"a/", b""]
