"""Lanes fetch what is wanted in their own threads; the event loop hears of it in batches."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import anyio
import psycopg
import pytest
from trees import content
from worlds import FaultyStore, World, until

from usenetsync_tui.disk.restored.part_file import PartFile
from usenetsync_tui.errors import StoreUnusableError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.ports.stores import Opener

SEGMENT = 16_384


@pytest.fixture
async def kept(world: World) -> World:
    """Three large files of 40 segments, and a few small ones."""
    for number in range(3):
        (world.root / f"large {number}").write_bytes(content(40 * SEGMENT - 7, number))
    for number in range(30):
        (world.root / f"small {number}").write_bytes(content(500, 100 + number))
    await world.small(chunk_size=SEGMENT, max_workers=8).completed()
    return world


@pytest.mark.anyio
async def test_no_byte_is_written_on_the_event_loops_thread(
    kept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    write = PartFile.write

    def noting(self: PartFile, offset: int, data: bytes) -> None:
        threads.add(threading.get_ident())
        write(self, offset, data)

    monkeypatch.setattr(PartFile, "write", noting)
    await kept.assert_restores(1, kept.root)
    assert threads and threading.get_ident() not in threads


@pytest.mark.anyio
@pytest.mark.parametrize("lane_count", [1, 3, 32])
async def test_no_more_is_fetched_at_once_than_there_are_lanes(
    kept: World, lane_count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counting(FaultyStore):
        at_once = most = 0
        fetching_lanes = lane_count

        async def fetch(
            self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes
        ) -> bytes:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            await anyio.sleep(0.001)
            self.at_once -= 1
            return await super().fetch(message_id, wait=wait, opened=opened)

    store, old = Counting(), kept.store
    assert isinstance(old, FaultyStore)
    store.articles = old.articles
    kept.store = store
    await kept.assert_restores(1, kept.root)
    assert store.most == lane_count
    assert len(store.fetches) == len(set(store.fetches)), "each article once"


@pytest.mark.anyio
async def test_a_paused_restore_fetches_nothing_more(kept: World) -> None:
    store = kept.store
    assert isinstance(store, FaultyStore)
    async with anyio.create_task_group() as group:
        group.start_soon(kept.restore, 1, kept.scratch / "target")
        await until(lambda: len(store.fetches) > 10)
        assert kept.run is not None
        kept.run.gate.close()
        before = len(store.fetches)  # also of what waits for a lane
        await anyio.sleep(0.2)
        assert len(store.fetches) == before < 120
        kept.run.gate.open()
    assert kept.run.budget.held == 0
    assert (kept.scratch / "target/large 2").read_bytes() == content(40 * SEGMENT - 7, 2)


@pytest.mark.anyio
async def test_a_lost_segment_ends_its_file_only(kept: World) -> None:
    """The findings of the lanes that were at work on the same file count all the same."""
    store = kept.store
    assert isinstance(store, FaultyStore)
    rows = kept.query(
        "SELECT message_id FROM segments JOIN files USING (object_id)"
        " WHERE path_key = %s AND segment_index IN (3, 4)",
        b"large 1",
    )
    for (message_id,) in rows:
        assert isinstance(message_id, bytes)
        del store.articles[message_id]
    target = kept.scratch / "target"
    await kept.restore(1, target)
    assert not (target / "large 1").exists()
    assert sorted(os.listdir(kept.root)) == sorted([*files_in(target), "large 1"])
    assert kept.run is not None and kept.run.budget.held == 0
    missing = kept.query("SELECT count(*) FROM segments WHERE by_body")
    assert missing == [(2,)]


@pytest.mark.anyio
async def test_segments_from_further_copies_are_counted(world: World) -> None:
    """Also where the first copy is not asked for at all."""
    world.choices = FolderChoices(copies=2)
    (world.root / "large").write_bytes(content(4 * SEGMENT, 1))
    await world.small(chunk_size=SEGMENT).completed()
    store = world.store
    assert isinstance(store, FaultyStore)
    first = "FROM segments WHERE redundancy = 0 AND segment_index"
    ((lost,),) = world.query(f"SELECT message_id {first} = 2")
    assert isinstance(lost, bytes)
    del store.articles[lost]
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        connection.execute(f"DELETE {first} = 3")
    await world.assert_restores(1, world.root)
    assert world.run is not None
    assert world.run.progress.from_copies == 2


@pytest.mark.anyio
async def test_a_store_that_cannot_be_used_ends_the_restore(kept: World) -> None:
    class Unusable(FaultyStore):
        async def fetch(
            self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes
        ) -> bytes:
            raise StoreUnusableError("one: 481 wrong password")

    kept.store = Unusable()
    with pytest.raises(ExceptionGroup) as caught, anyio.fail_after(60):
        await kept.restore(1, kept.scratch / "target")
    assert caught.group_contains(StoreUnusableError, match="481 wrong password")


@pytest.mark.anyio
@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_nothing_is_written_after_a_file_is_given_up(
    kept: World, is_cancelled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that is about to write when the file is given up, by a cancelled run or by a lost
    segment, has written before the file is closed; those that come later write nothing."""
    writing, closed = threading.Event(), threading.Event()
    late: list[str] = []
    write, close = PartFile.write, PartFile.close

    def slowly(self: PartFile, offset: int, data: bytes) -> None:
        writing.set()
        closed.wait(0.3)
        if self._fd < 0:
            late.append("written after it was closed")
        write(self, offset, data)

    def closing(self: PartFile) -> None:
        closed.set()
        close(self)

    monkeypatch.setattr(PartFile, "write", slowly)
    monkeypatch.setattr(PartFile, "close", closing)
    store = kept.store
    assert isinstance(store, FaultyStore)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(kept.restore, 1, kept.scratch / "target")
            await until(writing.is_set)
            if is_cancelled:
                scope.cancel()
            else:
                store.articles.clear()
    assert not late
    assert scope.cancelled_caught == is_cancelled


def files_in(target: Path) -> list[str]:
    return [name for name in os.listdir(target) if not name.startswith(".usenetsync-")]
