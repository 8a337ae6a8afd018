"""Padding: articles of a sealed folder have few sizes, and a size confirms no guess (B9, B14)."""

from __future__ import annotations

import random
from dataclasses import replace

import lz4.block
import pytest
from trees import SEGMENT, compare_trees, content, small_files
from worlds import FaultyStore, World

from usenetsync_tui.codec import compression
from usenetsync_tui.codec.padding import LADDER
from usenetsync_tui.codec.sealing import SEAL_OVERHEAD, sealed_size
from usenetsync_tui.errors import StoreError
from usenetsync_tui.model.folders import Compression, Profile, Realm, StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports.stores import OpenRealm

SIZES = {size + 28 for size in LADDER if size < SEGMENT} | {SEGMENT + SEAL_OVERHEAD + 4}


@pytest.fixture
def sealed(world: World, store: FaultyStore) -> World:
    world.store = store
    world.choices = replace(world.choices, store=StoreKind.MEMORY, profile=Profile.SEALED)
    world.padded_to = SEGMENT
    return world


def tree(world: World, seed: int = 0) -> None:
    rng = random.Random(seed)
    small_files(world.root / "small", 120)
    for number in range(6):
        size = rng.randrange(51_000, 3 * SEGMENT)
        (world.root / f"photo{number}").write_bytes(content(size, number))
        (world.root / f"text{number}").write_bytes(b"%d " % number * (size // 2))


@pytest.mark.anyio
async def test_posted_articles_have_few_sizes(sealed: World, store: FaultyStore) -> None:
    tree(sealed)
    await sealed.completed()
    sizes = [len(payload) for payload in store.articles.values()]
    assert set(sizes) <= SIZES
    assert len(set(sizes)) < len(sizes)
    full = SEGMENT + SEAL_OVERHEAD + 4
    assert sizes.count(full) >= 6, "all full segments have one size"
    rows = sealed.query("SELECT message_id, payload_size FROM segments")
    assert {m: len(store.articles[m]) for m, _ in rows} == dict(rows)  # type: ignore[index]
    (snapshot,) = await sealed.snapshots()
    assert snapshot.stored_size == sum(sizes), "what is stored is what was posted"
    await sealed.assert_restores(1, sealed.root)
    found = await sealed.verify(bodies=True)
    assert (found.missing, found.damaged) == (0, 0)


@pytest.mark.anyio
async def test_without_it_sizes_are_those_of_the_payloads(
    sealed: World, store: FaultyStore
) -> None:
    tree(sealed)
    sealed.padded_to = 0
    await sealed.completed()
    before = len(store.posts)
    assert not {len(store.articles[name]) for name in store.posts} <= SIZES
    (sealed.root / "photo0").write_bytes(content(100_000, 77))
    sealed.padded_to = SEGMENT
    await sealed.completed()
    assert {len(store.articles[name]) for name in store.posts[before:]} <= SIZES, "from now on"


@pytest.mark.anyio
async def test_old_and_new_articles_open_side_by_side(sealed: World) -> None:
    tree(sealed)
    for number, padded_to in enumerate((0, SEGMENT, 0)):
        sealed.padded_to = padded_to
        (sealed.root / "changing").write_bytes(content(60_000, 100 + number))
        await sealed.completed()
    for version in (1, 2):
        await sealed.restore(version)
        assert await sealed.notices() == []
    await sealed.assert_restores(3, sealed.root)


@pytest.mark.parametrize(("before", "after"), [(SEGMENT, 0), (0, SEGMENT), (SEGMENT, 100_000)])
@pytest.mark.anyio
async def test_planned_articles_are_posted_whatever_the_setting_is_by_then(
    sealed: World, store: FaultyStore, before: int, after: int
) -> None:
    tree(sealed)
    sealed.padded_to = before

    def refuse(_: object) -> None:
        raise StoreError("441 posting failed")

    store.before = refuse
    assert (await sealed.upload()).state is JobState.INCOMPLETE
    sealed.padded_to, store.before = after, None
    await sealed.completed()
    await sealed.assert_restores(1, sealed.root)


@pytest.mark.anyio
async def test_padding_costs_little(sealed: World, store: FaultyStore) -> None:
    """For a tree with small files, text and photos; none below the ladder's first size."""
    tree(sealed)
    await sealed.completed()
    rows = sealed.query("SELECT size, payload_size FROM segments WHERE codec = 0")
    for size, payload in rows:
        assert isinstance(size, int) and isinstance(payload, int)
        assert payload <= max(1052, (size + SEAL_OVERHEAD) * 1.12)
    photos = [p for s, p in rows if s == SEGMENT]
    assert photos and set(photos) == {SEGMENT + SEAL_OVERHEAD + 4}


# --- a guess beside a secret (B14) --------------------------------------------------------

TRIES = 600
WORDS = [b"%x" % (n * n) for n in range(3, 60)]


def pair(seed: int) -> tuple[bytes, bytes, bytes, list[bytes]]:
    """A secret, the right guess and a wrong one, and other small files of the same folder."""
    rng = random.Random(seed)
    words = [rng.randbytes(4).hex().encode() for _ in range(4)]
    secret = b"account=owner\npassword=%b\n" % b"-".join(words)
    wrong = b"-".join(rng.randbytes(4).hex().encode() for _ in range(4))
    right_file = b"password=%b\n" % b"-".join(words)
    others = [
        b" ".join(rng.choices(WORDS, k=rng.randrange(50, 600))) for _ in range(rng.randrange(2, 12))
    ]
    return secret, right_file, b"password=%b\n" % wrong, others


def seen(files: list[bytes], full: int) -> int:
    """The size of the article of a pack of these files."""
    _, payload = compression.compress(b"".join(files), Compression.LZ4)
    return sealed_size(len(payload), full)


@pytest.mark.parametrize(("full", "least", "most"), [(0, 540, TRIES), (SEGMENT, 0, 80)])
def test_a_guess_beside_a_secret(full: int, least: int, most: int) -> None:
    """Without padding the size confirms nearly every right guess; with it one in ten, by chance.

    In one of ten packs a size of the ladder lies between the two payloads: they differ by 30
    bytes, in packs of some kilobytes.
    """
    confirmed = 0
    for seed in range(TRIES):
        secret, right, wrong, others = pair(seed)
        confirmed += seen([right, secret, *others], full) < seen([wrong, secret, *others], full)
    assert least <= confirmed <= most


@pytest.mark.anyio
async def test_a_guess_beside_a_secret_in_whole_uploads(sealed: World, store: FaultyStore) -> None:
    """The same, as an observer of the store sees it: at most 2 of 8 pairs differ."""
    differ = 0
    for seed in range(8):
        secret, right, wrong, others = pair(1000 + seed)
        sizes = []
        for number, guess in enumerate((right, wrong)):
            folder = sealed.root / f"{seed}-{number}"
            folder.mkdir()
            (folder / "b secret").write_bytes(secret)
            (folder / "a guess").write_bytes(guess)
            for name, data in enumerate(others):
                (folder / f"c{name}").write_bytes(data)
            before = len(store.posts)
            await sealed.completed()
            sizes.append(sorted(len(store.articles[m]) for m in store.posts[before:]))
            for each in folder.iterdir():
                each.unlink()
        differ += sizes[0] != sizes[1]
    assert differ <= 2


def test_the_compressor_gives_the_guess_away() -> None:
    """The reason for padding: the right guess compresses better than a wrong one."""
    secret, right, wrong, _ = pair(1)
    compressed = [len(lz4.block.compress(g + secret, store_size=False)) for g in (right, wrong)]
    assert compressed[0] < compressed[1]


@pytest.mark.anyio
async def test_a_realm_without_a_key_pads_nothing(world: World, store: FaultyStore) -> None:
    world.store, world.padded_to = store, SEGMENT
    world.choices = replace(world.choices, store=StoreKind.MEMORY, profile=Profile.PACKED)
    (world.root / "file").write_bytes(content(5_000, 1))
    await world.completed()
    assert [len(payload) for payload in store.articles.values()] == [5_000]
    assert compare_trees(world.root, await world.restore(1)) == []


def test_padding_is_off_unless_it_is_set() -> None:
    realm = Realm(1, StoreKind.MEMORY, Profile.SEALED, "a.invalid")
    assert OpenRealm(realm, FaultyStore(), bytes(32)).padded_to == 0
