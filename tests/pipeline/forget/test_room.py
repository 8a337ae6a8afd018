"""The room on disk that forgetting gives back, of articles in pieces and of earlier programs'."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from forgotten_ground import Kept
from index_ground import Indexed
from rows import Rows
from trees import content
from worlds import make_world

from usenetsync_tui.pipeline.forget.compact import compact
from usenetsync_tui.postgres.pool import Pool
from usenetsync_tui.store.shards import ShardsStore

pytestmark = pytest.mark.anyio
PART, FILES = 1_000_000, 12
ENOUGH = 1 << 40

_AS_BEFORE = """
    CREATE TEMP TABLE whole AS
           SELECT message_id, string_agg(payload, '' ORDER BY piece) AS payload
             FROM articles GROUP BY message_id;
    TRUNCATE articles;
    INSERT INTO articles (message_id, payload) SELECT message_id, payload FROM whole"""
"""Makes a row of each article, as an earlier program did."""
_ROOM = """
    SELECT relname, relfilenode, pg_relation_size(oid) + pg_relation_size(reltoastrelid)
      FROM pg_class WHERE relname LIKE 'articles\\_%' AND relkind = 'r'"""


@pytest.fixture
def kept(pool: Pool, rows: Rows, tmp_path: Path) -> Kept:
    world = make_world(pool, rows, tmp_path, ShardsStore(pool)).small(chunk_size=100_000)
    return Kept(Indexed(world))


@pytest.mark.parametrize("earlier", [False, True], ids=["pieces", "one row"])
async def test_what_is_free_goes_back_to_the_disk(kept: Kept, earlier: bool) -> None:
    world = kept.world
    for number in range(FILES):
        (world.root / str(number)).write_bytes(content(PART, seed=number))
    await kept.version()
    for number in range(FILES // 2):
        (world.root / str(number)).unlink()
    await kept.version()
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        if earlier:
            connection.execute(_AS_BEFORE)
            connection.execute("VACUUM (ANALYZE)")

        async def compacted(free: int | None) -> tuple[int, int, set[int]]:
            lacked = await compact(await world.new_run(), lambda: free)
            tables = connection.execute(_ROOM).fetchall()
            return lacked, sum(size for *_, size in tables), {file for _, file, _ in tables}

        _, full, files = await compacted(ENOUGH)
        freed = await kept.erase(await kept.mark([1]))
        assert 0.9 < freed.freed_bytes / (FILES // 2 * PART) < 1.1
        assert 55 <= freed.articles <= 90, "articles of 100 kB, and those of an index"
        lacked, used, same = await compacted(None)
        assert lacked == 0 and same == files, "the disk of somebody else's server"
        assert 0.7 * full < used <= full, "only the ends of tables"
        lacked, size, same = await compacted(1_000_000)
        assert lacked > 256 << 20 and (size, same) == (used, files)
        lacked, size, others = await compacted(ENOUGH)
        assert lacked == 0 and size < 0.65 * full and len(others - files) > 8
        assert await compacted(ENOUGH) == (0, size, others), "nothing is left to give back"
    await kept.assert_whole()
