"""upload, from a folder to versions that restore to the byte."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import anyio
import pytest
from trees import SEGMENT, compare_trees, content, hostile_tree, small_files
from worlds import FaultyStore, World

from usenetsync_tui.disk.source import source_tree as source_module
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.folders import Compression, Profile, SnapshotState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.metadata.metadata import Metadata
from usenetsync_tui.model.segments import Codec
from usenetsync_tui.model.sources import RefusalKind
from usenetsync_tui.store.shards import ShardsStore


def write(root: Path, **named: bytes) -> None:
    for name, data in named.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.mark.anyio
async def test_three_versions_restore_to_their_state(world: World) -> None:
    write(world.root, a=b"one", sub__b=content(60_000), sub__c=b"c" * 100_000, gone=b"x")
    copies = [world.keep_copy()]
    assert await world.completed() == 1
    write(world.root, a=b"two", sub__new=b"new")
    (world.root / "gone").unlink()
    copies.append(world.keep_copy())
    assert await world.completed() == 2
    shutil.rmtree(world.root / "sub")
    write(world.root, sub=b"a file now")
    copies.append(world.keep_copy())
    assert await world.completed() == 3
    for version, copy in enumerate(copies, 1):
        await world.assert_restores(version, copy)
    first, second, third = await world.snapshots()
    assert [s.state for s in (first, second, third)] == [SnapshotState.COMPLETE] * 3
    assert (first.files, first.directories, first.size) == (4, 2, 160_004)
    assert (first.added, first.modified, first.removed) == (4, 0, 0)
    assert (second.added, second.modified, second.removed) == (1, 1, 1)
    assert (third.added, third.modified, third.removed) == (1, 0, 3)
    assert first.stored_size > 60_000
    assert third.stored_size < 100


@pytest.mark.anyio
@pytest.mark.slow
async def test_a_hostile_tree(world: World) -> None:
    shutil.rmtree(world.root)
    hostile_tree(world.root)
    expected = world.root
    outcome = await world.upload()
    kinds = {n.kind.name for n in await world.notices()}
    assert (outcome.state, kinds) == (JobState.COMPLETED, set())
    world.check_ledger()
    restored = await world.restore(1)
    assert await world.notices() == []
    assert compare_trees(expected, restored) == []
    await world.upload()
    assert len(await world.snapshots()) == 1


@pytest.mark.anyio
async def test_an_unchanged_folder_is_not_opened_and_makes_no_version(
    world: World, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_files(world.root, 300)
    write(world.root, large=content(2 * SEGMENT))
    write(world.root, empty=b"")
    await anyio.sleep(0.05)  # racy files are read again
    assert await world.completed() == 1
    store.posts.clear()

    def opened(*_: object) -> None:
        raise AssertionError("an unchanged file was opened")

    monkeypatch.setattr(source_module.SourceTree, "open", opened)
    monkeypatch.setattr(source_module.SourceTree, "take_small", opened)
    outcome = await world.upload()
    assert (outcome.state, outcome.version) == (JobState.COMPLETED, 1)
    assert "nothing changed" in outcome.message
    assert store.posts == []
    assert len(await world.snapshots()) == 1
    assert world.run is not None
    assert world.run.progress.unchanged == world.run.progress.entries == 301 + 5
    assert world.run.progress.total_files == 0


@pytest.mark.anyio
async def test_each_changed_byte_is_read_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[str, int]] = []
    tree, file = source_module.SourceTree, SourceFile
    small, large = tree.take_small, file.read

    def take_small(
        self: source_module.SourceTree, entry: Entry, **how: bool
    ) -> tuple[bytes, Metadata]:
        data, beside = small(self, entry, **how)
        read.append(("small", len(data)))
        return data, beside

    def read_large(self: SourceFile, offset: int, size: int) -> bytes:
        read.append(("large", size))
        return large(self, offset, size)

    monkeypatch.setattr(tree, "take_small", take_small)
    monkeypatch.setattr(file, "read", read_large)
    size = small_files(world.root, 200)
    write(world.root, large=content(3 * SEGMENT + 5))
    await world.completed()
    assert sum(n for what, n in read if what == "small") == size
    assert sum(n for what, n in read if what == "large") == 3 * SEGMENT + 5


@pytest.mark.anyio
async def test_equal_content_is_posted_once(world: World, store: FaultyStore) -> None:
    one, two = content(SEGMENT, 1), content(SEGMENT, 2)
    write(world.root, a=one + two + one, b=two, c=one + two)
    await world.completed()
    assert len(store.articles) == 2
    write(world.root, d=two + one)
    copy = world.keep_copy()
    assert await world.completed() == 2
    assert len(store.articles) == len(store.posts) == 2
    await world.assert_restores(2, copy)
    assert (await world.snapshots())[1].stored_size == 0


@pytest.mark.anyio
async def test_zeros_cost_one_article_however_many(world: World, store: FaultyStore) -> None:
    world.small(chunk_size=1024)
    write(world.root, zeros=bytes(3_000 * 1024))
    copy = world.keep_copy()
    await world.completed()
    assert len(store.posts) == 1
    assert world.run is not None
    assert world.run.progress.deduplicated_segments == 2_999
    await world.assert_restores(1, copy)


@pytest.mark.anyio
async def test_two_copies_are_two_articles(world: World, store: FaultyStore) -> None:
    world.choices = FolderChoices(copies=2)
    write(world.root, large=content(2 * SEGMENT + 1), small=b"small", same=b"small")
    copy = world.keep_copy()
    await world.completed()
    assert len(store.articles) == 2 * (3 + 1)
    for message_id in [m for m, r in world.query("SELECT message_id, redundancy FROM segments")
                       if r == 0]:  # fmt: skip
        store.articles.pop(message_id, None)
    await world.assert_restores(1, copy)


@pytest.mark.anyio
async def test_plain_shares_nothing_and_packs_nothing(world: World, store: FaultyStore) -> None:
    world.choices = FolderChoices(profile=Profile.PLAIN)
    data = content(SEGMENT)
    write(world.root, a=data + data, b=data, c=b"tiny", d=b"tiny", e=b"t" * 10_000)
    copy = world.keep_copy()
    await world.completed()
    assert len(store.articles) == 6
    assert world.query("SELECT DISTINCT codec FROM segments") == [(Codec.NONE,)]
    assert world.query("SELECT count(*) FROM objects WHERE kind = 1") == [(0,)]
    assert set(store.articles.values()) == {data, b"tiny", b"t" * 10_000}
    await world.assert_restores(1, copy)


@pytest.mark.anyio
async def test_lzma_when_asked(world: World) -> None:
    world.choices = FolderChoices(compression=Compression.LZMA)
    write(world.root, text=b"dense " * 100_000, noise=content(100_000))
    copy = world.keep_copy()
    await world.completed()
    codecs = {c for (c,) in world.query("SELECT codec FROM segments")}
    assert codecs == {Codec.LZMA, Codec.NONE}
    await world.assert_restores(1, copy)


@pytest.mark.anyio
@pytest.mark.parametrize("batch_size", [1, 2, 1000])
async def test_small_segments_and_small_batches(world: World, batch_size: int) -> None:
    world.small(chunk_size=1024, batch_size=batch_size)
    for size in (0, 1, 1023, 1024, 1025, 10_240, 100_000):
        write(world.root, **{f"d{size % 3}__{size}": content(size)})
    small_files(world.root / "small", 30, median=300)
    copy = world.keep_copy()
    await world.completed()
    await world.assert_restores(1, copy)


@pytest.mark.anyio
async def test_nothing_to_post(world: World, store: FaultyStore) -> None:
    copies = [world.keep_copy()]
    assert await world.completed() == 1
    (world.root / "link").symlink_to("nowhere")
    (world.root / "empty").write_bytes(b"")
    (world.root / "folder").mkdir(mode=0o750)
    os.utime(world.root / "folder", ns=(1, 1))
    copies.append(world.keep_copy())
    assert await world.completed() == 2
    assert store.articles == {}
    for version, copy in enumerate(copies, 1):
        await world.assert_restores(version, copy)
    assert (await world.snapshots())[1].symlinks == 1


@pytest.mark.anyio
async def test_the_shards_store(world: World) -> None:
    world.store = ShardsStore(world.catalogue.pool)
    small_files(world.root, 50)
    write(world.root, large=content(2 * SEGMENT + 99))
    copy = world.keep_copy()
    await world.completed()
    await world.assert_restores(1, copy)


@pytest.mark.anyio
async def test_a_hundred_thousand_tiny_files_do_not_make_one_pack(world: World) -> None:
    small_files(world.root, 6_000, median=2, sigma=0.1)
    await world.completed()
    assert world.query("SELECT max(files) FROM objects")[0][0] <= 2_000  # type: ignore[operator]


@pytest.mark.anyio
async def test_a_missing_folder(world: World) -> None:
    write(world.root, a=b"kept")
    await world.completed()
    world.root.rename(world.scratch / "elsewhere")
    outcome = await world.upload()
    assert (outcome.state, outcome.version) == (JobState.FAILED, 1)
    assert "cannot be read" in outcome.message
    assert outcome.refusal is not None
    assert outcome.refusal.kind is RefusalKind.GONE
    assert world.query("SELECT count(*) FROM files WHERE last_version IS NOT NULL") == [(0,)]
