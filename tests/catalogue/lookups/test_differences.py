"""The differences between two versions."""

from __future__ import annotations

import random

import pytest

from usenetsync_tui.catalogue.lookups import differences
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import files, vanished
from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.versions.changes import Change, ChangeKind, ChangeRow


def entry(path: bytes, size: int, mtime: int = 1) -> Entry:
    kind = 1 if path.endswith(b"/") or not path else 0
    return Entry(path, kind, 0 if kind else size, mtime, 1, 1, 0o644, None)


async def change(
    catalogue: Catalogue, folder: Folder, version: int, upserts: list[Entry], gone: list[bytes]
) -> None:
    async with catalogue.transaction() as tx:
        await files.apply_changes(tx, folder.id, version, upserts, [path_key(p) for p in gone])
        await vanished.remove(tx, folder.id, version)


async def between(
    catalogue: Catalogue, folder: Folder, older: int, newer: int, limit: int = 1_000
) -> list[ChangeRow]:
    found: list[ChangeRow] = []
    after = None
    while True:
        async with catalogue.transaction() as tx:
            page = await differences.page(tx, folder.id, (older, newer), after, limit)
        found += page
        if len(page) < limit:
            return found
        after = page[-1].path


@pytest.mark.anyio
async def test_added_modified_removed(catalogue: Catalogue, folder: Folder) -> None:
    first = [entry(b"", 0), entry(b"a", 1), entry(b"b", 2), entry(b"d/", 0), entry(b"d/x", 3)]
    await change(catalogue, folder, 1, first, [])
    second = [entry(b"", 0, 2), entry(b"b", 20, 2), entry(b"c", 4), entry(b"e/", 0)]
    await change(catalogue, folder, 2, second, [b"a", b"d/", b"d/x"])
    await change(catalogue, folder, 3, [entry(b"a", 9)], [b"b"])
    content = (ChangeKind.CONTENT,)
    assert await between(catalogue, folder, 1, 2) == [
        ChangeRow(b"a", 0, Change.REMOVED, 1, None, old_kind=0),
        ChangeRow(b"b", 0, Change.MODIFIED, 2, 20, (*content, ChangeKind.TIME), 0),
        ChangeRow(b"c", 0, Change.ADDED, None, 4),
        ChangeRow(b"d/", 1, Change.REMOVED, 0, None, old_kind=1),
        ChangeRow(b"d/x", 0, Change.REMOVED, 3, None, old_kind=0),
        ChangeRow(b"e/", 1, Change.ADDED, None, 0),
    ]
    assert (await between(catalogue, folder, 1, 3))[:2] == [
        ChangeRow(b"a", 0, Change.MODIFIED, 1, 9, content, 0),
        ChangeRow(b"b", 0, Change.REMOVED, 2, None, old_kind=0),
    ]
    assert await between(catalogue, folder, 2, 2) == []


@pytest.mark.anyio
async def test_a_path_that_becomes_something_else(catalogue: Catalogue, folder: Folder) -> None:
    long = b"l" * 1_800
    first = [entry(b"a", 5), entry(b"d/", 0), entry(b"d/x", 1), entry(long, 2), entry(b"u", 4)]
    await change(catalogue, folder, 1, first, [])
    second = [Entry(b"a", 2, 3, 1, 1, 1, 0o777, b"to"), entry(b"d", 7), entry(long + b"/", 0)]
    await change(catalogue, folder, 2, second, [b"d/", b"d/x", long])
    kinds = (ChangeKind.TYPE,)
    assert await between(catalogue, folder, 1, 2, limit=1) == [
        ChangeRow(b"a", 2, Change.MODIFIED, 5, 3, kinds, 0),
        ChangeRow(b"d/", 0, Change.MODIFIED, 0, 7, kinds, 1),
        ChangeRow(b"d/x", 0, Change.REMOVED, 1, None, old_kind=0),
        ChangeRow(long, 1, Change.MODIFIED, 2, 0, kinds, 0),
    ]


@pytest.mark.anyio
async def test_what_differs_in_files_of_one_size(catalogue: Catalogue, folder: Folder) -> None:
    one, two = FileDigest(DigestKind.BLAKE3, b"1" * 32), FileDigest(DigestKind.BLAKE3, b"2" * 32)
    other = FileDigest(DigestKind.SHA256, b"2" * 32)
    names = (b"content", b"digest", b"mode", b"same", b"time")
    old = {name: Entry(name, 0, 9, 1, 1, 1, 0o644, None, 1, 1) for name in names}
    new = {name: row._replace(ctime_ns=2) for name, row in old.items()}
    new[b"mode"] = new[b"mode"]._replace(mode=0o600, uid=2)
    new[b"time"] = new[b"time"]._replace(mtime_ns=2)
    digests = dict.fromkeys(names, one) | {b"content": two, b"digest": other}
    for version, rows, found in ((1, old, dict.fromkeys(names, one)), (2, new, digests)):
        await change(catalogue, folder, version, list(rows.values()), [])
        placed = [Placed(name, 1, 0, found[name]) for name in names]
        async with catalogue.transaction() as tx:
            await files.set_planned(tx, folder.id, placed)
    assert {row.path: row.kinds for row in await between(catalogue, folder, 1, 2)} == {
        b"content": (ChangeKind.CONTENT,),
        b"digest": (ChangeKind.UNCERTAIN,),
        b"mode": (ChangeKind.MODE, ChangeKind.OWNER),
        b"time": (ChangeKind.TIME,),
    }


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_a_model_of_random_versions(catalogue: Catalogue, folder: Folder, limit: int) -> None:
    rng, now = random.Random(limit), dict[bytes, int]()
    versions: dict[int, dict[bytes, int]] = {0: {}}
    names = [b"%d" % n for n in range(12)] + [b"\xff", b"l" * 3_000, b"l" * 2_999 + b"m"]
    for version in range(1, 7):
        upserts = {name: rng.randrange(1, 10**9) for name in rng.sample(names, 4)}
        gone = [name for name in now if name not in upserts and rng.random() < 0.3]
        entries = [entry(name, size) for name, size in upserts.items()]
        await change(catalogue, folder, version, entries, gone)
        now = {n: s for n, s in now.items() if n not in gone} | upserts
        versions[version] = dict(now)
    for older in range(1, 7):
        for newer in range(older + 1, 7):
            found = await between(catalogue, folder, older, newer, limit)
            expected = {
                path: (versions[older].get(path), versions[newer].get(path))
                for path in versions[older] | versions[newer]
            }
            # A file that was removed and came back unchanged has another row, and is none of these.
            told = {row.path: (row.old_size, row.new_size) for row in found}
            assert told == {p: s for p, s in expected.items() if s[0] != s[1]}
            keys = [path_key(row.path) for row in found]
            assert keys == sorted(set(keys))
