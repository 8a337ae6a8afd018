"""An interrupted sweep continues where it was, and reports what all of it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

import anyio
import pytest
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.outcomes import Verified
from usenetsync_tui.model.ports.stores import Opener, Presence
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.verify.verify import finished, verify

FILES, SIZE, PAGE = 40, 50_001, 4
"""Files larger than a pack takes: each is an object of its own, with one article."""
UNDER_WAY = 2


class AskedStore(FaultyStore):
    """Counts how often it is asked for each article, and calls a hook before each answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[bytes] = Counter()
        self.odd: set[bytes] = set()
        """Articles about which it gives no clear answer."""
        self.hook: Callable[[], None] = lambda: None

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        self.asked.update(message_ids)
        self.hook()
        found = await super().present(message_ids)
        unknown = {m: "one: 503 Broken" for m in message_ids if m in self.odd}
        return Presence(found.there - unknown.keys(), unknown)

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        self.hook()
        return await super().fetch(message_id, wait=wait, opened=opened)


@pytest.fixture
async def asked(world: World, monkeypatch: pytest.MonkeyPatch) -> AskedStore:
    monkeypatch.setattr("usenetsync_tui.pipeline.verify.verify._MOST_PAGES", UNDER_WAY)
    monkeypatch.setattr("usenetsync_tui.pipeline.verify.verify._PAGES_OF_BODIES", UNDER_WAY)
    store = AskedStore()
    world.store = store
    world.small(batch_size=PAGE, max_workers=2)
    for number in range(FILES):
        (world.root / f"{number:02}").write_bytes(content(SIZE, number))
    await world.completed()
    store.asked.clear()
    return store


async def new_job(world: World) -> JobRun:
    """The run of a new job, as each command makes one."""
    folder = await world.folder()
    async with world.catalogue.transaction() as tx:
        job = await jobs.add(tx, folder.id, Verb.VERIFY, folder.priority)
    world.run = await world.run_of(folder, job)
    return world.run


async def swept(world: World, *, bodies: bool) -> Verified:
    """A whole verify, by a job of its own."""
    run = await new_job(world)
    found = await verify(run, bodies=bodies)
    await finished(run, bodies=bodies)
    return found


def in_order(world: World) -> list[bytes]:
    """The articles in the order of a sweep."""
    rows = world.query("SELECT message_id FROM segments ORDER BY object_id")
    return [name for (name,) in rows if isinstance(name, bytes)]


async def interrupted(
    world: World, asked: AskedStore, after: int, how: str, *, bodies: bool, run: JobRun
) -> None:
    """Sweep until the store was called `after` times, then drain, be killed, or lose the store.

    What a kill leaves is what is committed: a cancelled task commits nothing more either.
    """
    calls = 0
    with anyio.CancelScope() as scope:

        def interrupt() -> None:
            nonlocal calls
            calls += 1
            if calls == after:
                run.drain() if how == "drained" else scope.cancel()

        asked.hook = interrupt
        await verify(run, bodies=bodies)
    asked.hook = lambda: None
    assert calls >= after


def figures(found: Verified) -> tuple[int, int, int, int]:
    return found.checked, found.missing, found.damaged, found.unknown


@pytest.mark.anyio
@pytest.mark.parametrize("bodies", [False, True])
@pytest.mark.parametrize("how", ["drained", "killed"])
async def test_it_continues_where_it_was_and_counts_all(
    world: World, asked: AskedStore, how: str, bodies: bool
) -> None:
    names = in_order(world)
    lost, damaged = [names[1], names[17], names[38]], [names[2], names[30]] if bodies else []
    for name in lost:
        del asked.articles[name]
    for name in damaged:
        asked.articles[name] = b"rubbish"
    if not bodies:
        asked.odd |= {names[3], names[35]}
    done = [0]
    for after in (2, 25, 11) if bodies else (1, 4, 2):
        run = await new_job(world)
        await interrupted(world, asked, after, how, bodies=bodies, run=run)
        done.append(run.progress.done_bytes)
    assert done == sorted(done)
    assert 0 < done[-1] < FILES * SIZE
    run = await new_job(world)
    found = await verify(run, bodies=bodies)
    assert found.continued_from is not None
    unknown = len(asked.odd)
    assert figures(found) == (FILES, len(lost), len(damaged), unknown)
    # A kill costs at most the pages under way: they are asked for again.
    most = (UNDER_WAY + 1) * PAGE
    again = sum(asked.asked.values()) - FILES
    assert again <= 3 * most
    # All that was found is reported by the job that ended the sweep, once.
    kinds = {names.index(n): NoticeKind.MISSING for n in lost}
    kinds |= {names.index(n): NoticeKind.DAMAGED for n in damaged}
    paths = world.query("SELECT path_key FROM files WHERE object_id IS NOT NULL ORDER BY object_id")
    assert sorted((n.path, n.kind) for n in await world.notices()) == sorted(
        (paths[index][0], kind) for index, kind in kinds.items()
    )
    p = run.progress
    assert (p.errors, p.notices) == (len(kinds), len(kinds))
    assert (p.done_files, p.done_bytes) == (p.total_files, p.total_bytes) == (FILES, FILES * SIZE)
    assert p.earlier_bytes >= done[-1], "the rate is that of this run"
    world.check_ledger()
    # The next one starts from the beginning: it knows what is lost, and asks for the rest.
    await finished(run, bodies=bodies)
    asked.asked.clear()
    found = await swept(world, bodies=bodies)
    assert found.continued_from is None
    assert figures(found) == (FILES, len(lost), len(damaged), unknown)
    assert sum(asked.asked.values()) == FILES - len(kinds)


@pytest.mark.anyio
async def test_sweeps_of_other_scope_have_positions_of_their_own(
    world: World, asked: AskedStore
) -> None:
    del asked.articles[in_order(world)[0]]
    first = await new_job(world)
    await interrupted(world, asked, 6, "drained", bodies=False, run=first)
    before = await world.notices()
    assert len(before) == 1
    # Every article is fetched, though the other sweep is far ahead; what is lost is known.
    found = await swept(world, bodies=True)
    assert (found.continued_from, found.checked, found.missing) == (None, FILES, 1)
    asked.asked.clear()
    # The same job goes on, as one of the queue does: its notices stay, other sweeps' do not come.
    run = await world.run_of(first.folder, first.job_id)
    world.run = run
    found = await verify(run, bodies=False)
    assert found.continued_from is not None
    assert (found.checked, found.missing) == (FILES, 1)
    assert await world.notices() == before
    assert sum(asked.asked.values()) < FILES - 6


@pytest.mark.anyio
async def test_what_was_uploaded_meanwhile_is_checked_too(world: World, asked: AskedStore) -> None:
    await interrupted(world, asked, 4, "drained", bodies=False, run=await new_job(world))
    (world.root / "new").write_bytes(content(SIZE, 99))
    await world.completed()
    run = await new_job(world)
    assert figures(await verify(run, bodies=False)) == (FILES + 1, 0, 0, 0)
    p = run.progress
    assert (p.done_files, p.done_bytes) == (FILES + 1, (FILES + 1) * SIZE)


@pytest.mark.anyio
async def test_a_sample_is_another_part_each_time_until_all_were_fetched(
    world: World, asked: AskedStore
) -> None:
    fetched: list[set[bytes]] = []
    for turn in range(4):
        run = await new_job(world)
        asked.fetches.clear()
        if turn == 1:  # an interruption does not cost the part
            await interrupted(world, asked, 1, "drained", bodies=True, run=run)
            run = await new_job(world)
        found = await verify(run, bodies=True, sample=3)
        assert (found.sample, found.part) == (3, turn % 3)
        await finished(run, bodies=True, sample=3)
        fetched.append(set(asked.fetches))
        assert found.checked == len(fetched[-1])
    assert fetched[3] == fetched[0]
    parts = Counter(name for part in fetched[:3] for name in part)
    assert parts == Counter(in_order(world))
