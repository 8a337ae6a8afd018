"""Inode numbers that change at each stat: files are kept, and not read for that alone."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest
from file_systems import quirky
from trees import compare_trees, content
from worlds import World

from usenetsync_tui.disk.source import source_tree as source_module
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.disk.source.stat_entries import regular_entry
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.model.metadata.metadata import Metadata

SIZES = (0, 10, 5_000, 60_000, 2_000_000)
OLD = 1_600_000_000 * 10**9 + 1


def fill(root: Path) -> None:
    for place in ("", "sub", "sub/sub"):
        (root / place).mkdir(parents=True, exist_ok=True)
        for size in SIZES:
            (root / place / str(size)).write_bytes(content(size, len(place)))
        (root / place / "link").symlink_to("10")
    deep = root.joinpath(*["d"] * 90)  # more directories than the walk keeps open
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"far down")
    (deep.parent / "z").write_bytes(b"after it")


def watched_opens(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    opened: list[bytes] = []
    tree = source_module.SourceTree
    small, large = tree.take_small, tree.open

    def take_small(self: SourceTree, entry: Entry) -> tuple[bytes, Metadata]:
        opened.append(entry.path)
        return small(self, entry)

    def read_large(self: SourceTree, entry: Entry, *, holes: bool) -> SourceFile:
        opened.append(entry.path)
        return large(self, entry, holes=holes)

    monkeypatch.setattr(tree, "take_small", take_small)
    monkeypatch.setattr(tree, "open", read_large)
    return opened


@pytest.mark.anyio
@pytest.mark.parametrize("profile", [Profile.PACKED, Profile.PLAIN])
async def test_files_are_kept_and_then_left_alone(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: Profile
) -> None:
    world.choices = FolderChoices(profile=profile)
    below = tmp_path / "below"
    fill(below)
    await anyio.sleep(0.1)
    with quirky(below, tmp_path / "seen", "unstable-inodes") as root:
        world.root = root
        assert await world.completed() == 1
        assert compare_trees(below, await world.restore(1)) == []
        assert (await world.folder()).unstable_inodes
        opened = watched_opens(monkeypatch)
        outcome = await world.upload()
        assert outcome.message == "nothing changed since version 1"
        assert opened == []
        assert world.run is not None
        assert world.run.progress.unchanged == world.run.progress.entries
        # A real change is noticed.
        (below / "sub" / "10").write_bytes(content(10, 77))
        (below / "60000").unlink()
        (below / "60000").write_bytes(content(60_000, 77))
        (below / "new").write_bytes(b"new")
        assert await world.completed() == 2
        assert set(opened) == {b"sub/10", b"60000", b"new"}
        assert compare_trees(below, await world.restore(2)) == []


@pytest.mark.anyio
async def test_a_killed_first_upload_costs_a_reading_and_no_version(
    world: World, tmp_path: Path
) -> None:
    below = tmp_path / "below"
    fill(below)
    with quirky(below, tmp_path / "seen", "unstable-inodes") as root:
        world.root = root
        await world.completed()
        world.query("UPDATE folders SET unstable_inodes = false RETURNING 1")  # not remembered
        assert (await world.upload()).message == "nothing changed since version 1"
        assert (await world.folder()).unstable_inodes


@pytest.mark.anyio
async def test_inodes_are_ignored_when_that_is_chosen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a failover to a copy of the file system, with its times."""
    fill(world.root)
    await anyio.sleep(0.1)
    world.choices = FolderChoices(ignore_inode=True)
    await world.completed()
    world.query("UPDATE files SET inode = inode + 1000 WHERE kind <> 1 RETURNING 1")
    world.choices = FolderChoices()  # remembered
    opened = watched_opens(monkeypatch)
    assert (await world.upload()).message == "nothing changed since version 1"
    assert opened == []
    world.choices = FolderChoices(ignore_inode=False)
    assert (await world.upload()).message == "nothing changed since version 1"
    files = [p for p in world.root.rglob("*") if p.is_file() and not p.is_symlink()]
    assert len(opened) == len(files)


@pytest.mark.parametrize("way", ["small", "large"])
def test_when_another_inode_means_another_file(tmp_path: Path, way: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content(100))
    entry = regular_entry(b"file", path.stat())
    moved = entry._replace(inode=entry.inode + 1)

    def read(source: SourceTree, entry: Entry) -> bytes:
        if way == "small":
            return source.read_small(entry)
        with source.open(entry) as file:
            return file.read(0, 100)

    with SourceTree(os.fsencode(tmp_path)) as source:
        # Within its tick, a new file may have the times of the one whose name it took.
        assert read(source, moved) == content(100)
        while not source.inodes.unstable:  # later, no other file can have them
            assert read(source, moved) == content(100)
        assert read(source, entry) == content(100)
    with SourceTree(os.fsencode(tmp_path)) as source:
        for other in (
            moved._replace(ctime_ns=entry.ctime_ns - 1),
            moved._replace(mtime_ns=entry.mtime_ns - 1),
        ):
            with pytest.raises(SourceFileError, match="was replaced"):
                read(source, other)
        assert not source.inodes.unstable
    with SourceTree(os.fsencode(tmp_path), ignore_inode=True) as source:
        assert read(source, moved) == content(100)
        assert not source.inodes.unstable
        with pytest.raises(SourceFileError, match="was modified"):
            read(source, moved._replace(ctime_ns=entry.ctime_ns - 1))
