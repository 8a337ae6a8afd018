"""sealed: articles show nothing of a file, and no two copies are alike."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from trees import compare_trees, content
from worlds import FaultyStore, World

from usenetsync_tui.errors import ArticleCollisionError, StoreError
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.segments import Article

SECRET = b"the quick brown fox jumps over the lazy dog; " * 40


@pytest.fixture
def sealed(world: World, store: FaultyStore) -> World:
    world.store = store
    world.choices = replace(world.choices, store=StoreKind.MEMORY, profile=Profile.SEALED, copies=2)
    (world.root / "secret name").write_bytes(SECRET)
    (world.root / "large").write_bytes(content(100_000, 1) + SECRET)
    return world


@pytest.mark.anyio
async def test_nothing_shows_and_copies_share_nothing(sealed: World, store: FaultyStore) -> None:
    await sealed.completed()
    assert len(store.articles) == 4
    for payload in store.articles.values():
        assert SECRET[:20] not in payload
        assert b"secret name" not in payload
    sizes = [len(payload) for payload in store.articles.values()]
    for one, other in combinations(store.articles.values(), 2):
        windows = {one[i : i + 8] for i in range(0, len(one) - 8)}
        assert not any(other[i : i + 8] in windows for i in range(0, len(other) - 8))
    rows = sealed.query("SELECT message_id, nonce, payload_size FROM segments")
    assert len({nonce for _, nonce, _ in rows}) == 4
    for name, nonce, size in rows:
        assert isinstance(name, bytes)
        assert store.articles[name][:12] == nonce
        assert len(store.articles[name]) == size
    assert sorted(sizes) == sorted(size for _, _, size in rows)
    await sealed.assert_restores(1, sealed.root)


@pytest.mark.anyio
async def test_the_ledger_has_the_nonce_before_the_article_leaves(
    sealed: World, store: FaultyStore
) -> None:
    def planned(article: Article) -> None:
        rows = sealed.query(
            "SELECT nonce FROM segments WHERE message_id = %s AND status = 1", article.message_id
        )
        assert rows == [(article.payload[:12],)]

    store.before = planned
    await sealed.completed()


@pytest.mark.anyio
async def test_an_article_sent_again_has_a_fresh_nonce(sealed: World, store: FaultyStore) -> None:
    sent: list[bytes] = []

    def fail(article: Article) -> None:
        sent.append(article.payload)
        raise StoreError("441 posting failed")

    store.before = fail
    assert (await sealed.upload()).state is JobState.INCOMPLETE
    store.before = lambda article: sent.append(article.payload)
    await sealed.completed()
    assert len(sent) == 8
    assert len({payload[:12] for payload in sent}) == 8, "a nonce seals once"
    await sealed.assert_restores(1, sealed.root)


def units(world: World) -> int:
    """How often the folder's key has sealed, as counted."""
    (row,) = world.query("SELECT sealed FROM realms WHERE wrapped_key IS NOT NULL")
    assert isinstance(row[0], int)
    return row[0]


@pytest.mark.anyio
async def test_every_nonce_is_counted_before_it_is_used(sealed: World, store: FaultyStore) -> None:
    nonces: set[bytes] = set()

    def fail(article: Article) -> None:
        nonces.add(article.payload[:12])
        assert units(sealed) >= len(nonces)
        raise StoreError("441 posting failed")

    def keep(article: Article) -> None:
        nonces.add(article.payload[:12])
        assert units(sealed) >= len(nonces)

    store.before = fail
    assert (await sealed.upload()).state is JobState.INCOMPLETE
    assert units(sealed) == len(nonces) == 4
    store.before = keep
    await sealed.completed()
    assert units(sealed) == len(nonces) == 8, "and what is sent again"
    (sealed.root / "same").write_bytes((sealed.root / "large").read_bytes())
    await sealed.completed()
    assert units(sealed) == len(nonces) == 8, "what is there already is not sealed"
    lost = sealed.query("SELECT DISTINCT message_id FROM segments")
    for (name,) in lost:
        del store.articles[name]  # type: ignore[arg-type]
    await sealed.verify()
    await sealed.completed()
    assert units(sealed) == len(nonces) == 12, "and what was lost"


@pytest.mark.anyio
async def test_a_new_name_is_a_new_nonce_and_counted(sealed: World, store: FaultyStore) -> None:
    names: set[bytes] = set()
    nonces: set[bytes] = set()

    def collide(article: Article) -> None:
        nonces.add(article.payload[:12])
        if len(names) < 3 and article.message_id not in names:
            names.add(article.message_id)
            raise ArticleCollisionError("435")

    store.before = collide
    await sealed.completed()
    assert units(sealed) == len(nonces) == 7


@pytest.mark.anyio
async def test_a_payload_larger_than_a_unit_counts_more(sealed: World) -> None:
    sealed.small(chunk_size=3 << 20)
    for each in sealed.root.iterdir():
        each.unlink()
    (sealed.root / "large").write_bytes(content((3 << 20) + 1, 5))
    sealed.choices = replace(sealed.choices, copies=1)
    await sealed.completed()
    assert units(sealed) == 4 + 1, "3 MiB and what seals them, and an end"


@pytest.mark.anyio
async def test_nothing_is_counted_where_nothing_is_sealed(world: World, store: FaultyStore) -> None:
    (world.root / "file").write_bytes(SECRET)
    world.choices = replace(world.choices, store=StoreKind.MEMORY, profile=Profile.PACKED)
    await world.completed()
    assert world.query("SELECT sealed FROM realms") == [(0,)]


@pytest.mark.anyio
async def test_damage_in_one_copy_is_survived(sealed: World, store: FaultyStore) -> None:
    await sealed.completed()
    first = sealed.query("SELECT message_id FROM segments WHERE redundancy = 0")
    for (name,) in first:
        assert isinstance(name, bytes)
        payload = bytearray(store.articles[name])
        payload[50] ^= 1
        store.articles[name] = bytes(payload)
    found = await sealed.verify(bodies=True)
    assert (found.checked, found.damaged) == (4, 2)
    assert compare_trees(sealed.root, await sealed.restore(1)) == []


@pytest.mark.anyio
async def test_with_another_key_nothing_opens(sealed: World, store: FaultyStore) -> None:
    await sealed.completed()
    sealed.query("UPDATE realms SET wrapped_key = %s RETURNING 1", bytes(32))
    target = await sealed.restore(1)
    notices = await sealed.notices()
    assert {n.path for n in notices} == {b"secret name", b"large"}
    assert all("does not open" in n.reason for n in notices)
    assert not (target / "secret name").exists()
