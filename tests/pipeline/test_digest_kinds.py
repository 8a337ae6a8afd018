"""Both digests, and what an earlier program recorded, through all verbs.

`old` is a SHA-256 realm whose large files have the digest of all their bytes, as earlier programs
recorded it: the rows are as migration 0006 leaves them.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from trees import compare_trees, content
from worlds import FaultyStore, World

from usenetsync_tui.codec.digests import file_digester
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.digests import DigestAlgorithm, DigestKind, kind_of
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.folders import Profile

pytestmark = pytest.mark.anyio

CHUNK = 20_000
LARGE = 3 * CHUNK + 17
TREE = {
    "empty": 0,
    "small 1": 1,
    "small 2": 19_000,
    "sub/large 1": LARGE,
    "sub/large 2": 4 * CHUNK,
    "sub/large 3": 5 * CHUNK - 1,
}
AGES = ["sha256", "blake3", "old"]


def fill(world: World, age: str, profile: Profile = Profile.PACKED) -> None:
    world.small(chunk_size=CHUNK)
    world.digest = DigestAlgorithm.BLAKE3 if age == "blake3" else DigestAlgorithm.SHA256
    world.choices = FolderChoices(profile=profile)
    (world.root / "sub").mkdir()
    for seed, (name, size) in enumerate(TREE.items()):
        (world.root / name).write_bytes(content(size, seed))


def execute(world: World, sql: str, *values: object) -> None:
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        connection.execute(sql.encode(), values)


def grow_old(world: World) -> None:
    """The rows of large files as an earlier program wrote them."""
    for name in TREE:
        path = world.root / name
        if path.stat().st_size:
            execute(
                world,
                "UPDATE files SET digest = %s, digest_kind = NULL WHERE path_key = %s",
                hashlib.sha256(path.read_bytes()).digest(),
                os.fsencode(name),
            )


def recorded(world: World) -> dict[str, tuple[DigestKind, bytes]]:
    """Kind and digest of the current rows."""
    rows = world.query(
        "SELECT convert_from(path_key, 'utf8'), coalesce(digest_kind, 0), digest FROM files"
        " WHERE last_version IS NULL AND digest IS NOT NULL"
    )
    return {name: (DigestKind(kind), digest) for name, kind, digest in rows}  # type: ignore


def check_recorded(world: World, kinds: dict[str, DigestKind]) -> None:
    """Each file has a digest of the kind it is to have, and it is that of its bytes now."""
    found = recorded(world)
    assert {name: kind for name, (kind, _) in found.items()} == kinds
    for name, (kind, digest) in found.items():
        data = (world.root / name).read_bytes()
        made = file_digester(kind, len(data), CHUNK)
        made.update(data)
        assert made.digest() == digest, name


def kinds_of(world: World, age: str, profile: Profile) -> dict[str, DigestKind]:
    """What the rows of `TREE` are to have."""
    small, large = (kind_of(world.digest, of_segments=way) for way in (False, True))
    if age == "old":
        large = DigestKind.SHA256
    if profile is Profile.PLAIN:  # each file is an object of its own
        small = large
    return {name: large if size > CHUNK else small for name, size in TREE.items() if size}


@pytest.mark.parametrize(
    ("age", "profile"),
    [
        ("sha256", Profile.PACKED),
        ("blake3", Profile.PACKED),
        ("old", Profile.PACKED),
        ("old", Profile.PLAIN),
    ],
)
async def test_through_all_verbs(
    world: World, store: FaultyStore, age: str, profile: Profile
) -> None:
    fill(world, age, profile)
    await world.completed()
    if age == "old":
        grow_old(world)
    kinds = kinds_of(world, age, profile)
    check_recorded(world, kinds)
    before, copy = recorded(world), world.keep_copy()

    for path in world.root.rglob("*"):  # other times of change, the same bytes
        mode = path.stat().st_mode
        path.chmod(0o600)
        path.chmod(mode)
    store.posts.clear()
    assert (await world.upload()).message == "nothing changed since version 1"
    assert (store.posts, recorded(world)) == ([], before)

    new = kind_of(world.digest, of_segments=True)
    for name in ("sub/large 2", "sub/large 4"):
        data = content(4 * CHUNK, 3)
        (world.root / name).write_bytes(data[: 2 * CHUNK] + b"other" + data[2 * CHUNK + 5 :])
        kinds[name] = new
    (world.root / "small 1").write_bytes(b"2")
    assert await world.completed() == 2
    if age == "old" and profile is Profile.PLAIN:
        kinds["small 1"] = new
    check_recorded(world, kinds)

    await world.assert_restores(1, copy)
    target = await world.restore(2)
    store.fetches.clear()
    await world.restore(2, target)
    assert store.fetches == [], "all of it was right already"
    assert compare_trees(world.root, target) == []

    found = await world.verify(bodies=True)
    assert (found.missing, found.damaged, found.unknown) == (0, 0, 0)
    ((name,),) = world.query(
        "SELECT message_id FROM segments JOIN files USING (object_id)"
        " WHERE path_key = 'sub/large 1' AND segment_index = 1"
    )
    payload = store.articles[name]  # type: ignore[index]
    store.articles[name] = payload[:-1] + bytes([payload[-1] ^ 1])  # type: ignore[index]
    found = await world.verify(bodies=True)
    assert (found.missing, found.damaged) == (0, 1)
    execute(world, "DELETE FROM notices")
    damaged = await world.restore(2)
    assert [n.kind for n in await world.notices()] == [NoticeKind.DAMAGED]
    assert not (damaged / "sub/large 1").exists()
    ((name,),) = world.query(
        "SELECT message_id FROM segments JOIN files USING (object_id)"
        " WHERE path_key = 'sub/large 3' AND segment_index = 1"
    )
    del store.articles[name]  # type: ignore[arg-type]
    found = await world.verify()
    assert found.missing == 1
    await world.upload()
    assert name in store.articles, "it was not made again from the folder"


async def test_a_file_that_is_small_with_other_settings(world: World, store: FaultyStore) -> None:
    """Its object of its own is compared with, though the file would go into a pack today."""
    fill(world, "blake3")
    (world.root / "between").write_bytes(content(CHUNK + 5, 50))
    await world.completed()
    before = recorded(world)
    store.posts.clear()
    world.small(chunk_size=10 * CHUNK)
    for path in world.root.rglob("*"):
        path.chmod(0o600 if path.is_file() else 0o700)
        path.chmod(0o644 if path.is_file() else 0o755)
    assert (await world.upload()).message == "nothing changed since version 1"
    assert (store.posts, recorded(world)) == ([], before)


def flipped(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def segments_swapped(data: bytes, rng: random.Random) -> bytes:
    one, other = sorted(rng.sample(range(len(data) // CHUNK), 2))
    cut = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
    cut[one], cut[other] = cut[other], cut[one]
    return b"".join(cut)


WRONG: dict[str, Callable[[bytes, random.Random], bytes]] = {
    **{f"a bit flipped, {n}": flipped for n in range(8)},
    "the first bit": lambda data, _: bytes([data[0] ^ 1]) + data[1:],
    "the last bit": lambda data, _: data[:-1] + bytes([data[-1] ^ 0x80]),
    "the first of a segment": lambda data, _: data[:CHUNK] + b"?" + data[CHUNK + 1 :],
    "the last of a segment": lambda data, _: data[: CHUNK - 1] + b"?" + data[CHUNK:],
    "segments swapped": segments_swapped,
    "other segments swapped": segments_swapped,
    "rotated": lambda data, _: data[1:] + data[:1],
    "zeros": lambda data, _: bytes(len(data)),
    "a byte shorter": lambda data, _: data[:-1],
    "a byte longer": lambda data, _: data + b"\0",
    "a segment shorter": lambda data, _: data[:-CHUNK],
    "a segment twice": lambda data, _: data + data[-CHUNK:],
    "emptied": lambda data, _: b"",
}


@pytest.mark.parametrize("age", AGES)
async def test_a_target_that_differs_anywhere_is_never_accepted(world: World, age: str) -> None:
    rng = random.Random(age)
    fill(world, age)
    for seed, name in enumerate(WRONG):
        (world.root / name).write_bytes(content(LARGE + seed, 100 + seed))
    await world.completed()
    if age == "old":
        grow_old(world)
    target = await world.restore(1)
    assert world.run is not None
    for name, damage in WRONG.items():
        path = target / name
        status, data = path.stat(), path.read_bytes()
        wrong = damage(data, rng)
        assert wrong != data
        path.write_bytes(wrong)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    await world.restore(1, target)
    assert world.run.progress.unchanged == len(TREE), "only the others are right"
    assert await world.notices() == []
    assert compare_trees(world.root, target) == []


@pytest.mark.parametrize("age", AGES)
async def test_a_part_file_that_differs_anywhere_is_mended(
    world: World, store: FaultyStore, age: str
) -> None:
    rng = random.Random(age)
    fill(world, age)
    await world.completed()
    if age == "old":
        grow_old(world)
    ((lost,),) = world.query(
        "SELECT message_id FROM segments JOIN files USING (object_id)"
        " WHERE path_key = 'sub/large 3' AND segment_index = 4"
    )
    payload = store.articles.pop(lost)  # type: ignore[arg-type]
    target = await world.restore(1)
    (part,) = target.rglob("*.part")
    data = bytearray(part.read_bytes())
    for at in {rng.randrange(4 * CHUNK) for _ in range(2)}:  # two segments at most
        data[at] ^= 1
    part.write_bytes(data)
    store.articles[lost] = payload  # type: ignore[index]
    store.fetches.clear()
    await world.restore(1, target)
    assert 2 <= len(store.fetches) <= 3, "what is right in the part file is not fetched"
    assert compare_trees(world.root, target) == []


OTHER_ROWS = {
    "segments in another order": (
        "UPDATE segments s SET hash = o.hash, message_id = o.message_id FROM segments o"
        " WHERE s.object_id = {1} AND o.object_id = {1} AND (s.segment_index, o.segment_index)"
        " IN ((0, 2), (2, 0))",
        {"sub/large 1"},
    ),
    "a segment of another file": (
        "UPDATE segments s SET hash = o.hash, message_id = o.message_id FROM segments o"
        " WHERE s.object_id = {1} AND o.object_id = {2} AND s.segment_index = 1"
        " AND o.segment_index = 1",
        {"sub/large 1"},
    ),
    "a digest of another file": (
        "UPDATE files SET digest = (SELECT digest FROM files WHERE path_key = 'sub/large 2')"
        " WHERE path_key = 'sub/large 1'",
        {"sub/large 1"},
    ),
    "a digest of another kind": (
        "UPDATE files SET digest_kind = 1 WHERE path_key IN ('sub/large 1', 'small 2')",
        {"sub/large 1", "small 2"},
    ),
    "a small file that says it has segments": (
        "UPDATE files SET digest_kind = 3 WHERE path_key = 'small 2'",
        {"small 2"},
    ),
}


async def test_a_wrong_row_never_makes_a_wrong_file(world: World, store: FaultyStore) -> None:
    """Of an earlier program; those of this one: restore/test_restore_damage.py."""
    fill(world, "old")
    await world.completed()
    grow_old(world)
    objects = [
        world.query(f"SELECT object_id FROM files WHERE path_key = 'sub/large {n}'")[0][0]
        for n in (1, 2)
    ]
    kept = {table: world.query(f"SELECT * FROM {table}") for table in ("files", "segments")}
    articles = dict(store.articles)
    for words, (sql, wrong) in OTHER_ROWS.items():
        execute(world, "DELETE FROM notices")
        execute(world, sql.format(None, *objects))
        target = await world.restore(1)
        told = {os.fsdecode(n.path): n.reason for n in await world.notices()}
        assert told.keys() == wrong, (words, told)
        there = {str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()}
        assert there == TREE.keys() - wrong, words
        for name in there:
            assert (target / name).read_bytes() == (world.root / name).read_bytes(), words
        store.articles.update(articles)
        put_back(world, kept)


def put_back(world: World, kept: dict[str, list[tuple[object, ...]]]) -> None:
    for table, rows in kept.items():
        execute(world, f"TRUNCATE {table}")
        marks = ", ".join(["%s"] * len(rows[0]))
        with psycopg.connect(world.conninfo, autocommit=True) as connection:
            connection.cursor().executemany(f"INSERT INTO {table} VALUES ({marks})".encode(), rows)


async def test_a_wrong_digest_of_an_earlier_program_is_replaced(world: World) -> None:
    """Every segment is what was stored: only the digest of all bytes contradicts them."""
    fill(world, "old")
    await world.completed()
    grow_old(world)
    execute(world, "UPDATE files SET digest = %s WHERE path_key = 'sub/large 1'", b"w" * 32)
    (world.root / "sub/large 1").chmod(0o600)
    (world.root / "sub/large 2").chmod(0o600)
    assert await world.completed() == 2
    found = recorded(world)
    assert found["sub/large 1"][0] is DigestKind.SEGMENTS_SHA256
    assert found["sub/large 2"][0] is DigestKind.SHA256
    await world.assert_restores(2, world.root)


async def test_copies_that_state_different_digests(world: World, store: FaultyStore) -> None:
    """The bytes of the copy that was used are digested again, and the file is right."""
    world.choices = FolderChoices(copies=2)
    world.small(chunk_size=CHUNK)
    (world.root / "large").write_bytes(content(LARGE))
    await world.completed()
    execute(
        world,
        "UPDATE segments SET hash = %s WHERE segment_index = 1 AND redundancy = 0",
        b"w" * 32,
    )
    await world.assert_restores(1, world.root)


async def test_a_folder_keeps_its_digest(world: World, tmp_path: Path) -> None:
    world.digest = DigestAlgorithm.SHA256
    first = await world.folder()
    world.digest = DigestAlgorithm.BLAKE3
    same = await world.folder()
    assert same.realm == first.realm
    for profile in (Profile.PLAIN, Profile.SEALED, Profile.PACKED):
        world.choices = FolderChoices(profile=profile)
        now = await world.folder()
        assert now.realm.digest is DigestAlgorithm.SHA256
    assert now.realm.id == first.realm.id, "it finds its articles again"
    world.root, world.choices = tmp_path / "another", FolderChoices()
    another = await world.folder()
    assert another.realm.digest is DigestAlgorithm.BLAKE3
    assert another.realm.id != first.realm.id, "nothing is shared between digests"
    world.digest = DigestAlgorithm.SHA256
    world.root = tmp_path / "a third"
    assert (await world.folder()).realm.id == first.realm.id
