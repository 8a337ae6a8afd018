"""What forgetting deletes and what it leaves, whatever is forgotten, and wherever it is killed."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from index_ground import KEYS, Indexed
from trees import content
from worlds import World, make_world

from usenetsync_tui.catalogue.lookups import sums
from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import jobs, snapshots
from usenetsync_tui.catalogue.tables.forgetting import freed, versions
from usenetsync_tui.catalogue.tables.forgetting.would_free import would_free
from usenetsync_tui.errors import UnknownSnapshotError, UsageError
from usenetsync_tui.model.forgetting import ForgetPreview, FreedSpace
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.pipeline.forget import forget
from usenetsync_tui.pipeline.index.find_root import newest_root
from usenetsync_tui.pipeline.index.post_index import post_index
from usenetsync_tui.postgres.pool import Pool
from usenetsync_tui.store.shards import ShardsStore

pytestmark = pytest.mark.anyio


class KilledError(Exception):
    """What a kill looks like from inside."""


class Mortal(Catalogue):
    """A catalogue whose program dies in one of its transactions, which is not committed then."""

    lives = 0

    @asynccontextmanager
    async def transaction(self, *, durable: bool = False) -> AsyncIterator[Transaction]:
        async with super().transaction(durable=durable) as tx:
            yield tx
            self.lives -= 1
            if self.lives < 0:
                raise KilledError


@dataclass
class Kept:
    """A folder with an index in shards, and copies of the trees that its versions were made of."""

    indexed: Indexed
    copies: dict[int, Path] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.indexed.world

    async def version(self) -> int:
        version = await self.indexed.version()
        self.copies[version] = self.world.keep_copy()
        return version

    async def mark(self, wanted: list[int]) -> int:
        """Forget versions; returns the job that erases them."""
        folder = await self.world.folder()
        async with self.world.catalogue.transaction() as tx:
            assert await versions.mark(tx, folder.id, wanted) == wanted
            job = await jobs.add(tx, folder.id, Verb.FORGET, folder.priority)
        for version in wanted:
            del self.copies[version]
        return job

    async def erase(self, job: int, rng: random.Random | None = None) -> FreedSpace:
        """Erase what is forgotten; killed now and then, if there are random numbers."""
        folder = await self.world.folder()
        for kills in count(1):
            run = await self.world.run_of(folder, job)
            mortal = Mortal(self.world.catalogue.pool)
            mortal.lives = 10_000 if rng is None else rng.randrange(1, 8 + 6 * kills)
            run = replace(run, catalogue=mortal, limits=replace(run.limits, batch_size=5))
            tell = partial(post_index, run, await self.indexed.realm(), renews=True)
            try:
                assert await forget.forget(run, tell) == ""
                break
            except* KilledError:
                await self.assert_consistent()
            assert kills < 100
        async with self.world.catalogue.transaction() as tx:
            await jobs.set_state(tx, job, JobState.COMPLETED, "")
            return await freed.of_job(tx, job)

    async def preview(self, wanted: list[int]) -> ForgetPreview:
        folder = await self.world.folder()
        async with self.world.catalogue.transaction() as tx:
            return await would_free(tx, folder.id, wanted)

    async def assert_consistent(self) -> None:
        async with self.world.catalogue.transaction() as tx:
            assert await sums.wrong_sums(tx) == []

    async def assert_whole(self) -> None:
        """Every kept version is there, by the catalogue and by the secret; and no other."""
        await self.assert_consistent()
        folder = await self.world.folder()
        async with self.world.catalogue.transaction() as tx:
            there = [s.version for s in await snapshots.finished(tx, folder.id)]
        assert there == sorted(self.copies)
        newest = (await newest_root(self.world.store, KEYS)).root
        assert [line.version for line in (*newest.older, newest.current)] == there
        for version, copy in self.copies.items():
            await self.world.assert_restores(version, copy)
            in_newest = version >= newest.runs[0].version
            await self.indexed.assert_reads(version, copy, None if in_newest else version)


@pytest.fixture
def kept(pool: Pool, database: str, tmp_path: Path) -> Kept:
    world = make_world(pool, database, tmp_path, ShardsStore(pool)).small(chunk_size=60_000)
    return Kept(Indexed(world))


def change(rng: random.Random, root: Path) -> None:
    """Some files are new, changed, removed, or have the content of others."""
    for _ in range(rng.randrange(1, 7)):
        path = root / f"{rng.randrange(25):02}"
        seed, size = rng.randrange(12), rng.choice((0, 9, 400, 20_000, 70_000, 130_000))
        if rng.random() < 0.25:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(content(size, seed))
    (root / "always").write_bytes(rng.randbytes(300))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [4])
async def test_every_kept_version_stays_whole(
    kept: Kept, tmp_path: Path, seed: int, request: pytest.FixtureRequest
) -> None:
    """Folders share articles; versions are forgotten at random, killed, with uploads in between."""
    rng, rounds = random.Random(seed), request.config.getoption("--kill-rounds") or 2
    other_root = tmp_path / "other"
    other_root.mkdir()
    other = World(kept.world.catalogue, kept.world.conninfo, other_root, tmp_path, kept.world.store)
    other.small(chunk_size=60_000).copies_made = 1_000
    for _ in range(rounds):
        for _ in range(rng.randrange(2, 5)):
            change(rng, kept.world.root)
            await kept.version()
        change(rng, other_root)
        mine = await other.completed(), other.keep_copy()
        gone = sorted(v for v in list(kept.copies)[:-1] if rng.random() < 0.6)
        preview = await kept.preview(gone)
        before = kept.world.query("SELECT coalesce(sum(octet_length(payload)), 0) FROM articles")
        job = await kept.mark(gone)
        if rng.random() < 0.5:  # it waits while the next version is made
            change(rng, kept.world.root)
            await kept.version()
            preview = None
        space = await kept.erase(job, rng)
        await kept.assert_whole()
        await other.assert_restores(*mine)
        assert space.versions == len(gone) and space.unread_bytes == 0
        if preview is not None:
            after = kept.world.query("SELECT sum(octet_length(payload)) FROM articles")
            of_index = kept.world.query("SELECT coalesce(sum(length(data)), 0) FROM index_pages")
            assert preview.files == space.files
            assert preview.freed_bytes <= space.freed_bytes
            assert before and after and of_index
        found = await kept.world.verify(bodies=True)
        assert (found.missing, found.damaged, found.unknown) == (0, 0, 0)


async def test_the_newest_version_and_unknown_ones_are_refused(kept: Kept) -> None:
    for number in range(3):
        (kept.world.root / "file").write_bytes(b"%d" % number)
        await kept.version()
    folder = await kept.world.folder()
    for wanted, error in (([3], UsageError), ([1, 7], UnknownSnapshotError)):
        async with kept.world.catalogue.transaction() as tx:
            with pytest.raises(error):
                await versions.mark(tx, folder.id, wanted)
    async with kept.world.catalogue.transaction() as tx:
        job = await jobs.add(tx, folder.id, Verb.RESTORE, folder.priority, version=2, queued=True)
    async with kept.world.catalogue.transaction() as tx:
        with pytest.raises(UsageError, match=f"job {job}"):
            await versions.mark(tx, folder.id, [1, 2])
    assert len(await kept.world.snapshots()) == 3
    assert await kept.mark([1]) and sorted(kept.copies) == [2, 3]
    assert os.path.exists(kept.copies[2])
