"""check: asks the store for posted articles, and posts missing ones again."""

from __future__ import annotations

from collections.abc import Collection

import anyio
import pytest
from anyio import to_thread
from trees import content
from worlds import FaultyStore, World, until

from usenetsync_tui.disk.wall_clock import WallClock
from usenetsync_tui.errors import StoreUnavailableError
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports.stores import Presence
from usenetsync_tui.model.segments import Article, Receipt, SegmentStatus
from usenetsync_tui.pipeline.upload.upload import upload
from usenetsync_tui.pipeline.verify.check import Repaired, repair


class HidingStore(FaultyStore):
    """Acknowledges everything; it never returns the articles with some Message-IDs."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: set[bytes] = set()
        self.hide_next = 0
        self.odd: dict[bytes, str] = {}
        """Message-IDs about which it gives an unclear answer, and that answer."""
        self.looks = 0
        self.answers = True

    async def post(self, article: Article) -> Receipt:
        if self.hide_next > 0 and article.message_id not in self.posts:
            self.hide_next -= 1
            self.hidden.add(article.message_id)
        await super().post(article)
        return Receipt("first", 1000)

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        self.looks += 1
        if not self.answers:
            raise StoreUnavailableError("no answer")
        unknown = {m: self.odd[m] for m in message_ids if m in self.odd}
        found = await super().present(message_ids)
        return Presence(found.there - self.hidden - unknown.keys(), unknown)


@pytest.fixture
def hiding(world: World) -> HidingStore:
    store = HidingStore()
    world.store = store
    world.checks = (0.0, 0.0)
    for number in range(3):
        (world.root / f"file {number}").write_bytes(content(60_000, number))
    return store


def statuses(world: World) -> list[tuple[object, ...]]:
    return world.query("SELECT status, count(*) FROM segments GROUP BY 1 ORDER BY 1")


@pytest.mark.anyio
async def test_present_articles_are_verified(world: World, hiding: HidingStore) -> None:
    await world.completed()
    assert statuses(world) == [(SegmentStatus.VERIFIED, 3)]
    assert world.run is not None
    assert world.run.progress.verified == 3
    rows = world.query("SELECT DISTINCT server, wire_size, check_at FROM segments")
    assert rows == [("first", 1000, None)]


@pytest.mark.anyio
async def test_without_a_schedule_nothing_is_checked(world: World, hiding: HidingStore) -> None:
    world.checks = ()
    await world.completed()
    assert statuses(world) == [(SegmentStatus.POSTED, 3)]
    assert hiding.looks == 0


@pytest.mark.anyio
async def test_a_late_article_is_checked_again(world: World, hiding: HidingStore) -> None:
    world.checks = (0.0, 0.5)
    hiding.hide_next = 1

    async def show_later() -> None:
        await until(lambda: hiding.looks > 0)
        hiding.hidden.clear()

    async with anyio.create_task_group() as group:
        group.start_soon(show_later)
        await world.completed()
    assert statuses(world) == [(SegmentStatus.VERIFIED, 3)]
    assert len(hiding.posts) == 3, "nothing was posted again"


@pytest.mark.anyio
async def test_a_lost_article_is_posted_again_under_its_own_id(
    world: World, hiding: HidingStore
) -> None:
    def lose(article: Article) -> None:
        if hiding.posts.count(article.message_id) == 1 and len(hiding.posts) == 2:
            del hiding.articles[article.message_id]

    hiding.after = lose
    await world.completed()
    assert statuses(world) == [(SegmentStatus.VERIFIED, 3)]
    assert len(hiding.posts) == 4
    assert len(set(hiding.posts)) == 3
    assert world.query("SELECT count(*) FROM aliases") == [(0,)]
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
async def test_a_poisoned_id_is_left_for_a_new_one(world: World, hiding: HidingStore) -> None:
    hiding.hide_next = 1
    await world.completed()
    (poisoned,) = hiding.hidden
    assert statuses(world) == [(SegmentStatus.VERIFIED, 3)]
    assert hiding.posts.count(poisoned) == 2
    assert len(set(hiding.posts)) == 4
    ((name, old, adopted),) = world.query("SELECT message_id, wire_id, adopted FROM aliases")
    assert old == poisoned.hex()
    assert name in set(hiding.posts) - {poisoned}
    assert adopted is False
    gone = world.query("SELECT FROM segments WHERE message_id = %s", poisoned)
    assert gone == []
    del hiding.articles[poisoned]
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
@pytest.mark.parametrize(("reposts", "times"), [(0, "once"), (1, "2 times"), (4, "5 times")])
async def test_how_often_it_is_posted_again_is_a_setting(
    world: World, hiding: HidingStore, reposts: int, times: str
) -> None:
    world.reposts = reposts
    hiding.hide_next = 1000
    assert (await world.upload()).state is JobState.INCOMPLETE
    assert len(hiding.posts) == 3 * (reposts + 1)
    notices = await world.notices()
    assert all(f"posted {times}, but never found" in n.reason for n in notices)


@pytest.mark.anyio
async def test_an_article_that_stays_missing_is_reported(world: World, hiding: HidingStore) -> None:
    hiding.hide_next = 1000
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    assert statuses(world) == [(SegmentStatus.FAILED, 3)]
    notices = await world.notices()
    assert {n.path for n in notices} == {b"file 0", b"file 1", b"file 2"}
    assert all("posted 3 times, but never found" in n.reason for n in notices)
    world.check_ledger()
    hiding.hide_next = 0
    hiding.hidden.clear()
    await world.completed()
    assert statuses(world) == [(SegmentStatus.VERIFIED, 3)]


@pytest.mark.anyio
async def test_no_answer_is_not_missing(world: World, hiding: HidingStore) -> None:
    hiding.answers = False

    async def answer_later() -> None:
        await until(lambda: hiding.looks > 2)
        assert statuses(world) == [(SegmentStatus.POSTED, 3)]
        hiding.answers = True

    async with anyio.create_task_group() as group:
        group.start_soon(answer_later)
        await world.completed()
    assert len(hiding.posts) == 3


@pytest.mark.anyio
async def test_a_drain_ends_the_wait_and_the_next_run_resumes(
    world: World, hiding: HidingStore
) -> None:
    world.checks = (3600.0,)
    run = await world.new_run()

    async def stop() -> None:
        await until(lambda: run.progress.phase == "verify")
        run.drain()

    async with anyio.create_task_group() as group:
        group.start_soon(stop)
        outcome = await upload(run, frozenset())
    assert outcome.state is JobState.QUEUED
    await world.end(run, outcome)
    assert statuses(world) == [(SegmentStatus.POSTED, 3)]
    world.query("UPDATE segments SET check_at = now() RETURNING 1")
    await world.completed()
    assert statuses(world) == [(SegmentStatus.VERIFIED, 3)]
    assert len(hiding.posts) == 3


@pytest.mark.anyio
async def test_a_sweep_posts_missing_articles_again(world: World, hiding: HidingStore) -> None:
    await world.completed()
    lost = hiding.posts[0]
    del hiding.articles[lost]
    found = await world.verify()
    assert (found.checked, found.missing) == (3, 1)
    assert world.run is not None
    assert await repair(world.run) == Repaired(seen=1)
    assert hiding.posts.count(lost) == 2
    assert statuses(world) == [(SegmentStatus.VERIFIED, 3)]
    assert [s.state.name for s in await world.snapshots()] == ["COMPLETE"]
    assert await repair(world.run) == Repaired()


@pytest.mark.anyio
async def test_one_article_of_many_slices_gets_one_new_name(
    world: World, hiding: HidingStore
) -> None:
    world.small(chunk_size=1024)
    (world.root / "zeros").write_bytes(bytes(200 * 1024))
    hiding.hide_next = 1000

    def hide_the_first_of_zeros(article: Article) -> None:
        hiding.hide_next = 0

    hiding.after = hide_the_first_of_zeros
    await world.completed()
    names = world.query("SELECT DISTINCT message_id FROM segments")
    assert len(hiding.articles) == len(names) + len(hiding.hidden)
    assert len(world.query("SELECT FROM aliases")) == len(hiding.hidden)
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
async def test_the_wait_for_a_store_without_answers_ends(
    world: World, hiding: HidingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usenetsync_tui.pipeline.verify.check._PUT_OFF", 0.01)
    hiding.answers = False
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    assert outcome.message == "version 1, but 3 articles not verified"
    assert [(n.kind, n.reason) for n in await world.notices()] == [
        (
            NoticeKind.UNKNOWN,
            "3 articles posted, but not verified: The store does not answer. no answer",
        )
    ]
    assert [s.state.name for s in await world.snapshots()] == ["COMPLETE"], "all is posted"
    assert statuses(world) == [(SegmentStatus.POSTED, 3)]
    hiding.answers = True
    await world.completed()
    assert statuses(world) == [(SegmentStatus.VERIFIED, 3)]


@pytest.mark.anyio
async def test_a_file_that_changed_before_its_repost_is_read_again(
    world: World, hiding: HidingStore
) -> None:
    def lose_and_change(article: Article) -> None:
        if len(hiding.posts) == 1:
            del hiding.articles[article.message_id]
            for number in range(3):
                (world.root / f"file {number}").write_bytes(content(70_000, 10 + number))

    hiding.after = lose_and_change
    outcome = await world.upload()
    assert outcome.version == 1
    pending = world.query("SELECT FROM files WHERE state <> 1")
    assert pending == []
    hiding.after = None
    await world.completed()
    await world.assert_restores((await world.snapshots())[-1].version, world.root)


@pytest.mark.anyio
async def test_a_given_up_article_gets_a_new_name_next_time(
    world: World, hiding: HidingStore
) -> None:
    hiding.hide_next = 1000
    await world.upload()
    given_up = {m for (m,) in world.query("SELECT message_id FROM segments")}
    assert given_up <= hiding.hidden
    hiding.hide_next = 0
    await world.completed()
    assert not given_up & {m for (m,) in world.query("SELECT message_id FROM segments")}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world with little patience."""
    monkeypatch.setattr("usenetsync_tui.pipeline.verify.check._PUT_OFF", 0.01)


def hidden_first(hiding: HidingStore) -> None:
    """The first posted article is one about which the store gives no clear answer."""
    hiding.after = lambda article: (
        hiding.odd.update({article.message_id: "one: 503 Broken"})
        if len(hiding.posts) == 1
        else None
    )


@pytest.mark.anyio
async def test_an_odd_answer_is_about_one_article_and_a_lost_one_beside_it_is_found_out(
    world: World, hiding: HidingStore, soon: None
) -> None:
    lost: list[bytes] = []

    def go_wrong(article: Article) -> None:
        if len(hiding.posts) == 1:
            hiding.odd[article.message_id] = "one: 503 Broken"
        elif len(hiding.posts) == 2:
            lost.append(article.message_id)
            del hiding.articles[article.message_id]

    hiding.after = go_wrong
    outcome = await world.upload()
    assert (outcome.state, outcome.version) == (JobState.INCOMPLETE, 1)
    assert outcome.message == "version 1, but 1 article not verified"
    (notice,) = await world.notices()
    assert notice.reason == "1 article posted, but not verified: one: 503 Broken"
    assert world.run is not None
    assert world.run.progress.unverified == 1
    assert statuses(world) == [(SegmentStatus.POSTED, 1), (SegmentStatus.VERIFIED, 2)]
    assert hiding.posts.count(lost[0]) == 2, "posted again, and then seen"
    # The catalogue keeps all of that, and clears it once the store answers.
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    hiding.odd.clear()
    await world.completed()
    assert statuses(world) == [(SegmentStatus.VERIFIED, 3)]
    assert len(hiding.posts) == 4


@pytest.mark.anyio
async def test_an_odd_answer_does_not_end_the_wait_for_a_late_article(
    world: World, hiding: HidingStore, soon: None
) -> None:
    world.checks = (0.0, 3.0)
    hidden_first(hiding)
    hiding.hide_next = 3

    async def show_later() -> None:
        await until(lambda: hiding.looks > 6)
        hiding.hidden.clear()

    async with anyio.create_task_group() as group:
        group.start_soon(show_later)
        outcome = await world.upload()
    assert outcome.message == "version 1, but 1 article not verified"
    assert statuses(world) == [(SegmentStatus.POSTED, 1), (SegmentStatus.VERIFIED, 2)]
    assert len(hiding.posts) == 3


@pytest.mark.anyio
async def test_an_odd_answer_for_a_while_is_verified_later(
    world: World, hiding: HidingStore, soon: None
) -> None:
    hidden_first(hiding)

    async def answer_later() -> None:
        await until(lambda: hiding.looks > 3)
        hiding.odd.clear()

    async with anyio.create_task_group() as group:
        group.start_soon(answer_later)
        await world.completed()
    assert statuses(world) == [(SegmentStatus.VERIFIED, 3)]


@pytest.mark.anyio
async def test_acknowledgements_that_are_believed_are_not_unverified(
    world: World, hiding: HidingStore
) -> None:
    world.checks = ()
    hiding.answers = False
    assert (await world.upload()).state is JobState.COMPLETED


@pytest.mark.anyio
@pytest.mark.parametrize("bodies", [False, True])
async def test_a_sweep_counts_what_is_unknown_and_marks_nothing_missing(
    world: World, hiding: HidingStore, bodies: bool
) -> None:
    await world.completed()
    odd, lost = hiding.posts[:2]
    hiding.odd[odd] = "one: 403 Internal fault"
    del hiding.articles[lost]
    found = await world.verify(bodies=bodies)
    assert (found.checked, found.missing, found.damaged) == (3, 1, 0)
    if bodies:  # its bytes prove what no answer says
        assert (found.unknown, found.why_unknown) == (0, "")
    else:
        assert (found.unknown, found.why_unknown) == (1, "one: 403 Internal fault")
    assert statuses(world) == [(SegmentStatus.VERIFIED, 2), (SegmentStatus.MISSING, 1)]


@pytest.mark.anyio
async def test_a_repost_that_is_not_seen_is_no_repair(
    world: World, hiding: HidingStore, soon: None
) -> None:
    await world.completed()
    lost = hiding.posts[0]
    del hiding.articles[lost]
    assert (await world.verify()).missing == 1
    hiding.odd[lost] = "one: 503 Broken"
    assert world.run is not None
    repaired = await repair(world.run)
    assert (repaired.seen, repaired.unverified, repaired.words) == (0, 1, "one: 503 Broken")


@pytest.mark.anyio
async def test_a_repair_is_checked_even_where_acknowledgements_are_believed(
    world: World, hiding: HidingStore
) -> None:
    world.checks = ()
    await world.completed()
    assert hiding.looks == 0
    lost = hiding.posts[0]
    del hiding.articles[lost]
    assert (await world.verify()).missing == 1
    assert world.run is not None
    assert await repair(world.run) == Repaired(seen=1)
    rows = world.query("SELECT status FROM segments WHERE message_id = %s", lost)
    assert rows == [(SegmentStatus.VERIFIED,)]


@pytest.mark.anyio
@pytest.mark.parametrize("late", ["1 day", "1 hour", "10 years"])
async def test_a_clock_that_was_set_back_makes_nothing_wait(
    world: World, hiding: HidingStore, late: str
) -> None:
    world.checks = (0.5, 600.0)
    run = await world.new_run()

    async def stop() -> None:
        await until(lambda: run.progress.phase == "verify")
        run.drain()

    async with anyio.create_task_group() as group:
        group.start_soon(stop)
        outcome = await upload(run, frozenset())
    await world.end(run, outcome)
    moved = "UPDATE segments SET check_at = now() + %s::interval RETURNING 1"
    assert len(world.query(moved, late)) == 3
    with anyio.fail_after(60):
        await world.completed()
    assert statuses(world) == [(SegmentStatus.VERIFIED, 3)]


@pytest.mark.anyio
async def test_a_clock_that_was_set_back_makes_the_next_look_no_later(
    world: World, hiding: HidingStore
) -> None:
    world.checks = (0.0, 0.5)
    hiding.hide_next = 1

    async def set_back_and_show() -> None:
        await until(lambda: hiding.looks > 0)
        # In a thread: the event loop that would wait for the row's lock here may itself hold it.
        # With the ledger's lock: two updates of the same rows may take them in different orders.
        later = "UPDATE segments SET check_at = check_at + interval '1 day' RETURNING 1"
        async with world.catalogue.ledger_lock:
            await to_thread.run_sync(world.query, later)
        hiding.hidden.clear()

    async with anyio.create_task_group() as group:
        group.start_soon(set_back_and_show)
        with anyio.fail_after(60):
            await world.completed()
    assert len(hiding.posts) == 3


def test_the_monotonic_clock_watches_the_wall_clock() -> None:
    clock = WallClock()
    assert clock.set_back(1_000.0, 50.0) == 0.0
    assert clock.set_back(1_010.0, 60.0) == 0.0
    assert clock.set_back(1_019.5, 70.0) == 0.0, "two clocks are never quite the same"
    assert clock.set_back(429.5, 80.0) == pytest.approx(600.0)
    assert clock.set_back(439.5, 90.0) == 0.0, "said once"
    assert clock.set_back(9_000.0, 100.0) == 0.0, "set forward: all is due a little early"
