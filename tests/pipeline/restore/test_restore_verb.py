"""restore: a version or a part of it, into a tree that may already hold some of it."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from trees import SEGMENT, as_nobody, compare_trees, content, small_files
from worlds import FaultyStore, World

from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.errors import UnknownPathError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.pipeline.restore.restore import restore
from usenetsync_tui.pipeline.restore.target_parts import TargetParts
from usenetsync_tui.pipeline.restore.version_paths import spans


@pytest.fixture
async def uploaded(world: World) -> World:
    small_files(world.root / "a", 20)
    for name in ("a!", "a.txt", "ab", "a0", "b"):
        (world.root / name).write_bytes(name.encode())
    (world.root / "ab.d").mkdir()
    (world.root / "ab.d" / "file").write_bytes(b"in ab.d")
    (world.root / "large").write_bytes(content(3 * SEGMENT))
    (world.root / "link").symlink_to("b")
    await world.completed()
    return world


def names(tree: Path) -> list[str]:
    return sorted(
        os.path.relpath(os.path.join(d, f), tree) for d, _, fs in os.walk(tree) for f in fs
    )


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        (b"b", ["b"]),
        (b"ab", ["ab"]),
        (b"/ab/", ["ab"]),
        (b"ab.d", ["ab.d/file"]),
        (b"a.txt", ["a.txt"]),
        (b"link", ["link"]),
        (b"ab.d/file", ["ab.d/file"]),
    ],
)
async def test_a_part_of_a_version(uploaded: World, prefix: bytes, expected: list[str]) -> None:
    assert names(await uploaded.restore(1, prefix=prefix)) == expected
    assert await uploaded.notices() == []


@pytest.mark.anyio
async def test_a_directory_and_not_its_namesakes(uploaded: World) -> None:
    restored = await uploaded.restore(1, prefix=b"a")
    assert os.listdir(restored) == ["a"]
    assert compare_trees(uploaded.root / "a", restored / "a") == []
    assert uploaded.run is not None
    p = uploaded.run.progress
    assert (p.done_files, p.done_bytes) == (p.total_files, p.total_bytes)
    assert p.total_files == 20


@pytest.mark.anyio
async def test_several_parts_and_nothing_beside_them(uploaded: World) -> None:
    """A directory, a file that sorts between it and what it holds, and a file elsewhere."""
    restored = await uploaded.restore(1, paths=[b"a", b"a.txt", b"ab.d/file"])
    assert sorted(os.listdir(restored)) == ["a", "a.txt", "ab.d"]
    assert compare_trees(uploaded.root / "a", restored / "a") == []
    assert compare_trees(uploaded.root / "ab.d", restored / "ab.d") == []
    assert uploaded.run is not None
    p = uploaded.run.progress
    assert (p.done_files, p.done_bytes) == (p.total_files, p.total_bytes)
    assert p.total_files == 22
    with pytest.raises(UnknownPathError, match='does not contain "a/nothing"'):
        await uploaded.restore(1, paths=[b"a", b"a/nothing"])


@pytest.mark.anyio
async def test_a_missing_part_is_reported(uploaded: World) -> None:
    for prefix in (b"nothing", b"a/nothing", b"A", b"b/below", b"x" * 2_000):
        with pytest.raises(UnknownPathError, match="does not contain"):
            await uploaded.restore(1, prefix=prefix)


def test_spans_of_a_prefix() -> None:
    (whole,) = spans(1, 2, b"/")
    assert (whole.start, whole.until) == (b"", None)
    itself, below = spans(1, 2, b"x/y/")
    assert (itself.start, itself.until) == (b"x/y", b"x/y\0")
    assert (below.start, below.until) == (b"x/y/", b"x/y0")


@pytest.mark.anyio
@pytest.mark.parametrize("batch_size", [1, 2, 7])
async def test_packs_over_many_pages(world: World, batch_size: int) -> None:
    small_files(world.root, 60, median=500)
    for number in range(5):
        (world.root / "d000" / f"f{number}").mkdir()
        (world.root / "d000" / f"f{number}" / "x").write_bytes(content(60_000, number))
    await world.completed()
    world.small(batch_size=batch_size)
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
async def test_a_pack_is_fetched_once(world: World, store: FaultyStore) -> None:
    small_files(world.root, 60, median=500)
    await world.completed()
    await world.small(batch_size=10).restore(1)
    assert len(store.fetches) == 1


@pytest.mark.anyio
async def test_identical_files_are_kept_and_wrong_ones_replaced(
    uploaded: World, store: FaultyStore
) -> None:
    target = await uploaded.restore(1)
    inodes = {n: (target / n).stat().st_ino for n in names(target) if n != "link"}
    store.fetches.clear()
    await uploaded.restore(1, target)
    assert store.fetches == []
    assert inodes == {n: (target / n).stat().st_ino for n in inodes}
    (target / "large").write_bytes(content(3 * SEGMENT, 9))
    (target / "b").write_bytes(b"B")
    (target / "ab").chmod(0o600)
    os.utime(target / "a.txt", ns=(5, 5))
    (target / "link").unlink()
    (target / "link").write_bytes(b"not a link")
    await uploaded.restore(1, target)
    assert await uploaded.notices() == []
    assert compare_trees(uploaded.root, target) == []
    assert (target / "ab").stat().st_ino != inodes["ab"], "replaced, not changed in place"


@pytest.mark.anyio
async def test_a_killed_restore_resumes(world: World, store: FaultyStore) -> None:
    world.small(chunk_size=10_000, max_workers=1)
    (world.root / "large").write_bytes(content(1_000_000))
    small_files(world.root / "small", 50)
    await world.completed()
    target = world.scratch / "target"
    folder = await world.folder()
    run = await world.new_run()
    run.version = 1
    with TargetTree(os.fsencode(target)) as tree:
        tree.prepare()
        async with anyio.create_task_group() as group:

            async def stop() -> None:
                while len(store.fetches) < 30:  # noqa: ASYNC110
                    await anyio.sleep(0.001)
                group.cancel_scope.cancel()

            group.start_soon(stop)
            parts = TargetParts(os.fsencode(target), (), RestoreChoices())
            await restore(run, tree, (), parts, owns_target=True)
    assert folder.id == run.folder.id
    assert len(store.fetches) < 60
    assert not (target / "large").exists()
    await world.restore(1, target)
    # Only articles in flight at the kill are fetched twice.
    assert len(store.fetches) - len(set(store.fetches)) <= 8
    assert compare_trees(world.root, target) == []


@pytest.mark.anyio
async def test_lost_and_damaged_articles_are_their_files_problem(
    world: World, store: FaultyStore
) -> None:
    for seed, name in enumerate(("damaged", "lost", "whole")):
        (world.root / name).write_bytes(content(2 * SEGMENT, seed))
    await world.completed()
    ids = {
        str(k): m
        for k, m in world.query(
            "SELECT convert_from(path_key, 'utf8'), message_id FROM segments"
            " JOIN files USING (object_id) WHERE segment_index = 1"
        )
    }
    del store.articles[ids["lost"]]  # type: ignore[arg-type]
    store.articles[ids["damaged"]] = b"rubbish"  # type: ignore[index]
    restored = await world.restore(1)
    assert {(n.kind, n.path) for n in await world.notices()} == {
        (NoticeKind.MISSING, b"lost"),
        (NoticeKind.DAMAGED, b"damaged"),
    }
    assert (restored / "whole").read_bytes() == (world.root / "whole").read_bytes()
    assert not (restored / "lost").exists()
    assert not (restored / "damaged").exists()


@pytest.mark.anyio
async def test_a_lost_pack_is_the_problem_of_all_in_it(world: World, store: FaultyStore) -> None:
    small_files(world.root, 5)
    await world.completed()
    store.articles.clear()
    await world.restore(1)
    notices = await world.notices()
    assert [n.kind for n in notices] == [NoticeKind.MISSING] * 5


@pytest.mark.anyio
async def test_another_copy_helps(world: World, store: FaultyStore) -> None:
    world.choices = FolderChoices(copies=3)
    (world.root / "a").write_bytes(content(2 * SEGMENT))
    (world.root / "b").write_bytes(b"small")
    await world.completed()
    for name, copy in world.query("SELECT message_id, redundancy FROM segments"):
        if copy == 0:
            del store.articles[name]  # type: ignore[arg-type]
        elif copy == 1:
            store.articles[name] = b"rubbish"  # type: ignore[index]
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
async def test_a_file_that_could_not_be_read_is_reported(world: World) -> None:
    (world.root / "secret").write_bytes(b"secret")
    (world.root / "secret").chmod(0)
    (world.root / "open").write_bytes(b"open")
    for parent in world.root.parents:  # pytest's own folders, which the other user must enter
        if parent.stat().st_uid == os.geteuid() and "pytest-of-" in str(parent):
            parent.chmod(parent.stat().st_mode | 0o055)
    with as_nobody():
        outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    restored = await world.restore(1)
    (notice,) = await world.notices()
    assert (notice.path, notice.reason) == (b"secret", "Permission denied")
    assert os.listdir(restored) == ["open"]


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.anyio
async def test_a_target_without_room_is_reported_and_the_rest_continues(uploaded: World) -> None:
    with files_at_most(2 * SEGMENT):
        restored = await uploaded.restore(1)
    (notice,) = await uploaded.notices()
    assert (notice.kind, notice.path) == (NoticeKind.UNWRITABLE, b"large")
    assert (restored / "b").read_bytes() == b"b"
    await uploaded.restore(1, restored)
    assert compare_trees(uploaded.root, restored) == []


@pytest.mark.anyio
async def test_something_else_is_in_the_way(uploaded: World, tmp_path: Path) -> None:
    target = tmp_path / "target"
    (target / "b").mkdir(parents=True)
    (target / "b" / "mine").write_bytes(b"mine")
    (target / "a").write_bytes(b"a file")
    await uploaded.restore(1, target)
    told = {n.path for n in await uploaded.notices()}
    assert b"b" in told
    assert {p for p in told if p != b"b"} == {p for p in told if p.startswith(b"a/")}
    assert (target / "b" / "mine").read_bytes() == b"mine"
    shutil.rmtree(target)
