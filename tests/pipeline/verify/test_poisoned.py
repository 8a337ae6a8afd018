"""An article whose bytes could not be fetched is poisoned: a new name, proved by its bytes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest
from trees import compare_trees, content
from worlds import FaultyStore, World

from usenetsync_tui.errors import ArticleCorruptError, ArticleMissingError, StoreUnavailableError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports.stores import Opener, Presence
from usenetsync_tui.model.segments import Article, Receipt, SegmentStatus
from usenetsync_tui.pipeline.upload.upload import upload
from usenetsync_tui.pipeline.verify.check import Repaired, repair
from usenetsync_tui.pipeline.verify.verify import verify


class LyingStore(FaultyStore):
    """Answers that it has every article it ever took; it does not return the bytes of some."""

    def __init__(self) -> None:
        super().__init__()
        self.bodiless: set[bytes] = set()
        self.silent: set[bytes] = set()
        """Articles whose bytes it does not return now, without a reason."""
        self.keeps_nothing = False
        self.asked: set[bytes] = set()
        self.sent: list[Article] = []

    async def post(self, article: Article) -> Receipt:
        self.sent.append(article)
        if self.keeps_nothing:
            self.bodiless.add(article.message_id)
        return await super().post(article)

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        self.asked |= set(message_ids)
        return await super().present(message_ids)

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        if message_id in self.silent:
            raise StoreUnavailableError("one: 503 Broken")
        if message_id in self.bodiless:
            raise ArticleMissingError(message_id.hex())
        return await super().fetch(message_id, wait=wait, opened=opened)


@pytest.fixture
def lying(world: World, monkeypatch: pytest.MonkeyPatch) -> LyingStore:
    monkeypatch.setattr("usenetsync_tui.pipeline.verify.check._PUT_OFF", 0.01)
    monkeypatch.setattr("usenetsync_tui.pipeline.verify.check._AFTER_REPAIR", (0.0, 0.0))
    store = LyingStore()
    world.store = store
    world.choices = FolderChoices(store=StoreKind.USENET)
    world.checks = (0.0, 0.0)
    for number in range(3):
        (world.root / f"file {number}").write_bytes(content(60_000, number))
    return store


def rows(world: World) -> list[tuple[object, ...]]:
    return world.query("SELECT status, by_body, count(*) FROM segments GROUP BY 1, 2 ORDER BY 1, 2")


def of_path(world: World, path: bytes) -> bytes:
    ((found,),) = world.query(
        "SELECT message_id FROM segments JOIN files USING (object_id) WHERE path_key = %s", path
    )
    assert isinstance(found, bytes)
    return found


def spoil(lying: LyingStore, name: bytes, how: str) -> None:
    if how == "missing":
        lying.bodiless.add(name)
    else:
        lying.articles[name] = b"rubbish" * 100


BOTH = pytest.mark.parametrize("how", ["missing", "damaged"])


async def repaired(world: World) -> Repaired:
    assert world.run is not None
    return await repair(world.run)


@pytest.mark.anyio
@BOTH
@pytest.mark.parametrize("checks", [(), (0.0, 0.0)])
async def test_it_gets_a_new_name_at_once_and_is_proved_by_its_bytes(
    world: World, lying: LyingStore, how: str, checks: tuple[float, ...]
) -> None:
    world.checks = checks
    await world.completed()
    old = of_path(world, b"file 1")
    spoil(lying, old, how)
    assert (await world.verify()).missing == 0, "STAT says that it is there"
    found = await world.verify(bodies=True)
    assert (found.missing, found.damaged) == ((1, 0) if how == "missing" else (0, 1))
    lying.asked.clear()
    lying.posts.clear()
    lying.fetches.clear()
    assert await repaired(world) == Repaired(seen=1)
    new = of_path(world, b"file 1")
    assert lying.posts == [new]
    assert new != old
    assert not lying.asked & {old, new}, "STAT is not believed"
    assert new in lying.fetches
    assert rows(world) == [(SegmentStatus.VERIFIED, False, 3)]
    aliases = world.query("SELECT message_id, wire_id, adopted FROM aliases")
    assert aliases == [(new, old.hex(), False)]
    world.check_ledger()
    assert compare_trees(world.root, await world.restore(1)) == []


@pytest.mark.anyio
@BOTH
async def test_a_repost_that_cannot_be_fetched_is_no_repair(
    world: World, lying: LyingStore, how: str
) -> None:
    await world.completed()
    old = of_path(world, b"file 1")
    spoil(lying, old, how)
    await world.verify(bodies=True)
    lying.keeps_nothing = True
    lying.posts.clear()
    assert await repaired(world) == Repaired(seen=0)
    assert len(lying.posts) == 1
    assert rows(world) == [(SegmentStatus.VERIFIED, False, 2), (SegmentStatus.FAILED, True, 1)]
    world.check_ledger()
    # The next upload tries again, under yet another name, and reports it.
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    (notice,) = await world.notices()
    assert (notice.kind, notice.path) == (NoticeKind.UNPOSTED, b"file 1")
    assert "its bytes cannot be fetched" in notice.reason
    assert len(lying.posts) == len(set(lying.posts)) == 2
    lying.keeps_nothing = False
    await world.completed()
    assert rows(world) == [(SegmentStatus.VERIFIED, False, 3)]
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
async def test_without_an_answer_about_its_bytes_it_stays_unverified(
    world: World, lying: LyingStore
) -> None:
    await world.completed()
    spoil(lying, of_path(world, b"file 1"), "missing")
    await world.verify(bodies=True)

    def silence(article: Article) -> None:
        lying.silent.add(article.message_id)

    lying.after = silence
    assert await repaired(world) == Repaired(0, 1, "The store does not answer. one: 503 Broken")
    assert rows(world) == [(SegmentStatus.POSTED, True, 1), (SegmentStatus.VERIFIED, False, 2)]
    outcome = await world.upload()
    assert outcome.message == "nothing changed since version 1, but 1 article not verified"
    assert outcome.state is JobState.INCOMPLETE
    found = await world.verify()
    assert (found.checked, found.unknown) == (3, 1), "a sweep fetches it too"
    lying.silent.clear()
    assert (await world.verify()).unknown == 0
    assert rows(world) == [(SegmentStatus.VERIFIED, False, 3)]


@pytest.mark.anyio
async def test_killed_before_it_was_sent_it_is_sent_without_asking(
    world: World, lying: LyingStore
) -> None:
    await world.completed()
    old = of_path(world, b"file 1")
    spoil(lying, old, "missing")
    await world.verify(bodies=True)
    lying.sent.clear()
    lying.asked.clear()
    # The state after a run that was killed when the new name was on disk.
    new = bytes(range(16))
    world.query(
        "UPDATE segments SET status = 1, reposts = 2, message_id = %s WHERE message_id = %s"
        " RETURNING 1", new, old,
    )  # fmt: skip
    await world.completed()
    (sent,) = lying.sent
    assert (sent.message_id, sent.again, sent.by_body) == (new, True, True)
    assert not lying.asked & {old, new}
    assert rows(world) == [(SegmentStatus.VERIFIED, False, 3)]


@pytest.mark.anyio
@BOTH
async def test_the_next_upload_repairs_articles_a_restore_did_not_get(
    world: World, lying: LyingStore, how: str
) -> None:
    await world.completed()
    old = of_path(world, b"file 1")
    spoil(lying, old, how)
    await world.restore(1)
    kind = NoticeKind.MISSING if how == "missing" else NoticeKind.DAMAGED
    assert [(n.kind, n.path) for n in await world.notices()] == [(kind, b"file 1")]
    assert rows(world) == [(SegmentStatus.VERIFIED, False, 2), (SegmentStatus.MISSING, True, 1)]
    assert [s.state.name for s in await world.snapshots()] == ["INCOMPLETE"]
    world.check_ledger()
    lying.posts.clear()
    await world.completed()
    assert lying.posts == [of_path(world, b"file 1")]
    assert lying.posts != [old]
    assert [s.state.name for s in await world.snapshots()] == ["COMPLETE"]
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
@BOTH
async def test_a_restore_that_had_a_further_copy_writes_down_the_first(
    world: World, lying: LyingStore, how: str
) -> None:
    world.choices = replace(world.choices, copies=2)
    await world.completed()
    first = [m for m, r in world.query("SELECT message_id, redundancy FROM segments") if r == 0]
    for name in first[:2]:
        assert isinstance(name, bytes)
        spoil(lying, name, how)
    await world.assert_restores(1, world.root)
    assert rows(world) == [(SegmentStatus.VERIFIED, False, 4), (SegmentStatus.MISSING, True, 2)]
    await world.completed()
    assert rows(world) == [(SegmentStatus.VERIFIED, False, 6)]


@pytest.mark.anyio
async def test_a_restore_does_not_judge_unanswered_or_late_articles(
    world: World, lying: LyingStore
) -> None:
    await world.completed()
    lying.silent.add(of_path(world, b"file 0"))
    fresh = of_path(world, b"file 1")
    world.query(
        "UPDATE segments SET status = 2, check_at = now() WHERE message_id = %s RETURNING 1", fresh
    )
    lying.bodiless.add(fresh)
    await world.restore(1)
    assert len(await world.notices()) == 2
    assert rows(world) == [(SegmentStatus.POSTED, False, 1), (SegmentStatus.VERIFIED, False, 2)]


@pytest.mark.anyio
async def test_a_file_with_the_same_content_does_not_get_the_poisoned_name(
    world: World, lying: LyingStore
) -> None:
    await world.completed()
    old = of_path(world, b"file 1")
    lying.bodiless.add(old)
    # The article is given up and settle does not meet it: the planner does.
    world.query(
        "UPDATE segments SET status = 5, by_body = true WHERE message_id = %s RETURNING 1", old
    )
    (world.root / "other").write_bytes(content(60_000, 1))
    lying.posts.clear()
    lying.sent.clear()
    lying.asked.clear()
    assert (await world.upload()).version == 2
    new = of_path(world, b"other")
    assert new != old
    assert lying.posts == [new]
    assert lying.sent[0].by_body
    assert new not in lying.asked
    assert world.query("SELECT DISTINCT status, by_body FROM segments") == [
        (SegmentStatus.VERIFIED, False)
    ]


@pytest.mark.anyio
async def test_in_shards_a_damaged_article_is_repaired_under_its_name(
    world: World, lying: LyingStore
) -> None:
    world.choices = FolderChoices(store=StoreKind.MEMORY)
    world.checks = ()
    await world.completed()
    name = of_path(world, b"file 1")
    spoil(lying, name, "damaged")
    assert (await world.verify(bodies=True)).damaged == 1
    lying.posts.clear()
    lying.fetches.clear()
    assert await repaired(world) == Repaired(seen=1)
    assert lying.posts == [name]
    assert lying.fetches == [name]


@pytest.mark.anyio
async def test_a_drain_in_the_middle_of_a_sweep_judges_nothing_it_did_not_see(
    world: World, lying: LyingStore
) -> None:
    world.limits = replace(world.limits, max_workers=1)
    await world.completed()
    world.query("UPDATE segments SET status = 2 RETURNING 1")
    run = await world.new_run()
    fetch = lying.fetch

    async def one_only(message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        run.drain()
        return await fetch(message_id, wait=wait, opened=opened)

    lying.fetch = one_only  # type: ignore[method-assign]
    found = await verify(run, bodies=True)
    assert (found.missing, found.damaged, found.unknown) == (0, 0, 0)
    assert rows(world) == [(SegmentStatus.POSTED, False, 2), (SegmentStatus.VERIFIED, False, 1)]


@pytest.mark.anyio
async def test_unknown_articles_of_a_killed_run_are_sent_again_under_their_own_names(
    world: World, lying: LyingStore
) -> None:
    class Mute(LyingStore):
        async def present(self, message_ids: Collection[bytes]) -> Presence:
            return Presence(unknown=dict.fromkeys(message_ids, "one: 503 Broken"))

    world.checks = ()
    await world.completed()
    names = {m for (m,) in world.query("SELECT message_id FROM segments")}
    world.query("UPDATE segments SET status = 1 RETURNING 1")
    world.query("UPDATE objects SET posted = 0, complete = false RETURNING 1")
    mute = Mute()
    mute.articles = lying.articles
    world.store = mute
    (world.root / "file 1").write_bytes(content(60_000, 9))
    await world.upload()
    # An article that may exist and cannot be made again is left for a run that can find out.
    old = [a.message_id for a in mute.sent if a.message_id in names]
    assert len(old) == 2
    left = world.query("SELECT message_id FROM segments WHERE status = 1")
    assert {m for (m,) in left} == names - set(old)
    world.store = lying
    assert (await world.upload()).state is JobState.COMPLETED
    assert world.query("SELECT count(*) FROM segments WHERE status NOT IN (2, 3)") == [(0,)]
    assert [s.state.name for s in await world.snapshots()] == ["COMPLETE"] * 2


@pytest.mark.anyio
async def test_a_damaged_answer_of_one_place_is_not_the_end_of_the_upload(
    world: World, lying: LyingStore
) -> None:
    """A body that exists but is damaged, found by the check after a repost."""
    await world.completed()
    spoil(lying, of_path(world, b"file 1"), "damaged")
    await world.verify(bodies=True)

    async def damage(message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        raise ArticleCorruptError("it cannot be decoded")

    lying.fetch = damage  # type: ignore[method-assign]
    run = await world.new_run()
    outcome = await upload(run, frozenset())
    assert outcome.state is JobState.INCOMPLETE
    assert rows(world) == [(SegmentStatus.VERIFIED, False, 2), (SegmentStatus.FAILED, True, 1)]
