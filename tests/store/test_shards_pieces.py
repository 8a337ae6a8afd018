"""Articles of the shards store in pieces: of all sizes, replaced, and those of earlier programs."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager

import psycopg
import pytest
from trees import content

from usenetsync_tui.catalogue.backup import layout
from usenetsync_tui.errors import StoreError
from usenetsync_tui.model.ports.stores import Presence
from usenetsync_tui.model.segments import Article
from usenetsync_tui.postgres.migrate import migrate_inside
from usenetsync_tui.postgres.pool import Pool, open_pool
from usenetsync_tui.postgres.queries import load_queries
from usenetsync_tui.store.shards import ShardsStore

pytestmark = pytest.mark.anyio
PIECE = 8_096
SIZES = (0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 9 * PIECE + 5)
NAMES = [bytes([at]) * 16 for at in range(len(SIZES))]
BEFORE_PIECES = 18
"""The last migration after which an article is one row."""

_PAGES = """
    SELECT count(DISTINCT (ctid::text::point)[0]), count(*),
           (SELECT sum(pg_relation_size(reltoastrelid)) FROM pg_class
             WHERE relname LIKE 'articles\\_%' AND relkind = 'r')
      FROM articles"""


async def test_a_piece_fills_a_page_and_none_is_in_toast(pool: Pool) -> None:
    await ShardsStore(pool).post(Article(NAMES[0], content(100 * PIECE)))
    async with pool.connection() as connection:
        assert await (await connection.execute(_PAGES)).fetchone() == (100, 100, 0)


async def test_analyze_takes_few_of_them_into_memory(pool: Pool, database: str) -> None:
    """Three thousand rows of a shard, and not thirty thousand: 24 MB."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO articles SELECT '\\x00', 'x', n FROM generate_series(0, 9000) AS n"
        )
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        said = list[str]()
        connection.execute("SET client_min_messages = info")
        connection.execute("ANALYZE VERBOSE articles")
    sampled = [
        int(found[1]) for words in said if (found := re.search(r"(\d+) rows in sample", words))
    ]
    assert max(sampled) == 3_000, said


@pytest.mark.parametrize("size", SIZES)
async def test_every_size_replaces_every_other(pool: Pool, size: int) -> None:
    store, payload = ShardsStore(pool), content(size, seed=1)
    for name, before in zip(NAMES, SIZES, strict=True):
        await store.post(Article(name, content(before, seed=2)))
        await store.post(Article(name, payload))
        assert await store.fetch(name) == payload


async def test_articles_of_an_earlier_program(empty_database: str) -> None:
    """They are read where they are, in a database that nobody migrates, and after a migration."""
    payloads = {name: content(size) for name, size in zip(NAMES, SIZES, strict=True)}
    async with _opened(empty_database) as pool:
        store = ShardsStore(pool)
        async with pool.connection() as connection, connection.transaction():
            await migrate_inside(connection, layout.MIGRATIONS, upto=BEFORE_PIECES)
            insert = "INSERT INTO articles (message_id, payload) VALUES (%b, %b)"
            for row in payloads.items():
                await connection.execute(insert, row)
        await _assert_reads(store, payloads)
        async with pool.connection() as connection:
            async with connection.transaction():
                await migrate_inside(connection, layout.MIGRATIONS, upto=None)
            await _assert_reads(store, payloads)
            for name, payload in payloads.items():
                await store.post(Article(name, payload))
            rows = await connection.execute("SELECT count(*) FROM articles")
            assert await rows.fetchone() == (len(NAMES),), "they were not written again"
            for name in NAMES[::2]:
                payloads[name] = content(3 * PIECE, seed=name[0])
                await store.post(Article(name, payloads[name]))
            await _assert_reads(store, payloads)
            for shard in range(16):  # pieces and whole articles beside each other
                await connection.execute(f"VACUUM FULL articles_{shard:02}".encode())
        await _assert_reads(store, payloads)


def _opened(address: str) -> AbstractAsyncContextManager[Pool]:
    return open_pool(address, max_size=4, application_name="tests")


async def _assert_reads(store: ShardsStore, payloads: dict[bytes, bytes]) -> None:
    assert await store.present([*payloads, b"another name 012"]) == Presence(set(payloads))
    assert {name: await store.fetch(name) for name in payloads} == payloads


@pytest.mark.parametrize(
    ("name", "values"), [("present", {"message_ids": NAMES}), ("fetch", {"message_id": NAMES[0]})]
)
async def test_no_question_reads_the_pieces_of_others(
    pool: Pool, database: str, name: str, values: dict[str, object]
) -> None:
    """Nor before the planner knows the table."""
    for number in range(300):
        spread = (number * 0x9E3779B97F4A7C15).to_bytes(16, "big")
        await ShardsStore(pool).post(Article(spread, content(4 * PIECE)))
    statement = load_queries("usenetsync_tui.store", "shards.sql")[name]
    with psycopg.connect(database, autocommit=True) as connection:
        for _ in range(2):
            rows = connection.execute("EXPLAIN " + statement, values).fetchall()
            plan = "\n".join(row for (row,) in rows)
            assert "Seq Scan" not in plan, plan
            assert name == "fetch" or "piece = 0" in plan, plan
            connection.execute("VACUUM (ANALYZE)")


async def test_a_post_that_fails_leaves_no_piece(pool: Pool, database: str) -> None:
    store = ShardsStore(pool)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'data_exception'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON articles
               FOR EACH ROW WHEN (NEW.piece = 7) EXECUTE FUNCTION refuse()""")
        await store.post(Article(NAMES[0], content(7 * PIECE)))
        for name in NAMES[:2]:
            with pytest.raises(StoreError, match="no"):
                await store.post(Article(name, content(9 * PIECE, seed=1)))
        assert connection.execute("SELECT count(*) FROM articles").fetchone() == (7,)
    assert await store.fetch(NAMES[0]) == content(7 * PIECE)
