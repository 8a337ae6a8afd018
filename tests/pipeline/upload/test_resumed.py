"""Uploads that are killed and resumed while files change unnoticed: never a mixture."""

from __future__ import annotations

import asyncio
import mmap
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from file_systems import tmpfs
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.codec import compression
from usenetsync_tui.disk.content import content_of
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.digests import DigestAlgorithm, file_digest
from usenetsync_tui.model.folders import Compression, Profile
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.segments import Article, Codec
from usenetsync_tui.pipeline.upload.upload import upload

CHUNK = 1_024
CHOICES = {
    "packed": FolderChoices(profile=Profile.PACKED),
    "dense": FolderChoices(profile=Profile.PACKED, compression=Compression.LZMA),
    "two copies": FolderChoices(profile=Profile.PACKED, copies=2),
    "plain": FolderChoices(profile=Profile.PLAIN),
}
DIGESTS = list(DigestAlgorithm)


async def killed(world: World, store: FaultyStore, after: int) -> None:
    """An upload that is cut off once so many more articles are posted."""
    run = await world.new_run()
    last = len(store.posts) + after
    with anyio.CancelScope() as scope:

        def kill(_: Article) -> None:
            if len(store.posts) >= last:
                scope.cancel()

        store.after = kill
        await upload(run, frozenset())
    store.after = None


def posted_content(world: World, store: FaultyStore, object_id: object, size: object) -> bytes:
    """The plaintext of an object's segments, in order, as the store has them."""
    rows = world.query(
        "SELECT message_id, codec, size FROM segments WHERE object_id = %s AND redundancy = 0"
        " ORDER BY segment_index",
        object_id,
    )
    parts = [
        compression.decompress(store.articles[m], Codec(c), s)  # type: ignore[index,arg-type]
        for m, c, s in rows
    ]
    data = b"".join(parts)
    assert len(data) == size
    return data


def check_digests(world: World, store: FaultyStore) -> None:
    """The recorded digest of every file is that of its segments' plaintext."""
    rows = world.query(
        "SELECT f.path_key, f.object_id, f.object_offset, f.size, f.digest,"
        "       f.digest_kind, o.size, o.segment_size FROM files f"
        "  JOIN objects o ON o.id = f.object_id WHERE f.state = 1"
    )
    assert rows
    for path, made, offset, size, digest, kind, whole, step in rows:
        data = posted_content(world, store, made, whole)
        data = data[offset : offset + size]  # type: ignore[operator,misc]
        right = content_of(size, file_digest(kind, digest), step)  # type: ignore[arg-type]
        assert right is not None and right.is_of(data), path


@contextmanager
def mapped(path: Path) -> Iterator[mmap.mmap]:
    """A file mapped for writing, with each page already written: later writes change no time."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as view:
        for at in range(0, len(view), mmap.PAGESIZE):
            view[at] = view[at]
        yield view


@pytest.fixture
def still(world: World, tmp_path: Path) -> Iterator[World]:
    """A folder in memory, where pages are never written back, so no time changes after that."""
    with tmpfs(tmp_path / "mounted") as root:
        world.root = root / "tree"
        world.root.mkdir()
        yield world.small(chunk_size=CHUNK)


@pytest.mark.anyio
@pytest.mark.parametrize("choices", CHOICES)
@pytest.mark.parametrize("seed", range(5))
async def test_unnoticed_changes_between_two_runs(
    still: World, store: FaultyStore, choices: str, seed: int
) -> None:
    world, rng = still, random.Random(seed)
    world.choices, world.digest = CHOICES[choices], DIGESTS[seed % 2]
    path, other = world.root / "large", world.root / "other"
    # Longer than what the kills let through and what is planned ahead of them: a file that was
    # read to its end is not opened again while its times are the same.
    path.write_bytes(rng.randbytes(rng.randrange(700, 900) * CHUNK + rng.randrange(CHUNK)))
    other.write_bytes(rng.randbytes(80 * CHUNK))
    with mapped(path) as view:
        await anyio.sleep(0.05)
        before = path.stat()
        for _ in range(rng.randrange(1, 4)):
            await killed(world, store, rng.randrange(1, 120))
            for _ in range(rng.randrange(3)):
                at = rng.randrange(len(view) - 9)
                view[at : at + 9] = rng.randbytes(9)
        after = path.stat()
        assert (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)
        outcome = await world.upload()
        assert outcome.state is JobState.COMPLETED, await world.notices()
        world.check_ledger()
        check_digests(world, store)
        await world.assert_restores(outcome.version, world.root)
        assert world.run is not None
        p = world.run.progress
        assert (p.done_files, p.done_bytes, p.in_flight) == (p.total_files, p.total_bytes, 0)
    unwanted = world.query(
        "SELECT id FROM objects o WHERE NOT EXISTS (SELECT FROM files f WHERE f.object_id = o.id)"
    )
    assert unwanted == [], "an object that nothing refers to was left behind"


@pytest.mark.anyio
@pytest.mark.parametrize("choices", CHOICES)
@pytest.mark.parametrize("seed", range(3))
async def test_a_change_under_an_mtime_that_was_put_back(
    world: World, store: FaultyStore, choices: str, seed: int
) -> None:
    """Its ctime changes: the file continues in its object as far as the content is the same."""
    world.small(chunk_size=CHUNK)
    world.choices, rng = CHOICES[choices], random.Random(seed)
    world.digest = DIGESTS[seed % 2]
    path = world.root / "large"
    path.write_bytes(rng.randbytes(300 * CHUNK + 5))
    status = path.stat()
    for _ in range(3):
        await killed(world, store, rng.randrange(1, 120))
        if rng.random() < 0.7:
            with path.open("r+b") as file:
                file.seek(rng.randrange(300 * CHUNK))
                file.write(rng.randbytes(5))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    outcome = await world.upload()
    assert outcome.state is JobState.COMPLETED, await world.notices()
    world.check_ledger()
    check_digests(world, store)
    await world.assert_restores(outcome.version, world.root)


@pytest.mark.anyio
@pytest.mark.parametrize("choices", CHOICES)
async def test_unchanged_content_is_posted_once(
    world: World, store: FaultyStore, choices: str
) -> None:
    """A resumed object continues although its file's ctime, mode and mtime changed meanwhile."""
    world.small(chunk_size=CHUNK)
    world.choices = CHOICES[choices]
    path = world.root / "large"
    path.write_bytes(content(400 * CHUNK + 5))
    copies = world.choices.copies or 1
    for number in range(4):
        await killed(world, store, 60)
        path.chmod(0o600 + number)
        os.utime(path)
    assert await world.completed() == 1
    assert len(store.articles) == 401 * copies
    # Articles in flight at a kill may be sent again, under their own names.
    assert len(set(store.posts)) == 401 * copies
    check_digests(world, store)
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
@pytest.mark.parametrize("choices", ["packed", "plain"])
async def test_a_file_whose_articles_are_all_posted_before_its_end_is_planned(
    still: World, monkeypatch: pytest.MonkeyPatch, choices: str
) -> None:
    """The next run finds its object complete: nothing is left to post, but the file counts."""
    world, loop = still, asyncio.get_running_loop()
    world.choices = CHOICES[choices]
    (world.root / "large").write_bytes(content(80 * CHUNK, 1))
    real, scope = SourceFile.check_end, anyio.CancelScope()

    def check_end(self: SourceFile, size: int) -> None:
        real(self, size)
        while world.query("SELECT complete FROM objects") != [(True,)]:
            time.sleep(0.02)
        loop.call_soon_threadsafe(scope.cancel)

    monkeypatch.setattr(SourceFile, "check_end", check_end)
    run = await world.new_run()
    with anyio.fail_after(60), scope:
        await upload(run, frozenset())
    assert world.query("SELECT state FROM files WHERE object_id IS NOT NULL") == [(0,)]
    monkeypatch.setattr(SourceFile, "check_end", real)
    outcome = await world.upload()
    assert outcome.state is JobState.COMPLETED, await world.notices()
    assert world.run is not None
    p = world.run.progress
    assert (p.done_files, p.done_bytes, p.in_flight) == (p.total_files, p.total_bytes, 0)
