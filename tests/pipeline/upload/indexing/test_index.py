"""index: the walk joined with the catalogue's rows, compared with a simple model."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from trees import content, naive_walk, small_files
from worlds import World

from usenetsync_tui.disk.source.scan import ScanBatch, walk
from usenetsync_tui.model.entries import Entry, FileKind, NoticeKind, Problem
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.pipeline.upload.indexing import index as index_module
from usenetsync_tui.pipeline.upload.indexing import merge as merge_module
from usenetsync_tui.pipeline.upload.indexing.long_paths import in_key_order


def edit(root: Path, rng: random.Random) -> None:
    """One random edit of a small tree."""
    names = ["a", "a.b", "a!", "ab", "b", "\xe9", "z"]
    place = root
    for _ in range(rng.randrange(3)):
        folders = [p for p in place.iterdir() if p.is_dir() and not p.is_symlink()]
        if folders:
            place = rng.choice(folders)
    path = place / rng.choice(names)
    match rng.randrange(7):
        case 0 | 1 | 2 if not path.is_dir():
            path.unlink(missing_ok=True)
            path.write_bytes(rng.randbytes(rng.randrange(200)))
        case 3 if not os.path.lexists(path):
            path.mkdir()
        case 4 if not os.path.lexists(path):
            path.symlink_to(rng.choice(names))
        case 5 if os.path.lexists(path):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        case 6 if path.exists():
            path.chmod(rng.choice([0o700, 0o711, 0o755]), follow_symlinks=True)


def catalogue_paths(world: World) -> dict[bytes, tuple[int, int, int]]:
    rows = world.query(
        "SELECT coalesce(long_path, path_key), kind, size, mtime_ns FROM files"
        " WHERE last_version IS NULL"
    )
    return {p: (k, s, m) for p, k, s, m in rows}  # type: ignore[misc]


def disk_paths(root: Path) -> dict[bytes, tuple[int, int, int]]:
    found = {}
    for path, status in naive_walk(root).items():
        kind = {0o040000: FileKind.DIRECTORY, 0o120000: FileKind.SYMLINK}.get(
            status.st_mode & 0o170000, FileKind.REGULAR
        )
        size = 0 if kind is FileKind.DIRECTORY else status.st_size
        found[path] = (int(kind), size, status.st_mtime_ns)
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("batch_size", [1, 2, 1000])
@pytest.mark.parametrize("seed", range(2))
async def test_random_edits(
    world: World, seed: int, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_ROWS_PAGE", 3)
    world.small(batch_size=batch_size)
    rng = random.Random(seed)
    copies = {}
    for _ in range(6):
        for _ in range(rng.randrange(1, 15)):
            edit(world.root, rng)
        before = catalogue_paths(world)
        after = disk_paths(world.root)
        version = await world.completed()
        copies[version] = world.keep_copy()
        assert catalogue_paths(world) == after
        changed = {p for p in before.keys() | after.keys() if before.get(p) != after.get(p)}
        touched = world.query(
            "SELECT path_key FROM files WHERE first_version = %s"
            " UNION SELECT path_key FROM files WHERE last_version = %s",
            version,
            version - 1,
        )
        assert changed <= {p for (p,) in touched}
    for version, copy in copies.items():
        await world.assert_restores(version, copy)


@pytest.mark.anyio
async def test_an_unreadable_directory_keeps_its_rows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("closed", "closed.not", "open"):
        (world.root / folder / "below").mkdir(parents=True)
        (world.root / folder / "below" / "file").write_bytes(folder.encode())
    await world.completed()
    before = catalogue_paths(world)

    def refused(root: bytes, **kwargs: object) -> Iterator[ScanBatch]:
        for batch in walk(root, **kwargs):  # type: ignore[arg-type]
            kept = [e for e in batch.entries if not e.path.startswith(b"closed/below")]
            problem = Problem(b"closed/", NoticeKind.UNREADABLE, "Permission denied")
            yield ScanBatch(kept, [problem], [b"closed/"])

    monkeypatch.setattr(index_module, "walk", refused)
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    assert catalogue_paths(world) == before


def long_tree(root: Path) -> None:
    """Paths around the length where a key stops being the path."""
    deep = root
    for _ in range(8):
        deep = deep / ("d" * 222)
    deep.mkdir(parents=True)
    for name in ("f" * 10, "f" * 16, "f" * 17, "f" * 60, "g" * 200, "h"):
        (deep / name).write_bytes(name.encode())
    for number in range(20):
        (deep / f"{number:040}").write_bytes(b"%d" % number)


@pytest.mark.anyio
@pytest.mark.parametrize("batch_size", [2, 1000])
async def test_long_paths(world: World, batch_size: int) -> None:
    long_tree(world.root)
    world.small(batch_size=batch_size)
    await world.completed()
    assert world.query("SELECT count(*) > 10 FROM files WHERE long_path IS NOT NULL") == [(True,)]
    await world.assert_restores(1, world.root)
    assert (await world.upload()).message == "nothing changed since version 1"


@pytest.mark.anyio
async def test_long_paths_that_cannot_be_examined_are_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_tree(world.root)
    await world.completed()
    before = catalogue_paths(world)
    hidden = [p for p in before if len(p) > 1_800][:5]

    def refused(root: bytes, **kwargs: object) -> Iterator[ScanBatch]:
        for batch in walk(root, **kwargs):  # type: ignore[arg-type]
            yield ScanBatch([e for e in batch.entries if e.path not in hidden], [], hidden)

    monkeypatch.setattr(index_module, "walk", refused)
    await world.upload()
    assert catalogue_paths(world) == before


def test_key_order_is_the_catalogue_s() -> None:
    head = b"x" * 1_795
    tails = [b"", b"/", b"/a", b"/" + b"b" * 5, b"/bbbbbb", b"/bbbbbc", b"/bbbb/cc", b"0", b"0" * 9]
    entries = [
        Entry(path, 0, 1, 2, 3, 4, 5, None)
        for path in sorted([head + t for t in tails] + [b"a", b"y" * 2_000, b"y" * 1_999 + b"z"])
    ]
    for size in (1, 2, 3, 100):
        batches = [ScanBatch(entries[i : i + size], [], []) for i in range(0, len(entries), size)]
        paths = [e.path for batch in in_key_order(iter(batches)) for e in batch.entries]
        assert sorted(paths) == [e.path for e in entries]
        assert paths == sorted(paths, key=path_key)


@pytest.mark.anyio
async def test_a_subtree_that_goes_is_written_off_in_batches(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_files(world.root / "a", 3_000)
    (world.root / "z").write_bytes(b"stays")
    await world.completed()
    shutil.rmtree(world.root / "a")
    monkeypatch.setattr(index_module, "_ROWS_PAGE", 100)
    written = []
    apply = merge_module.files.apply_changes

    async def watched(*args: object, **kwargs: object) -> object:
        written.append(len(args[4]))  # type: ignore[arg-type]
        return await apply(*args, **kwargs)  # type: ignore[arg-type]

    most = 0
    gone = merge_module.Merge._gone

    def counted(self: merge_module.Merge, row: tuple[object, ...]) -> None:
        nonlocal most
        gone(self, row)
        most = max(most, len(self._removed))

    monkeypatch.setattr(merge_module.files, "apply_changes", watched)
    monkeypatch.setattr(merge_module.Merge, "_gone", counted)
    world.small(batch_size=200)
    await world.completed(allow_shrink=True)
    assert sum(written) >= 3_000
    assert most <= 400, "the rows of a removed subtree piled up in memory"


@pytest.mark.anyio
async def test_pending_files_of_an_interrupted_run_are_examined_again(world: World) -> None:
    """Changes between two runs are not changes during a run."""
    for number in range(60):
        (world.root / f"f{number:02}").write_bytes(content(100, number))
    await world.completed()
    world.query("UPDATE files SET state = 0, object_id = NULL WHERE kind = 0 RETURNING 1")
    world.query("UPDATE snapshots SET state = 0 RETURNING 1")
    (world.root / "f05").unlink()
    (world.root / "f10").write_bytes(b"edited between the runs")
    assert await world.completed() == 1
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
async def test_failed_files_are_tried_only_when_they_open(world: World) -> None:
    (world.root / "f").write_bytes(b"content")
    await world.completed()
    world.query("UPDATE snapshots SET state = 2 RETURNING 1")
    world.query("UPDATE files SET state = 2, reason = 'was bad', object_id = NULL"
                " WHERE path_key = 'f' RETURNING 1")  # fmt: skip
    assert await world.completed() == 2
    await world.assert_restores(2, world.root)


@pytest.mark.anyio
async def test_owners_that_were_not_kept_are_filled_in_without_a_version(world: World) -> None:
    (world.root / "a").write_bytes(b"a")
    (world.root / "link").symlink_to("a")
    await world.upload()
    with psycopg.connect(world.conninfo, autocommit=True) as conn:
        conn.execute("UPDATE files SET uid = NULL, gid = NULL")  # as an earlier program left them
        outcome = await world.upload()
        owners = conn.execute("SELECT DISTINCT uid, gid, first_version FROM files").fetchall()
    assert outcome.version == 1
    assert owners == [(os.getuid(), os.getgid(), 1)]


@pytest.mark.anyio
async def test_rows_that_stand_in_the_way_of_new_ones_are_written_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever left them: the upload goes on as if it had been interrupted before."""
    small_files(world.root / "a", 300)
    world.small(batch_size=100)
    began = merge_module.Judge.begin_walk

    async def begin_walk(self: merge_module.Judge) -> None:
        await began(self)
        world.query(
            "INSERT INTO files (folder_id, path_key, first_version, last_version, kind, state,"
            " mode, size, mtime_ns, ctime_ns, inode)"
            " SELECT id, 'stands here', 1, 0, 0, 1, 0, 0, 0, 0, 0 FROM folders RETURNING 1"
        )

    (world.root / "stands here").write_bytes(b"content")
    monkeypatch.setattr(merge_module.Judge, "begin_walk", begin_walk)
    await world.completed()
    await world.assert_restores(1, world.root)
