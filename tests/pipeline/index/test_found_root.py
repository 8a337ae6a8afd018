"""Finding and reading versions with the secret alone, whatever is lost or does not answer."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
from index_ground import KEYS, Indexed
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.codec.index.keys import ATTEMPTS
from usenetsync_tui.errors import (
    ArticleMissingError,
    FileDamagedError,
    IndexUnreadableError,
    StoreUnavailableError,
    UnknownSnapshotError,
)
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.folders import Profile, Realm, StoreKind
from usenetsync_tui.model.index.roots import LEAF, IndexRealm
from usenetsync_tui.model.ports.stores import Opener, OpenRealm, Presence
from usenetsync_tui.pipeline.index.find_root import fetch_root, newest_root
from usenetsync_tui.pipeline.index.index_paths import no_such_path
from usenetsync_tui.pipeline.index.pages_of_run import pages_of_run
from usenetsync_tui.pipeline.index.read_file import FileReader
from usenetsync_tui.pipeline.index.read_version import VersionReader
from usenetsync_tui.store.memory import MemoryStore

pytestmark = pytest.mark.anyio


class Names(MemoryStore):
    """A store that only says which names it has."""

    inquiries = 8

    def __init__(self, *names: tuple[int, int, int], doubt: str = "") -> None:
        super().__init__()
        self.has = {KEYS.root_name(*name): name[0] for name in names}
        self.tried: list[int] = []
        """The versions whose roots were to be fetched, in this order."""
        self.doubt = doubt
        self.asked = 0

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        self.asked += len(message_ids)
        there = self.has.keys() & set(message_ids)
        others = set(message_ids) - there
        return Presence(there, dict.fromkeys(others, self.doubt) if self.doubt else {})

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        self.tried.append(self.has[message_id])
        raise ArticleMissingError("lost")


@pytest.mark.parametrize(
    ("names", "versions"),
    [
        ([], []),
        ([(1, 0, 0)], [1]),
        ([(1, 0, 1), (7, 0, 0)], [7, 1]),
        ([(1, 0, 0), (999, 0, 1), (1998, 0, 0)], [1998, 999, 1]),
        ([(2, ATTEMPTS - 1, 1)], [2]),
        ([(1, 0, 0), (2, 1, 0), (3, 1, 1)], [3, 2, 1]),
        ([(1, 0, 0), (2, 0, 7)], [2, 1]),  # the first copies of the newest are lost
        # What is left of forgotten versions, every hundredth root, leads to the newest one.
        ([(version, 0, 0) for version in (*range(100, 2_501, 100), 2_534)], [2_534, 2_500]),
        ([(version, 0, 0) for version in range(4_150, 4_353)], [*range(4_352, 4_199, -1)]),
    ],
)
async def test_versions_are_found(names: list[tuple[int, int, int]], versions: list[int]) -> None:
    """The newest first: all of them are tried, as none of their roots can be fetched."""
    store = Names(*names)
    with pytest.raises(IndexUnreadableError if names else UnknownSnapshotError):
        await newest_root(store, KEYS)
    assert [*dict.fromkeys(store.tried)][: len(versions)] == versions


async def test_a_store_without_answers_is_no_store_without_versions() -> None:
    store = Names(doubt="s1: no answer now")
    with pytest.raises(StoreUnavailableError, match="answered: s1: no answer now"):
        await newest_root(store, KEYS)
    assert store.asked < 20_000
    with pytest.raises(UnknownSnapshotError):
        await newest_root(Names(), KEYS)


@pytest.fixture
def indexed(world: World) -> Indexed:
    return Indexed(world.small(chunk_size=20_000))


def _opener(store: FaultyStore) -> Callable[[IndexRealm], OpenRealm]:
    def opened(realm: IndexRealm) -> OpenRealm:
        kinds = StoreKind(realm.store), Profile(realm.profile)
        made = Realm(0, *kinds, realm.domain, digest=DigestAlgorithm(realm.digest))
        return OpenRealm(made, store, realm.key)

    return opened


async def _versions(indexed: Indexed, count: int) -> None:
    for number in range(count):
        (indexed.world.root / f"new {number}").write_bytes(content(500, number))
        await indexed.version()


async def test_a_newest_root_that_cannot_be_read_is_named(
    indexed: Indexed, store: FaultyStore
) -> None:
    await _versions(indexed, 3)
    for copy in range(2):
        store.articles[KEYS.root_name(3, 0, copy)] = b"damaged"
    found = await newest_root(store, KEYS)
    assert found.root.current.version == 2 and [*found.unreadable] == [3]
    # The highest attempt that opens counts, also beside a damaged one.
    store.articles[KEYS.root_name(2, 1, 1)] = store.articles[KEYS.root_name(2, 0, 0)]
    store.articles[KEYS.root_name(2, 1, 0)] = b"damaged"
    fetched = len(store.fetches)
    await fetch_root(store, KEYS, 2)
    assert store.fetches[fetched:] == [KEYS.root_name(2, 1, copy) for copy in range(2)]
    for name in {KEYS.root_name(v, a, c) for v in (1, 2) for a in (0, 1) for c in (0, 1)}:
        if name in store.articles:
            store.articles[name] = b"damaged"
    with pytest.raises(IndexUnreadableError, match="Version 3 is in the store, but"):
        await newest_root(store, KEYS)


async def test_one_small_file_of_many_takes_few_articles(
    indexed: Indexed, store: FaultyStore
) -> None:
    world = indexed.world
    for number in range(5000):
        (world.root / f"{number:04}").write_bytes(b"%d" % number)
    (world.root / "2500").write_bytes(content(10_000))
    await indexed.version()
    (world.root / "0001").write_bytes(b"changed")
    await indexed.version()
    pages = world.query("SELECT count(*) FROM index_pages")[0][0]
    assert isinstance(pages, int) and pages > 20
    store.fetches.clear()
    root = (await newest_root(store, KEYS)).root
    reader = VersionReader(store, KEYS, root, 2)
    entry = await reader.entry(b"2500")
    assert entry is not None
    files = FileReader(reader, _opener(store))
    assert b"".join([d async for d in files.content(entry)]) == content(10_000)
    assert len(store.fetches) <= 8
    listed = [e.path async for e in reader.entries(b"2499", b"2502")]
    assert listed == [b"2499", b"2500", b"2501"]
    for wrong, right in ((b"2500x", b"2500"), (b"/2500/", b"2500")):
        error = str(await no_such_path(reader, wrong, "tree", b"/tree"))
        assert f'Did you mean "{right.decode()}"?' in error


async def test_a_lost_page_loses_only_its_paths(indexed: Indexed, store: FaultyStore) -> None:
    world = indexed.world
    for number in range(600):
        (world.root / f"{number:03}").write_bytes(b"%d" % number)
    await indexed.version()
    root = (await newest_root(store, KEYS)).root
    fetch = VersionReader(store, KEYS, root, 1).page
    pages = pages_of_run(fetch, root.runs[0], of_objects=False)
    lines = [line async for line, _ in pages if line.level == LEAF]
    assert len(lines) > 3
    for name in lines[1].message_ids:
        del store.articles[name]
    reader = VersionReader(store, KEYS, root, 1)
    listed = {entry.path async for entry in reader.entries()}
    first, end = lines[1].first, lines[2].first
    assert reader.lost == [(first, end)] and isinstance(first, bytes) and isinstance(end, bytes)
    every = {b"%03d" % number for number in range(600)} | {b""}
    assert listed == {path for path in every if not first <= path < end}
    with pytest.raises(IndexUnreadableError, match=f'paths from "{first.decode()}" on'):
        await reader.entry(first + b"9")
    assert await reader.entry(b"599") is not None


async def test_a_wrong_byte_is_never_given(indexed: Indexed, store: FaultyStore) -> None:
    world = indexed.world
    (world.root / "large").write_bytes(content(90_000))
    (world.root / "small").write_bytes(content(100))
    await indexed.version()
    reader = VersionReader(store, KEYS, (await newest_root(store, KEYS)).root, 1)
    files = FileReader(reader, _opener(store))
    for path, size in ((b"large", 90_000), (b"small", 100)):
        entry = await reader.entry(path)
        assert entry is not None and entry.object is not None
        assert b"".join([d async for d in files.content(entry)]) == content(size)
        last = (entry.size - 1) // 20_000 if path == b"large" else 0
        part = await reader.part(entry.object, last)
        for article in part.segments[-1].articles:
            kept = store.articles[article.message_id]
            store.articles[article.message_id] = kept[:-1] + bytes((kept[-1] ^ 1,))
        given = b""
        with pytest.raises(FileDamagedError):
            async for data in files.content(entry):
                given += data
        assert content(size).startswith(given) and len(given) < size
