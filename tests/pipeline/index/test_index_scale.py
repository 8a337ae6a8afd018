"""An index of any size: directories of many levels, hostile ones too, long paths, many versions."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3
from index_ground import KEYS, Indexed
from index_samples import DIGEST, NAMES, ROOT, a_file, a_line
from worlds import FaultyStore, World

from usenetsync_tui.catalogue.lookups.index_rows import Since
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.codec.index.directory import write_directory
from usenetsync_tui.codec.index.files_page import read_files, write_files
from usenetsync_tui.codec.index.root import MOST_OLDER, read_root, write_fitting_root, write_root
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.index.entries import EntryChange
from usenetsync_tui.model.index.roots import HIGHEST_LEVEL, LEAF, IndexRun, PageRef
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.pipeline.index import sizes
from usenetsync_tui.pipeline.index.files_of_run import files_of_run
from usenetsync_tui.pipeline.index.find_root import newest_root
from usenetsync_tui.pipeline.index.pages_of_run import pages_of_run

pytestmark = pytest.mark.anyio


@pytest.fixture
def indexed(world: World, monkeypatch: pytest.MonkeyPatch) -> Indexed:
    """Pages of a few files, directories of a few pages."""
    monkeypatch.setattr(sizes, "_SMALLEST", 200)
    return Indexed(world.small(chunk_size=1024))


def grow(root: Path) -> None:
    for number in range(24):
        (root / f"file {number:03}").write_bytes(b"%d" % number)
    (root / "large").write_bytes(bytes(range(256)) * 200)


async def levels(reader_of: Indexed, version: int) -> Counter[tuple[bool, int]]:
    reader = await reader_of.reader(version)
    root = (await newest_root(reader_of.world.store, KEYS)).root
    found = Counter[tuple[bool, int]]()
    for of_objects in (False, True):
        async for line, _ in pages_of_run(reader.page, root.runs[0], of_objects=of_objects):
            found[of_objects, line.level] += 1
    return found


async def test_small_pages_make_directories_of_many_levels(indexed: Indexed) -> None:
    """Each version is read from them, each path found, and a new base is made of them."""
    world = indexed.world
    grow(world.root)
    copies = {}
    for number in range(2):
        (world.root / f"new {number}").write_bytes(b"%d" % number)
        copies[await indexed.version()] = world.keep_copy()
    found = await levels(indexed, 2)
    assert max(level for _, level in found) >= 4 and found[False, LEAF] > 8
    assert sum(count for (_, level), count in found.items() if level >= 4) <= 6
    root = (await newest_root(world.store, KEYS)).root
    assert len(root.runs) == 2
    assert all(len(run.pages) <= 2 for run in root.runs)
    for version, copy in copies.items():
        await indexed.assert_reads(version, copy)
    for number in (0, 17, 23):
        reader = await indexed.reader(2)
        entry = await reader.entry(b"file %03d" % number)
        assert entry is not None and await indexed.content(reader, entry) == b"%d" % number
        assert reader.fetched <= 2 * 2 * (1 + max(level for _, level in found))


async def test_a_page_that_gets_another_name_is_found_by_the_next_root(
    indexed: Indexed, store: FaultyStore
) -> None:
    """The directories above it are made again; those of older roots stay."""
    world = indexed.world
    grow(world.root)
    await indexed.version()
    first = world.keep_copy()
    old, new = world.query(
        "SELECT s.message_id, sha256(s.message_id) FROM segments s JOIN index_pages p"
        " USING (object_id) WHERE p.level = 0 AND NOT p.of_objects AND p.number = 3"
        " AND s.redundancy = 0"
    )[0]
    old, new = bytes(old), bytes(new)[:16]  # type: ignore[arg-type]
    store.articles[new] = store.articles.pop(old)
    world.query(
        "UPDATE segments SET message_id = %s WHERE message_id = %s RETURNING 1",
        new,
        old,
    )
    other = world.query(
        "SELECT s.message_id FROM segments s JOIN index_pages p USING (object_id)"
        " WHERE p.level = 0 AND NOT p.of_objects AND p.number = 3 AND s.redundancy = 1"
    )[0][0]
    await indexed.assert_reads(1, first)
    (world.root / "more").touch()
    await indexed.version()
    kept = store.articles.pop(bytes(other))  # type: ignore[arg-type]
    assert (await newest_root(store, KEYS)).root.current.version == 2
    await indexed.assert_reads(2, world.root)
    store.articles[bytes(other)] = kept  # type: ignore[arg-type]
    await indexed.assert_reads(1, first, root=1)
    world.check_ledger()


class Pages:
    """Pages by their digests, with lines that lead to them."""

    def __init__(self) -> None:
        self.pages: dict[bytes, bytes] = {}
        self.fetched = 0

    def leaf(self, *names: bytes, key: bytes | None = None) -> PageRef:
        data = write_files([a_file(name) for name in names])
        return self._line(LEAF, names[0] if key is None else key, data)

    def directory(self, level: int, *rows: PageRef, key: bytes | None = None) -> PageRef:
        first = rows[0].first
        assert isinstance(first, bytes)
        return self._line(level, first if key is None else key, write_directory(rows))

    def _line(self, level: int, key: bytes, data: bytes) -> PageRef:
        digest = blake3(data).digest()
        self.pages[digest] = data
        return PageRef(level, False, key, digest, len(data), NAMES)

    async def fetch(self, line: PageRef) -> bytes:
        self.fetched += 1
        return self.pages[line.digest]


def run_of(*lines: PageRef) -> IndexRun:
    return IndexRun(1, True, 1, 0, 1, lines)


async def walked(pages: Pages, run: IndexRun) -> list[PageRef]:
    found = pages_of_run(pages.fetch, run, of_objects=False)
    return [line async for line, _ in found if line.level == LEAF]


async def test_directories_that_lie_are_refused_before_they_cost_anything() -> None:
    pages = Pages()
    one, two, three = pages.leaf(b"a", key=b""), pages.leaf(b"b"), pages.leaf(b"c")
    good = run_of(pages.directory(2, pages.directory(1, one, two), pages.directory(1, three)))
    assert await walked(pages, good) == [one, two, three]
    inner, later = pages.directory(1, one, two), pages.directory(1, two, three)
    of_objects = write_directory([PageRef(LEAF, True, (1, 0), DIGEST, 9, NAMES)])
    foreign = inner._replace(digest=blake3(of_objects).digest())
    pages.pages[foreign.digest] = of_objects
    lies = {
        "deeper than its level": run_of(inner._replace(level=2)),
        "shallower than its level": run_of(pages.directory(2, inner)._replace(level=1)),
        "twice the same directory": run_of(pages.directory(2, inner, inner._replace(first=b"b"))),
        "another's beginning": run_of(pages.directory(2, inner, later._replace(first=b"c"))),
        "pages that overlap": run_of(pages.directory(2, inner, later)),
        "objects among files": run_of(foreign),
        "a page for a directory": run_of(one._replace(level=1)),
        "a directory for a page": run_of(inner._replace(level=0)),
    }
    for words, run in lies.items():
        pages.fetched = 0
        with pytest.raises(IndexUnreadableError):
            for line in await walked(pages, run):
                read_files(pages.pages[line.digest])
        assert pages.fetched <= 6, words
    with pytest.raises(IndexUnreadableError, match="levels"):
        read_root(write_root(replace(ROOT, runs=(run_of(one._replace(level=9)),))), 3)


async def test_a_root_of_the_deepest_directories_ends() -> None:
    pages = Pages()
    line = pages.leaf(b"a", key=b"")
    for level in range(1, HIGHEST_LEVEL + 1):
        line = pages.directory(level, line)
    read = read_root(write_root(replace(ROOT, runs=(run_of(line),))), 3)
    assert len(await walked(pages, read.runs[0])) == 1 and pages.fetched == HIGHEST_LEVEL + 1


@pytest.mark.parametrize("older", [10, 3_000, 100_000])
async def test_a_root_of_many_versions_fits(older: int) -> None:
    """It keeps the newest lines, and those from its base on whatever the room."""
    lines = tuple(a_line(n, files=n, size=n * 10**6) for n in range(1, older + 1))
    base = replace(ROOT.runs[0], version=older - 5)
    delta = replace(ROOT.runs[1], version=older + 1)
    root = replace(ROOT, current=a_line(older + 1), older=lines, runs=(base, delta))
    for room in (700_000, 8_000, 100):
        data = write_fitting_root(root, room)
        read = read_root(data, older + 1)
        assert len(data) <= max(room, 1_500)
        kept = len(read.older)
        assert read.older == lines[older - kept :] and 6 <= kept <= MOST_OLDER
        assert read.runs[0] == base and read.runs[1].pages == delta.pages
    assert len(write_fitting_root(root, 700_000)) < 100_000


LONG = 6_000
"""Paths that share the head of their keys."""


async def test_long_paths_that_share_a_head_are_streamed_in_path_order(world: World) -> None:
    """In order among the others, in the memory of a few of them. (All would take 27 MB.)"""
    folder = (await world.folder()).id
    head = b"d/" * 2_000
    shorts = [b"a", b"d/" * 400, b"d/" * 899, b"d/" * 900, b"e"]
    with_many = f"""
        INSERT INTO files (folder_id, path_key, first_version, kind, state, mode, size, mtime_ns,
                           ctime_ns, inode, long_path)
        SELECT {folder}, substring(path, 1, 1800) || sha256(path), 1, 0, 1, 420, 0, n, n, n, path
          FROM (SELECT n, convert_to(repeat('d/', 2000) || md5(n::text) || n, 'UTF8') AS path
                  FROM generate_series(1, {LONG}) AS n) AS made RETURNING 1"""
    assert len(world.query(with_many)) == LONG
    for path in shorts:
        world.query(
            "INSERT INTO files (folder_id, path_key, first_version, kind, state, mode, size,"
            " mtime_ns, ctime_ns, inode) VALUES (%s, %s, 1, 0, 1, 420, 0, 0, 0, 0) RETURNING 1",
            folder,
            path,
        )
    assert path_key(head + b"x")[:1800] == path_key(head + b"y")[:1800]

    async def read(tx: Transaction, what: Since) -> tuple[int, bytes]:
        number, last = 0, b""
        async for batch in files_of_run(tx, what):
            for path in batch().paths:
                assert number == 0 or path > last
                number, last = number + 1, path
        return number, last

    tracemalloc.start()
    count, last = await world.catalogue.in_thread(lambda tx: read(tx, Since(folder, 1, 0)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (count, last) == (LONG + len(shorts), b"e")
    assert peak < 5_000_000
    world.query("UPDATE files SET last_version = 1 RETURNING 1")
    changed = await world.catalogue.in_thread(lambda tx: _changes(tx, Since(folder, 2, 1, 1, None)))
    assert changed == {EntryChange.REMOVED: LONG + len(shorts)}


async def _changes(tx: Transaction, what: Since) -> Counter[int]:
    found = Counter[int]()
    async for batch in files_of_run(tx, what):
        found.update([entry.change for entry in batch().entries()])
    return found
