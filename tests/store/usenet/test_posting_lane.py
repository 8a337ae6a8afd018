"""A lane posts many articles on one connection, and gives it back when it must."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import POSTS, article, configured, name, opened, wire_id

from usenetsync_tui.errors import ArticleCollisionError, StoreError
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.model.servers.servers import ServerState
from usenetsync_tui.store.usenet.store import UsenetStore


class Listed:
    """A source of listed articles, and what came of each."""

    def __init__(self, *articles: Article) -> None:
        self.waiting = deque(articles)
        self.held: Article | None = None
        self.answers: dict[bytes, Receipt | Exception] = {}
        self.order: list[bytes] = []
        self.before: Callable[[Article], None] | None = None
        self._lock = threading.Lock()

    def next(
        self, wanted: Callable[[Article], bool] | None = None, patience: float = 0.0
    ) -> Article | None:
        assert self.held is None, "an article without an answer"
        with self._lock:
            for candidate in self.waiting:
                if wanted is None or wanted(candidate):
                    self.waiting.remove(candidate)
                    self.held = candidate
                    break
        if self.held is not None and self.before is not None:
            self.before(self.held)
        return self.held

    def done(self, answer: Receipt | Exception) -> None:
        assert self.held is not None
        self.order.append(self.held.message_id)
        self.answers[self.held.message_id] = answer
        self.held = None

    @property
    def errors(self) -> list[Exception]:
        return [a for a in self.answers.values() if isinstance(a, Exception)]


async def drained(store: UsenetStore, source: Listed) -> None:
    """As the pipeline does: again and again, while there is something."""
    while source.waiting:
        await store.post_from(source)


@pytest.mark.anyio
async def test_many_articles_cross_the_event_loop_once(crossings: list[int]) -> None:
    with ScriptedServer() as server:
        source = Listed(*(article(n) for n in range(60)))
        async with opened(configured(server)) as store:
            await store.post_from(source)
    assert not source.errors and not source.waiting
    assert [a.wire_size > 20_000 for a in source.answers.values() if isinstance(a, Receipt)]
    assert server.posted == [wire_id(n) for n in range(60)]
    # One burst; more only if it took longer than a lease may.
    assert len(crossings) <= 3


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("article", reply="441 posting failed", times=3), StoreError),
        (Fault("article", reply="441 try again later"), None),
        (Fault.drop_after_body(keep=True), None),
        (Fault.drop_after_body(keep=False), None),
        (Fault.drop_before_340(), None),
        (Fault.drop_in_body(), None),
        (Fault.duplicate(keep=False), ArticleCollisionError),
        (Fault.other_id("another@id"), None),
        (Fault("POST", reply="400 bye", close=True), None),
    ],
    ids=[
        "refused",
        "refused once",
        "kept",
        "lost",
        "before",
        "in-body",
        "collision",
        "adopted",
        "400",
    ],
)
@pytest.mark.parametrize("at", [0, 7])
async def test_only_the_article_with_the_odd_answer_is_concerned(
    fault: Fault, error: type[Exception] | None, at: int
) -> None:
    with ScriptedServer() as server:
        source = Listed(*(article(n) for n in range(15)))

        def strike(one: Article) -> None:
            if one.message_id == name(at):
                server.script(fault)

        source.before = strike
        async with opened(configured(server)) as store:
            await drained(store, source)
    assert source.order == [name(n) for n in range(15)], "each was answered once, in order"
    assert [type(e) for e in source.errors] == ([] if error is None else [error])
    if error is not None:
        assert isinstance(source.answers[name(at)], error)
    there = set(server.posted)
    kept = {wire_id(n) for n in range(15)} - ({wire_id(at)} if error else set())
    assert kept <= there | {"another@id"} | ({wire_id(at)} if "another@id" in there else set())
    assert len(server.posted) == len(there), "nothing was posted twice"


@pytest.mark.anyio
async def test_a_paused_server_keeps_no_lane() -> None:
    with ScriptedServer() as server, ScriptedServer() as other:
        servers = (
            configured(server, roles=POSTS),
            configured(other, name="two", roles=POSTS, priority=1),
        )
        source = Listed(*(article(n) for n in range(40)))
        async with opened(*servers) as store:
            pool = store.pool  # type: ignore[attr-defined]

            def pause(one: Article) -> None:
                if one.message_id == name(10):
                    pool.roster.entry("one").held = True

            source.before = pause
            await drained(store, source)
    assert not source.errors
    # The article that the lane had taken already still goes out on its connection.
    assert server.posted == [wire_id(n) for n in range(11)]
    assert other.posted == [wire_id(n) for n in range(11, 40)]


@pytest.mark.anyio
async def test_a_better_server_that_is_well_again_gets_the_articles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("usenetsync_tui.store.usenet.pool.lease._LONGEST", 0.05)
    with ScriptedServer() as server, ScriptedServer() as other:
        servers = (
            configured(server, roles=POSTS),
            configured(other, name="two", roles=POSTS, priority=1),
        )
        source = Listed(*(article(n) for n in range(2_000)))
        server.script(Fault("POST", reply="400 maintenance", close=True, times=3))
        async with opened(*servers) as store:
            health = store.pool.roster.entry("one").health  # type: ignore[attr-defined]
            health._back_off(ServerState.DOWN, "down", store.pool.now())  # type: ignore[attr-defined]
            await drained(store, source)
    assert not source.errors
    assert other.posted and server.posted, "first the second best one, then the best one"
    assert sorted(server.posted + other.posted) == sorted(wire_id(n) for n in range(2_000))


@pytest.mark.anyio
async def test_a_lane_gives_its_connection_to_a_task_that_waits() -> None:
    """Two runs share one connection: neither waits for the end of the other."""
    with ScriptedServer() as server:
        server.latency = 0.002
        mine, theirs = (Listed(*(article(n + k) for n in range(60))) for k in (0, 1000))
        async with opened(configured(server, connections=1, roles=POSTS)) as store:
            async with anyio.create_task_group() as group:
                group.start_soon(drained, store, mine)
                group.start_soon(drained, store, theirs)
    assert not mine.errors and not theirs.errors
    first = [int(i in {wire_id(n) for n in range(60)}) for i in server.posted]
    turns = sum(a != b for a, b in itertools.pairwise(first))
    assert turns >= 2, "they took turns"


@pytest.mark.anyio
async def test_copies_go_to_different_servers_in_bursts_too(crossings: list[int]) -> None:
    with ScriptedServer() as server, ScriptedServer() as other:
        servers = (configured(server, roles=POSTS), configured(other, name="two", roles=POSTS))
        copies = [article(n, spread=n // 2, redundancy=n % 2) for n in range(40)]
        source = Listed(*copies)
        async with opened(*servers) as store:
            await drained(store, source)
    assert not source.errors
    for n in range(0, 40, 2):
        places = [{wire_id(n + k)} <= set(server.posted) for k in (0, 1)]
        assert places in ([True, False], [False, True]), "one copy each"
    assert len(crossings) <= 12
