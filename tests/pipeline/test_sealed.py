"""sealed: nothing of a file, and no two copies alike, in what leaves."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from trees import compare_trees, content
from worlds import FaultyStore, World

from usenetsync_tui.errors import StoreError
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
