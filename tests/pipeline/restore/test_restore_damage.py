"""restore: wrong rows in the catalogue make damaged files, never wrong ones."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from trees import compare_trees, content
from worlds import FaultyStore, World

from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import NoticeKind

CHUNK = 100_000
LARGE = 3 * CHUNK + 17
FILES = {
    "large 1": content(LARGE, 1),
    "large 2": content(LARGE, 2),
    "large 3": content(2 * CHUNK, 3),
    "pack a/1": b"one",
    "pack a/2": b"two",
    "pack a/3": content(20_000, 4),
    "pack a/4": content(20_000, 5),
    "pack b/5": content(49_000, 6),
    "pack b/6": content(49_000, 7),
    "pack c/7": content(49_000, 8),
    "same as 1": content(LARGE, 1),
    "twins": content(CHUNK, 9) * 2,
}


def row(path: str) -> str:
    return "path_key = convert_to('" + path + "', 'utf8')"


def swapped(column: str, one: str, other: str) -> str:
    """Swap a column of two files."""
    return f"""
        UPDATE files f SET {column} = o.{column} FROM files o
         WHERE (f.{row(one)} AND o.{row(other)}) OR (f.{row(other)} AND o.{row(one)})"""


def object_of(path: str) -> str:
    return f"(SELECT object_id FROM files WHERE {row(path)})"


def swapped_segments(path: str, one: int, other: int, columns: str = "hash, message_id") -> str:
    """Swap the columns of two segments of a file."""
    mine = object_of(path)
    names = [name.strip() for name in columns.split(",")]
    changes = ", ".join(f"{name} = o.{name}" for name in names)
    return f"""
        UPDATE segments s SET {changes} FROM segments o
         WHERE s.object_id = {mine} AND o.object_id = {mine} AND s.redundancy = o.redundancy
           AND (s.segment_index, o.segment_index) IN (({one}, {other}), ({other}, {one}))"""


CASES: dict[str, tuple[str, set[str]]] = {
    "offsets of a pack swapped": (
        swapped("object_offset", "pack a/1", "pack a/2"),
        {"pack a/1", "pack a/2"},
    ),
    "an offset one too far": (
        f"UPDATE files SET object_offset = object_offset + 1 WHERE {row('pack a/3')}",
        {"pack a/3"},
    ),
    "an offset behind the end": (
        f"UPDATE files SET object_offset = 1000000 WHERE {row('pack a/4')}",
        {"pack a/4"},
    ),
    "an offset before the beginning": (
        f"UPDATE files SET object_offset = -3 WHERE {row('pack a/1')} OR {row('pack a/2')}",
        {"pack a/2"},
    ),
    "offsets unknown": (
        "UPDATE files SET object_offset = NULL WHERE object_offset IS NOT NULL",
        {"pack a/2", "pack a/3", "pack a/4"},
    ),
    "a member shorter": (f"UPDATE files SET size = size - 1 WHERE {row('pack a/4')}", {"pack a/4"}),
    "a member longer": (f"UPDATE files SET size = size + 1 WHERE {row('pack a/4')}", {"pack a/4"}),
    "a member empty": (f"UPDATE files SET size = 0 WHERE {row('pack a/1')}", {"pack a/1"}),
    "a member empty and nowhere": (
        f"UPDATE files SET size = 0, object_id = NULL WHERE {row('pack a/1')}",
        {"pack a/1"},
    ),
    "packs swapped": (
        swapped("object_id", "pack a/3", "pack c/7"),
        {"pack a/3", "pack c/7"},
    ),
    "digests swapped": (
        swapped("digest", "pack a/3", "pack a/4"),
        {"pack a/3", "pack a/4"},
    ),
    "digests of another kind": (
        "UPDATE files SET digest_kind = nullif((coalesce(digest_kind, 0) + 2) % 4, 0)"
        f" WHERE {row('pack a/3')} OR {row('large 1')}",
        {"pack a/3", "large 1"},
    ),
    "digests of another algorithm": (
        "UPDATE files SET digest_kind = nullif(coalesce(digest_kind, 0) # 1, 0)"
        f" WHERE {row('pack a/3')} OR {row('large 1')}",
        {"pack a/3", "large 1"},
    ),
    "digests cut short": (
        f"UPDATE files SET digest = '' WHERE {row('pack a/3')} OR {row('large 1')}",
        {"pack a/3", "large 1"},
    ),
    "digests lost": (
        f"UPDATE files SET digest = NULL WHERE {row('pack a/3')} OR {row('large 3')}",
        {"pack a/3", "large 3"},
    ),
    "a digest of large files swapped": (
        swapped("digest", "large 1", "large 2"),
        {"large 1", "large 2"},
    ),
    "large objects swapped": (
        swapped("object_id", "large 1", "large 2"),
        {"large 1", "large 2"},
    ),
    "a large and a small object swapped": (
        swapped("object_id", "large 3", "pack c/7"),
        {"large 3", "pack c/7"},
    ),
    "segments in another order": (swapped_segments("large 1", 0, 2), {"large 1"}),
    "segments of another length in another order": (
        swapped_segments("large 1", 1, 3, "hash, message_id, size"),
        {"large 1"},
    ),
    "a segment of another file": (
        f"""UPDATE segments s SET hash = o.hash, message_id = o.message_id FROM segments o
             WHERE s.object_id = {object_of("large 1")} AND o.object_id = {object_of("large 2")}
               AND s.segment_index = 1 AND o.segment_index = 1""",
        {"large 1"},
    ),
    "a segment missing in the rows": (
        f"DELETE FROM segments WHERE object_id = {object_of('large 1')} AND segment_index = 2",
        {"large 1"},
    ),
    "a file cut off": (f"UPDATE files SET size = {CHUNK} WHERE {row('large 1')}", {"large 1"}),
    "a file one byte longer": (
        f"UPDATE files SET size = size + 1 WHERE {row('large 1')}",
        {"large 1"},
    ),
    "a file far too long": (
        f"UPDATE files SET size = 1::int8 << 50 WHERE {row('large 1')}",
        {"large 1"},
    ),
    "another size of segments": (
        f"UPDATE objects SET segment_size = 7 WHERE id = {object_of('large 1')}",
        {"large 1"},
    ),
    "no size of segments": (
        f"UPDATE objects SET segment_size = 0 WHERE id = {object_of('large 1')}",
        {"large 1"},
    ),
    "fewer segments": (
        f"UPDATE objects SET segments = 1 WHERE id = {object_of('large 1')}",
        {"large 1"},
    ),
    "fewer segments and a shorter file": (
        f"""UPDATE objects SET segments = 1 WHERE id = {object_of("large 1")};
            UPDATE files SET size = {CHUNK} WHERE {row("large 1")}""",
        {"large 1"},
    ),
    "an object of another kind": (
        f"UPDATE objects SET kind = 1 - kind WHERE id = {object_of('large 1')}",
        {"large 1"},
    ),
    "a pack that says it is a file": (
        f"UPDATE objects SET kind = 0 WHERE id = {object_of('pack c/7')}",
        {"pack c/7", "pack b/6"},
    ),
}


@pytest.fixture
async def kept(world: World) -> World:
    world.small(chunk_size=CHUNK, batch_size=5)
    for name, data in FILES.items():
        path = world.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    await world.completed()
    return world


def damage(world: World, sql: str) -> None:
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        connection.execute(sql.encode())


def files_of(target: Path) -> dict[str, bytes]:
    """All files except those that wait for a missing article."""
    found = (p for p in target.rglob("*") if p.is_file() and not p.name.endswith(".part"))
    return {str(p.relative_to(target)): p.read_bytes() for p in found}


@pytest.mark.anyio
@pytest.mark.parametrize(("sql", "wrong"), CASES.values(), ids=CASES.keys())
async def test_a_wrong_row_never_makes_a_wrong_file(kept: World, sql: str, wrong: set[str]) -> None:
    target = kept.scratch / "target"
    old = dict.fromkeys(list(FILES)[::2], b"what was there before")
    for name, data in old.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(data)
    damage(kept, sql)
    for _ in range(2):  # the second restore cannot use anything of the first
        await kept.restore(1, target)
        told = {os.fsdecode(n.path): n.kind for n in await kept.notices()}
        assert wrong <= set(told)
        assert set(told.values()) <= {NoticeKind.DAMAGED, NoticeKind.MISSING}
        right = {name: data for name, data in FILES.items() if name not in told}
        assert files_of(target) == {**old, **right}
        assert kept.run is not None
        p = kept.run.progress
        assert (p.done_files, p.missed_files) == (len(right), len(told))
        assert p.done_bytes == sum(map(len, right.values()))


@pytest.mark.anyio
async def test_part_files_of_a_killed_restore_are_checked_too(
    kept: World, store: FaultyStore
) -> None:
    """The segments of a part file are each correct, but in the wrong order."""
    target = kept.scratch / "target"
    (lost,) = kept.query(
        f"SELECT message_id FROM segments WHERE object_id = {object_of('large 1')}"
        " AND segment_index = 3"
    )
    article = store.articles.pop(lost[0])  # type: ignore[arg-type]
    damage(kept, swapped_segments("large 1", 0, 2))
    await kept.restore(1, target)
    assert [p.name for p in target.glob("*.part")] != []
    store.articles[lost[0]] = article  # type: ignore[index]
    await kept.restore(1, target)
    assert not (target / "large 1").exists()
    assert kept.run is not None and kept.run.progress.missed_files == 1
    damage(kept, swapped_segments("large 1", 0, 2))
    await kept.restore(1, target)
    assert kept.run.progress.missed_files == 0
    assert compare_trees(kept.root, target) == []


@pytest.mark.anyio
async def test_another_copy_whose_row_is_right_is_used(world: World) -> None:
    world.choices = FolderChoices(copies=2)
    world.small(chunk_size=CHUNK)
    (world.root / "large").write_bytes(FILES["large 1"])
    await world.completed()
    damage(world, "UPDATE segments SET size = 5 WHERE segment_index = 1 AND redundancy = 0")
    await world.assert_restores(1, world.root)
