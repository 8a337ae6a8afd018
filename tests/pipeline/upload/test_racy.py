"""Racy files: the next upload notices a rewrite within the clock tick in which it was read."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import anyio
import pytest
from file_systems import ext4, quirky, tmpfs
from trees import compare_trees
from worlds import FaultyStore, World

from usenetsync_tui.disk.source import source_tree as source_module
from usenetsync_tui.disk.source.racy import is_racy
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.model.metadata.metadata import Metadata

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND + 500_000_001
SIZES = {"small": 40, "packed alone": 49_000, "large": 60_000, "of several segments": 1_600_000}


@pytest.fixture(params=["normal", "tmpfs", "ext4, 128-byte inodes", "two-second times"])
def place(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[World]:
    """A world whose folder is on file systems with ticks of different lengths."""
    at = tmp_path / "mounted"
    manager = {
        "normal": lambda: nullcontext(tmp_path / "tree"),
        "tmpfs": lambda: tmpfs(at),
        "ext4, 128-byte inodes": lambda: ext4(at, inode_size=128),
        "two-second times": lambda: quirky(tmp_path / "below", at, "coarse-times"),
    }[request.param]()
    with manager as root:
        world.root = root / "tree"
        world.root.mkdir(parents=True)
        yield world


def rewrite(root: Path, rng: random.Random) -> None:
    """Write other bytes of the same size into the files, in place."""
    for name, size in SIZES.items():
        with (root / name).open("r+b", buffering=0) as file:
            at = rng.randrange(size - 8)
            file.seek(at)
            file.write(rng.randbytes(8))


@pytest.mark.anyio
@pytest.mark.parametrize("profile", [Profile.PACKED, Profile.PLAIN])
async def test_a_rewrite_at_once_is_noticed(place: World, profile: Profile) -> None:
    world, rng = place, random.Random(2)
    world.choices = FolderChoices(profile=profile)
    for name, size in SIZES.items():
        (world.root / name).write_bytes(rng.randbytes(size))
    await world.completed()
    for _ in range(6):
        rewrite(world.root, rng)
        version = await world.completed()
        restored = await world.restore(version)
        assert compare_trees(world.root, restored) == []


@pytest.mark.anyio
async def test_an_unchanged_file_read_again_makes_no_version(
    place: World, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, rng = place, random.Random(3)
    for name, size in SIZES.items():
        (world.root / name).write_bytes(rng.randbytes(size))
    (world.root / "empty").write_bytes(b"")
    await world.completed()
    store.posts.clear()
    opened: list[bytes] = []
    watch_reading(monkeypatch, opened)
    last = 2
    for _ in range(last):
        outcome = await world.upload()
        assert outcome.message == "nothing changed since version 1"
        assert world.run is not None
        p = world.run.progress
        assert p.unchanged == p.entries == len(SIZES) + 2
        assert (p.done_files, p.done_bytes) == (p.total_files, p.total_bytes)
        assert (store.posts, p.in_flight) == ([], 0)
        world.check_ledger()
        await anyio.sleep(4.1)
    # By now their times are older than the reading on each file system: they are not read again.
    opened.clear()
    assert (await world.upload()).version == 1
    assert opened == []
    assert world.query("SELECT path_key FROM files WHERE racy") == []
    await world.assert_restores(1, world.root)


def watch_reading(monkeypatch: pytest.MonkeyPatch, opened: list[bytes]) -> None:
    tree = source_module.SourceTree
    small, large = tree.take_small, tree.open

    def take_small(
        self: source_module.SourceTree, entry: Entry, **how: bool
    ) -> tuple[bytes, Metadata]:
        opened.append(entry.path)
        return small(self, entry, **how)

    def read_large(self: source_module.SourceTree, entry: Entry, **how: bool) -> SourceFile:
        opened.append(entry.path)
        return large(self, entry, **how)

    monkeypatch.setattr(tree, "take_small", take_small)
    monkeypatch.setattr(tree, "open", read_large)


@pytest.mark.anyio
async def test_only_files_touched_just_before_are_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(200):
        (world.root / f"{number:03}").write_bytes(b"old")
    await anyio.sleep(0.2)
    (world.root / "new").write_bytes(b"new")
    started = time.time_ns()
    await world.completed()
    opened: list[bytes] = []
    watch_reading(monkeypatch, opened)
    await world.upload()
    assert set(opened) <= {b"new"}, f"read {time.time_ns() - started} ns after it was written"


@pytest.mark.anyio
@pytest.mark.parametrize("size", [1_000, 60_000])
async def test_a_file_written_while_it_is_read_in_the_same_tick(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Its times are the same before and after the reading: only the next upload can tell."""
    with ext4(tmp_path / "mounted", inode_size=128) as root:
        world.root = root / "tree"
        world.root.mkdir()
        path = world.root / "file"
        tree, file = source_module.SourceTree, SourceFile
        small, large = tree.take_small, file.check_end

        def write() -> None:
            with path.open("r+b", buffering=0) as opened:
                opened.write(b"after")

        def take_small(
            self: source_module.SourceTree, entry: Entry, **how: bool
        ) -> tuple[bytes, Metadata]:
            found = small(self, entry, **how)
            write()
            return found

        def check_end(self: SourceFile, end: int) -> None:
            write()
            large(self, end)

        monkeypatch.setattr(tree, "take_small", take_small)
        monkeypatch.setattr(file, "check_end", check_end)
        # Early in a second, so that the write falls into the second of the walk.
        await anyio.sleep(1.01 - time.time() % 1)
        path.write_bytes(b"before".ljust(size))
        await world.upload()
        monkeypatch.undo()
        version = await world.completed()
        restored = await world.restore(version)
        assert compare_trees(world.root, restored) == []


@pytest.mark.parametrize(
    ("mtime_ns", "ctime_ns", "expected"),
    [
        (NOW, NOW, True),
        (NOW - SECOND, NOW - SECOND, False),
        (NOW - 15_000_000, NOW - SECOND, True),  # within a tick of the kernel
        (NOW - SECOND, NOW - 15_000_000, True),
        (NOW - 30_000_000, NOW - 30_000_000, False),
        (NOW - 90_000_001, NOW - SECOND, True),  # whole ms
        (NOW - 500_000_001, NOW - 500_000_001, True),  # whole seconds
        (NOW - 500_000_001 - SECOND, NOW - 500_000_001 - SECOND, True),
        (NOW - 500_000_001 - 2 * SECOND, NOW - 500_000_001 - 2 * SECOND, False),
        (NOW - 500_000_001 - SECOND, NOW - SECOND, True),  # ctime fine, mtime coarse
        (NOW - 10 * SECOND, NOW + 3_600 * SECOND, True),  # our clock is behind, or was set back
        (NOW + 3_600 * SECOND, NOW - SECOND, True),
        (NOW + 400 * 86_400 * SECOND, NOW + 400 * 86_400 * SECOND, True),
        (NOW + 400 * 86_400 * SECOND, NOW - SECOND, False),  # an mtime set by hand
        (0, 0, False),
        (NOW - SECOND, 0, False),  # this file system has no ctime
        (NOW, 0, True),
    ],
)
def test_which_files_are_racy(mtime_ns: int, ctime_ns: int, expected: bool) -> None:
    assert is_racy(mtime_ns, ctime_ns, NOW) is expected


@pytest.mark.anyio
async def test_while_the_clock_is_set_back_everything_is_read_again_and_found_the_same(
    world: World, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in SIZES.items():
        (world.root / name).write_bytes(os.urandom(size))
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() - 86_400 * SECOND)
    await world.completed()
    rewrite(world.root, random.Random(1))
    for path in world.root.iterdir():
        os.utime(path, ns=(NOW, NOW))
    assert await world.completed() == 2
    store.posts.clear()
    assert (await world.upload()).message == "nothing changed since version 2"
    assert store.posts == []
    assert world.query("SELECT count(*) FROM files WHERE racy AND last_version IS NULL") == [(4,)]
    monkeypatch.undo()
    await anyio.sleep(0.1)
    assert (await world.upload()).version == 2
    assert world.query("SELECT count(*) FROM files WHERE racy AND last_version IS NULL") == [(0,)]
