"""One contract for all stores: `model.ports.stores.Store`."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncIterator, Callable

import anyio
import pytest
from scripted_server import ScriptedServer
from trees import SEGMENT, content
from usenet_ground import configured, opened
from wants import ListedWants

from usenetsync_tui.errors import ArticleCorruptError, ArticleMissingError, StoreError
from usenetsync_tui.model.ports.stores import Presence, Store, WantedArticle
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.postgres.pool import Pool
from usenetsync_tui.store.memory import MemoryStore
from usenetsync_tui.store.out_of_reach import OutOfReach
from usenetsync_tui.store.retrying import RetryingStore
from usenetsync_tui.store.shards import ShardsStore
from usenetsync_tui.store.usenet.store import UsenetStore

MAKERS: dict[str, Callable[[Pool], Store]] = {
    "memory": lambda pool: MemoryStore(),
    "shards": ShardsStore,
    "retrying memory": lambda pool: RetryingStore(MemoryStore()),
    "retrying shards": lambda pool: RetryingStore(ShardsStore(pool)),
}


@pytest.fixture(params=[*MAKERS, "usenet"])
async def store(request: pytest.FixtureRequest, pool: Pool) -> AsyncIterator[Store]:
    if request.param in MAKERS:
        yield MAKERS[request.param](pool)
        return
    with ScriptedServer() as server:
        async with opened(configured(server)) as usenet:
            yield usenet


def name(number: int) -> bytes:
    return number.to_bytes(16, "big")


@pytest.mark.anyio
@pytest.mark.parametrize("size", [0, 1, 50_000, SEGMENT])
async def test_a_posted_article_is_fetched(store: Store, size: int) -> None:
    payload = content(size)
    await store.post(Article(name(1), payload))
    fetched = await store.fetch(name(1))
    assert fetched == payload
    assert isinstance(fetched, bytes)


@pytest.mark.anyio
async def test_every_byte_comes_back(store: Store) -> None:
    payload = bytes(range(256)) * 3 + b"\\x00\\'%s\x00"
    await store.post(Article(bytes(range(240, 256)), payload))
    assert await store.fetch(bytes(range(240, 256))) == payload


@pytest.mark.anyio
async def test_the_same_article_twice_is_posted(store: Store) -> None:
    for _ in range(2):
        await store.post(Article(name(1), b"payload"))
    assert await store.fetch(name(1)) == b"payload"
    assert await store.present([name(1)]) == Presence({name(1)})


@pytest.mark.anyio
async def test_posting_again_repairs_a_damaged_article(store: Store) -> None:
    if isinstance(store, UsenetStore):
        pytest.skip("a news server takes a Message-ID once: a repaired article gets another one")
    await store.post(Article(name(1), b"damaged"))
    await store.post(Article(name(1), b"whole"))
    assert await store.fetch(name(1)) == b"whole"


@pytest.mark.anyio
async def test_present_returns_the_articles_it_has(store: Store) -> None:
    assert await store.present([]) == Presence(set())
    assert await store.present([name(1)]) == Presence(set())
    for number in range(20):
        await store.post(Article(name(number), b"x"))
    wanted = {name(n) for n in range(10, 30)}
    assert await store.present(wanted) == Presence({name(n) for n in range(10, 20)})
    assert await store.present([name(3), name(3)]) == Presence({name(3)})
    many = tuple(name(n) for n in range(2_000))
    assert await store.present(many) == Presence({name(n) for n in range(20)})


@pytest.mark.anyio
async def test_fetching_a_missing_article(store: Store) -> None:
    with pytest.raises(ArticleMissingError, match=name(7).hex()):
        await store.fetch(name(7))


@pytest.mark.anyio
async def test_a_fetched_payload_is_opened_and_may_be_refused(store: Store) -> None:
    await store.post(Article(name(1), b"payload"))
    assert await store.fetch(name(1), opened=lambda payload: payload[::-1]) == b"daolyap"

    def refuse(payload: bytes) -> bytes:
        raise ArticleCorruptError("not what was posted")

    with pytest.raises(ArticleCorruptError, match="not what was posted"):
        await store.fetch(name(1), opened=refuse)
    assert await store.present([name(1)]) == Presence({name(1)})


@pytest.mark.anyio
async def test_an_unreachable_store_gives_no_answer() -> None:
    store = OutOfReach("There is no server.")
    found = await store.present([name(1), name(2)])
    assert found == Presence(set(), dict.fromkeys([name(1), name(2)], "There is no server."))
    with pytest.raises(StoreError, match=r"^There is no server\.$"):
        await store.fetch(name(1))


@pytest.mark.anyio
async def test_many_at_once(store: Store) -> None:
    articles = [Article(name(n), content(10_000, n)) for n in range(100)]
    async with anyio.create_task_group() as group:
        for article in articles:
            group.start_soon(store.post, article)
            group.start_soon(store.post, article)
    fetched: dict[bytes, bytes] = {}

    async def fetch(message_id: bytes) -> None:
        fetched[message_id] = await store.fetch(message_id)

    async with anyio.create_task_group() as group:
        for article in articles:
            group.start_soon(fetch, article.message_id)
    assert fetched == {a.message_id: a.payload for a in articles}


@pytest.mark.anyio
async def test_lanes_fetch_what_a_source_wants(store: Store) -> None:
    """Each article gets one result, or one error, of its own; bytes never on the event loop."""
    for number in range(40):
        await store.post(Article(name(number), content(10_000, number)))

    def refuse(payload: bytes) -> bytes:
        raise ArticleCorruptError("not what was posted")

    # Of the numbers from 40 on there is no article; every seventh is not what was posted.
    wanted = {n: refuse if n % 7 == 0 else bytes for n in range(50)}
    articles = deque(WantedArticle(name(n), opened) for n, opened in wanted.items())
    sources = [ListedWants(articles) for _ in range(3)]
    async with anyio.create_task_group() as group:
        for source in sources:
            group.start_soon(store.fetch_from, source)
    results = [pair for source in sources for pair in source.results]
    assert sorted(m for m, _ in results) == [name(n) for n in range(50)]
    for message_id, result in results:
        number = int.from_bytes(message_id, "big")
        if number >= 40:
            assert isinstance(result, ArticleMissingError), number
        elif number % 7 == 0:
            assert isinstance(result, ArticleCorruptError), number
        else:
            assert result == content(10_000, number)
    assert threading.get_ident() not in {thread for s in sources for thread in s.threads}


@pytest.mark.anyio
async def test_shards_spread_over_16_tables(pool: Pool) -> None:
    store = ShardsStore(pool)
    for number in range(400):
        await store.post(Article((number * 0x9E3779B97F4A7C15).to_bytes(16, "big"), b"x"))
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT tableoid::regclass::text, count(*) FROM articles GROUP BY 1"
        )
        counts = dict(await rows.fetchall())
    assert len(counts) == 16
    assert min(counts.values()) > 5


@pytest.mark.anyio
async def test_a_cancelled_lane_of_shards_takes_no_more_articles(pool: Pool) -> None:
    class Endless:
        def __init__(self) -> None:
            self.taken = self.answered = 0

        def next(
            self, wanted: Callable[[Article], bool] | None = None, patience: float = 0.0
        ) -> Article | None:
            self.taken += 1
            return Article(self.taken.to_bytes(16, "big"), b"payload")

        def done(self, answer: Receipt | Exception) -> None:
            assert answer == Receipt()
            self.answered += 1

    source = Endless()
    with anyio.fail_after(60), anyio.move_on_after(0.2):
        await ShardsStore(pool).post_from(source)
    taken = source.taken
    assert taken == source.answered > 1, "the last one has its answer"
    await anyio.sleep(0.2)
    assert source.taken == taken
