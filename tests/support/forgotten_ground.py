"""A folder whose versions are forgotten, and copies of the trees that they were made of."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path

from index_ground import KEYS, Indexed
from worlds import World

from usenetsync_tui.catalogue.lookups import sums
from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import jobs, snapshots
from usenetsync_tui.catalogue.tables.forgetting import freed, versions
from usenetsync_tui.catalogue.tables.forgetting.would_free import would_free
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.versions.forgetting import ForgetPreview, FreedSpace
from usenetsync_tui.pipeline.forget import forget
from usenetsync_tui.pipeline.index.find_root import fetch_root, last_of_base, newest_root
from usenetsync_tui.pipeline.index.post_index import post_index


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
        for kills in count(1):
            lives = None if rng is None else rng.randrange(1, 8 + 6 * kills)
            try:
                assert await self.erase_once(job, lives) == forget.Undone()
                break
            except* KilledError:
                await self.assert_consistent()
            assert kills < 100
        async with self.world.catalogue.transaction() as tx:
            await jobs.set_state(tx, job, JobState.COMPLETED, "")
            return await freed.of_job(tx, job)

    async def erase_once(self, job: int, lives: int | None = None) -> forget.Undone:
        """Erase what is forgotten; returns what is left. `lives`: transactions before a kill."""
        run = await self.world.run_of(await self.world.folder(), job)
        mortal = Mortal(self.world.catalogue.pool)
        mortal.lives = 10_000 if lives is None else lives
        run = replace(run, catalogue=mortal, limits=replace(run.limits, batch_size=5))
        tell = partial(post_index, run, await self.indexed.realm(), renews=True)
        return await forget.forget(run, tell)

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
        await self.assert_readable()

    async def assert_readable(self) -> None:
        """The same, whatever else is in the shards."""
        folder = await self.world.folder()
        async with self.world.catalogue.transaction() as tx:
            there = [s.version for s in await snapshots.finished(tx, folder.id)]
        assert there == sorted(self.copies)
        newest = (await newest_root(self.world.store, KEYS)).root
        assert [line.version for line in (*newest.older, newest.current)] == there
        names = {KEYS.root_name(version) for version in there}
        assert (await self.world.store.present(names)).there == names, "versions are found by them"
        for version, copy in self.copies.items():
            await self.world.assert_restores(version, copy)
            root = None
            if version < newest.runs[0].version:
                own = await fetch_root(self.world.store, KEYS, version)
                later = [each for each in there if each > version]
                last = await last_of_base(self.world.store, KEYS, own, later)
                root = last.current.version
            await self.indexed.assert_reads(version, copy, root)
