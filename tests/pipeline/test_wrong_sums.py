"""The catalogue's sums: correct after and during an upload; damage is found."""

from __future__ import annotations

import contextlib

import pytest
from trees import content, small_files
from worlds import FaultyStore, World

from usenetsync_tui.catalogue.lookups.sums import SUMS, WrongSum, wrong_sums
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.segments import Article
from usenetsync_tui.pipeline.upload.upload import upload

DAMAGES = {
    "objects_posted": "UPDATE objects SET posted = posted - 1, complete = false WHERE kind = 0",
    "objects_complete": "UPDATE objects SET complete = false WHERE kind = 0",
    "objects_segments": "UPDATE objects SET size = size + 1 WHERE kind = 0",
    "objects_left": """
        INSERT INTO objects (id, folder_id, realm_id, kind, size, segment_size, segments, copies,
                             files, first_key, last_key)
        SELECT nextval('object_ids'), folder_id, realm_id, 0, 9, 9, 1, 1, 1, 'gone', 'gone'
          FROM objects LIMIT 1""",
    "segments_left": "DELETE FROM objects WHERE kind = 0",
    "files_lost": "UPDATE files SET object_id = 999999 WHERE path_key = 'large'",
    "files_unplaced": "UPDATE files SET object_id = NULL WHERE path_key = 'large'",
    "files_twice": "UPDATE files SET last_version = NULL WHERE path_key = 'changing'",
    "versions_counts": "UPDATE snapshots SET files = files + 1 WHERE version = 1",
    "versions_whole": "UPDATE files SET state = 2 WHERE path_key = 'large'",
    "names_of_segments": """
        UPDATE segments SET message_id = decode(md5('another'), 'hex')
         WHERE ctid = (SELECT min(ctid) FROM segments WHERE hash = (
               SELECT hash FROM segments GROUP BY hash HAVING count(*) > 1))""",
    "contents_of_names": "UPDATE segments SET message_id = decode(md5('one'), 'hex')",
    "shards_missing": "UPDATE realms SET store = 'shards'",
    "shards_left": """
        INSERT INTO articles (message_id, payload, piece)
        SELECT decode(md5('one'), 'hex'), 'bytes', piece FROM generate_series(0, 4) AS piece""",
}
"""Statements that make each of the sums wrong."""


async def found(world: World) -> list[WrongSum]:
    async with world.catalogue.transaction() as tx:
        return await wrong_sums(tx)


@pytest.mark.anyio
async def test_each_sum(world: World, store: FaultyStore) -> None:
    assert DAMAGES.keys() == SUMS.keys()
    world.choices = FolderChoices(store=StoreKind.MEMORY)
    world.small(chunk_size=100_000)
    (world.root / "large").write_bytes(content(450_000))
    (world.root / "changing").write_bytes(b"before")
    # The first of two segments belongs to another file.
    (world.root / "twin").write_bytes(content(100_000, seed=1))
    (world.root / "twins").write_bytes(content(100_000, seed=1) + content(60_000, seed=2))
    small_files(world.root, 20)
    await world.completed()
    assert await found(world) == []

    def interrupt(article: Article) -> None:
        assert world.run is not None
        world.run.drain()

    (world.root / "changing").write_bytes(b"after")
    (world.root / "new").write_bytes(content(900_000, seed=3))
    (world.root / "twin").unlink()
    store.before = interrupt
    await upload(await world.new_run())
    assert await found(world) == []
    store.before = None
    await world.completed()
    assert await found(world) == []

    for name, damage in DAMAGES.items():
        wrong = {each.name: each.count for each in await damaged(world, damage)}
        assert SUMS[name] in wrong, name
        assert name != "shards_left" or wrong[SUMS[name]] == 1, "an article of several pieces"


class UndoneError(Exception):
    """Rolls a transaction back."""


async def damaged(world: World, damage: str) -> list[WrongSum]:
    """The wrong sums while something is damaged, which is then undone."""
    wrong: list[WrongSum] = []
    with contextlib.suppress(UndoneError):
        async with world.catalogue.transaction() as tx:
            await tx.connection.execute(damage.encode())
            wrong = await wrong_sums(tx)
            raise UndoneError
    assert all(each.count >= 1 for each in wrong)
    return wrong
