"""restore: counts only what is on disk, and a target that takes no more ends it soon."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from file_systems import tmpfs
from trees import as_nobody, compare_trees, content, small_files
from worlds import FaultyStore, World, until

from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.errors import TargetError
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.pipeline.restore.report import TOLD_EACH
from usenetsync_tui.pipeline.restore.restore import restore
from usenetsync_tui.pipeline.restore.target_parts import TargetParts
from usenetsync_tui.pipeline.run.job_run import Progress

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def on_disk(target: Path) -> tuple[int, int]:
    """Files and bytes on disk, without half-written files."""
    sizes = [p.stat().st_size for p in target.rglob("*") if p.is_file() and p.suffix != ".part"]
    return len(sizes), sum(sizes)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


def progress(world: World) -> Progress:
    assert world.run is not None
    return world.run.progress


def assert_counted(world: World, target: Path) -> None:
    p = progress(world)
    assert (p.done_files, p.done_bytes) == on_disk(target)


@pytest.fixture
async def full(world: World) -> World:
    """More than fits into a few megabytes: 400 small files, then large ones, then small ones."""
    world.small(chunk_size=100_000, batch_size=50)
    small_files(world.root / "a", 400, median=8_000)
    (world.root / "b").mkdir()
    for number in range(20):
        (world.root / "b" / f"large{number:02}").write_bytes(content(350_000, number))
    small_files(world.root / "c", 400, median=8_000)
    await world.completed()
    return world


@pytest.mark.anyio
async def test_failed_files_are_not_counted_as_restored(full: World, store: FaultyStore) -> None:
    target = full.scratch / "target"
    (target / "a" / "d000").mkdir(parents=True)
    (target / "a" / "d000" / "e00").write_bytes(b"in the way of 200 files")
    (target / "b" / "large03").mkdir(parents=True)
    names = [n for (n,) in full.query("SELECT message_id FROM segments ORDER BY object_id")]
    for name in names[:: len(names) // 7]:
        store.articles.pop(name, None)  # type: ignore[call-overload]
    await full.restore(1, target)
    p = progress(full)
    (target / "a" / "d000" / "e00").unlink()
    assert_counted(full, target)
    assert p.done_files + p.missed_files == p.total_files == 820
    assert p.done_bytes + p.missed_bytes == p.total_bytes
    assert p.missed_files > 200
    told = {n.path for n in await full.notices() if not n.path.endswith(b"/")}
    assert len(told) == p.missed_files


@pytest.mark.anyio
async def test_files_already_present_are_counted_as_present(full: World) -> None:
    target = await full.restore(1)
    assert progress(full).unchanged == 0
    (target / "b" / "large00").unlink()
    (target / "b" / "large01").write_bytes(b"other")
    (target / "b" / "large02").chmod(0o600)
    await full.restore(1, target)
    assert_counted(full, target)
    assert progress(full).unchanged == 818
    assert progress(full).missed_files == 0


@needs_root
@pytest.mark.anyio
@pytest.mark.parametrize("size", ["1m", "3m", "6m"])
async def test_a_full_disk_stops_the_fetching(
    full: World, store: FaultyStore, tmp_path: Path, size: str
) -> None:
    with tmpfs(tmp_path / "disk", size) as disk:
        target = disk / "target"
        with pytest.raises(TargetError, match=r"target: No space left on device\. Make room"):
            await full.restore(1, target)
        assert_counted(full, target)
        assert progress(full).done_files
        assert len(await full.notices()) <= 4
        fetched = len(store.fetches)
        # The articles in flight at that moment, and not the hundred of the remaining files.
        assert fetched * 100_000 < on_disk(target)[1] + 20 * 100_000
        remount(disk, "size=64m")
        await full.restore(1, target)
        assert_counted(full, target)
        assert compare_trees(full.root, target) == []


@needs_root
@pytest.mark.anyio
async def test_no_more_inodes(full: World, store: FaultyStore, tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk", "64m") as disk:
        remount(disk, "nr_inodes=100")
        with pytest.raises(TargetError, match="No space left on device"):
            await full.restore(1, disk / "target")
        assert_counted(full, disk / "target")
        assert len(await full.notices()) <= 4


@needs_root
@pytest.mark.anyio
async def test_a_read_only_target(full: World, store: FaultyStore, tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk", "64m") as disk:
        target = disk / "target"
        await full.restore(1, target)
        for name in ("b/large07", "b/large09"):
            (target / name).write_bytes(b"changed since")
        remount(disk, "ro")
        store.fetches.clear()
        with pytest.raises(TargetError, match="Read-only file system"):
            await full.restore(1, target)
        assert store.fetches == []
        assert progress(full).done_files < 820
        remount(disk, "rw")
        await full.restore(1, target)
        remount(disk, "ro")
        await full.restore(1, target)  # every file is identical: nothing to write
        assert_counted(full, target)
        assert progress(full).notices == 0
        with pytest.raises(TargetError, match="Read-only file system"):
            await full.restore(1, disk / "another")


@pytest.fixture
def closed(short_folder: Path) -> Iterator[Path]:
    """A folder of root that others may list."""
    place = short_folder / "closed"
    place.mkdir(mode=0o755)
    yield place
    subprocess.run(["rm", "-rf", place], check=True)


@needs_root
@pytest.mark.anyio
async def test_permission_denied_everywhere(full: World, store: FaultyStore, closed: Path) -> None:
    await full.connect()
    with as_nobody():
        await full.restore(1, closed)
    p = progress(full)
    assert on_disk(closed) == (p.done_files, p.done_bytes) == (0, 0)
    assert (p.missed_files, p.missed_bytes) == (p.total_files, p.total_bytes)
    assert store.fetches == [], "nothing is fetched that cannot be written"
    notices = [n for n in await full.notices() if n.kind is NoticeKind.UNWRITABLE]
    assert len(notices) == TOLD_EACH + 1, "some hundred are listed, the others counted"
    assert notices[-1].reason.startswith("Permission denied (and ")
    # Every file, and every folder twice: when it is created, and when it is finished.
    count = 820 + 2 * sum(p.is_dir() for p in full.root.rglob("*"))
    assert notices[-1].reason == f"Permission denied (and {count - TOLD_EACH - 1:,} more)"


@pytest.mark.anyio
async def test_interrupted_files_are_not_counted(full: World, store: FaultyStore) -> None:
    target = full.scratch / "target"
    await full.folder()
    run = await full.new_run()
    run.version = 1
    with TargetTree(os.fsencode(target)) as tree:
        tree.prepare()
        async with anyio.create_task_group() as group:
            parts = TargetParts(os.fsencode(target), (), RestoreChoices())
            group.start_soon(lambda: restore(run, tree, (), parts, owns_target=True))
            await until(lambda: len(store.fetches) > 90)
            run.drain()
    assert_counted(full, target)
    assert 0 < progress(full).done_files < 820
    await full.restore(1, target)
    assert_counted(full, target)
    assert compare_trees(full.root, target) == []
