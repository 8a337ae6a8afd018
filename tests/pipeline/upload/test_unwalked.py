"""A version whose walk left something out is incomplete, whatever repairs follow."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

import pytest
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.folders import SnapshotState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.pipeline.verify.check import repair


class Disk:
    """A file system that fails to list one of its directories while it is `broken`."""

    def __init__(self) -> None:
        self.broken = True
        self.directory = 0

    def listing(self, fd: int) -> Iterator[os.DirEntry[str]]:
        if self.broken and os.fstat(fd).st_ino == self.directory:
            raise OSError(errno.EIO, "Input/output error")
        return _scandir(fd)


_scandir = os.scandir


@pytest.fixture
def disk(world: World, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A folder with a file and a directory that cannot be read."""
    (world.root / "open").write_bytes(content(60_000))
    (world.root / "closed").mkdir()
    (world.root / "closed" / "inside").write_bytes(b"inside")
    disk = Disk()
    disk.directory = (world.root / "closed").stat().st_ino
    monkeypatch.setattr(os, "scandir", disk.listing)
    return disk


async def state(world: World, version: int = 1) -> SnapshotState:
    return next(s.state for s in await world.snapshots() if s.version == version)


def lose_everything(store: FaultyStore) -> None:
    assert store.articles
    store.articles.clear()


@pytest.mark.anyio
@pytest.mark.parametrize("by", ["upload", "verify"])
async def test_a_repaired_article_does_not_make_it_complete(
    world: World, disk: Disk, store: FaultyStore, by: str
) -> None:
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    (notice,) = await world.notices()
    assert (notice.kind, notice.path) == (NoticeKind.UNREADABLE, b"closed/")
    assert world.query("SELECT unwalked FROM snapshots") == [(1,)]
    lose_everything(store)
    assert (await world.verify()).missing == 1
    if by == "upload":
        outcome = await world.upload()
        assert outcome.version == 1
    else:
        assert (await repair(await world.new_run())).seen == 1
    assert (await world.verify()).missing == 0
    assert await state(world) is SnapshotState.INCOMPLETE


@pytest.mark.anyio
async def test_a_walked_version_with_a_repaired_article_is_complete(
    world: World, disk: Disk, store: FaultyStore
) -> None:
    await world.upload()
    disk.broken = False
    assert await world.completed() == 2
    lose_everything(store)
    assert (await world.verify()).missing == 2
    assert await state(world, 2) is SnapshotState.INCOMPLETE
    await world.completed()
    assert await state(world, 1) is SnapshotState.INCOMPLETE
    assert await state(world, 2) is SnapshotState.COMPLETE


@pytest.mark.anyio
async def test_a_fifo_does_not_make_a_version_incomplete(world: World, store: FaultyStore) -> None:
    (world.root / "file").write_bytes(b"file")
    os.mkfifo(world.root / "pipe")
    await world.completed()
    assert world.query("SELECT unwalked FROM snapshots") == [(0,)]
    lose_everything(store)
    assert (await world.verify()).missing == 1
    await world.upload()
    assert await state(world) is SnapshotState.COMPLETE
