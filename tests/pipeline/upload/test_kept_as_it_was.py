"""Content and recorded attributes decide: a mere change of look makes no version or article."""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import files, known, snapshots
from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.disk.source import source_tree as source_module
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.disk.source.stat_entries import regular_entry
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.digests import DigestAlgorithm, DigestKind, FileDigest
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.folders import Compression, Profile
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.metadata.metadata import Metadata
from usenetsync_tui.model.segments import Article, ObjectKind
from usenetsync_tui.pipeline.posting.ledger import Ledger, OutgoingArticle
from usenetsync_tui.pipeline.run.handover import Handover
from usenetsync_tui.pipeline.run.job_run import Stage
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue
from usenetsync_tui.pipeline.run.segments import (
    FileRead,
    RawSegment,
    ReadItem,
    SlicesShared,
    prepare,
)
from usenetsync_tui.pipeline.upload.pending import Outstanding
from usenetsync_tui.pipeline.upload.plan import Planner
from usenetsync_tui.pipeline.upload.upload import upload

SEGMENT = 96_000
"""Bytes; small, because LZMA takes a second for each million."""

SIZES = {"empty": 0, "a": 10, "b": 700, "c": 49_000, "d": 60_000, "e": 3 * SEGMENT + 5}
OLD = 1_600_000_000 * 10**9 + 1

CHOICES = {
    "packed": FolderChoices(profile=Profile.PACKED),
    "dense": FolderChoices(profile=Profile.PACKED, compression=Compression.LZMA),
    "sealed": FolderChoices(profile=Profile.SEALED),
    "plain": FolderChoices(profile=Profile.PLAIN),
    "plain twice": FolderChoices(profile=Profile.PLAIN, copies=2),
}


@pytest.fixture
def world(world: World) -> World:
    return world.small(chunk_size=SEGMENT)


def files_of(root: Path) -> list[Path]:
    return [p for p in sorted(root.rglob("*")) if p.is_file() and not p.is_symlink()]


def fill(root: Path) -> None:
    (root / "sub").mkdir()
    for name, size in SIZES.items():
        for place in (root, root / "sub"):
            (place / name).write_bytes(content(size, len(place.parts)))
            os.utime(place / name, ns=(OLD, OLD))
    (root / "link").symlink_to("a")
    os.utime(root / "link", ns=(OLD, OLD), follow_symlinks=False)
    os.utime(root / "sub", ns=(OLD, OLD))
    os.utime(root, ns=(OLD, OLD))


def hard_links(root: Path) -> None:
    for number, path in enumerate(files_of(root)):
        os.link(path, root.parent / f"hard link {number}")
    os.link(root / "link", root.parent / "hard link to a link", follow_symlinks=False)


def chmod_and_back(root: Path) -> None:
    for path in files_of(root):
        mode = path.stat().st_mode
        path.chmod(0o600)
        path.chmod(mode)


def chown_and_back(root: Path) -> None:
    for path in [*files_of(root), root / "link"]:
        os.chown(path, 1234, 1234, follow_symlinks=False)
        os.chown(path, os.getuid(), os.getgid(), follow_symlinks=False)


def rename_and_back(root: Path) -> None:
    for path in [*files_of(root), root / "link"]:
        aside = path.rename(root.parent / "aside")
        aside.rename(path)
    for place in (root / "sub", root):
        os.utime(place, ns=(OLD, OLD))


def touch_the_same(root: Path) -> None:
    for path in [*files_of(root), root / "link"]:
        os.utime(path, ns=(OLD, OLD), follow_symlinks=False)


def restore_the_tree(root: Path) -> None:
    copy = root.parent / "restored tree"
    shutil.copytree(root, copy, symlinks=True)
    os.utime(copy / "sub", ns=(OLD, OLD))
    os.utime(copy, ns=(OLD, OLD))
    shutil.rmtree(root)
    copy.rename(root)


def the_same_bytes_again(root: Path) -> None:
    for path in files_of(root):
        data = path.read_bytes()
        path.write_bytes(data[::-1])
        path.write_bytes(data)
        os.utime(path, ns=(OLD, OLD))


SAME: list[Callable[[Path], None]] = [
    hard_links,
    chmod_and_back,
    chown_and_back,
    rename_and_back,
    touch_the_same,
    restore_the_tree,
    the_same_bytes_again,
]


def counted_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    read: list[int] = []
    tree, file = source_module.SourceTree, SourceFile
    small, large = tree.take_small, file.read

    def take_small(self: source_module.SourceTree, entry: Entry) -> tuple[bytes, Metadata]:
        found = small(self, entry)
        read.append(len(found[0]))
        return found

    def read_large(self: SourceFile, offset: int, size: int) -> bytes:
        read.append(size)
        return large(self, offset, size)

    monkeypatch.setattr(tree, "take_small", take_small)
    monkeypatch.setattr(file, "read", read_large)
    return read


def check_figures(world: World) -> None:
    assert world.run is not None
    p = world.run.progress
    assert (p.done_files, p.done_bytes, p.in_flight) == (p.total_files, p.total_bytes, 0)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("choices", "change"),
    [(choices, change) for choices in ("packed", "plain") for change in SAME]
    + [(choices, restore_the_tree) for choices in ("dense", "sealed", "plain twice")],
)
async def test_files_that_only_look_changed(
    world: World,
    store: FaultyStore,
    monkeypatch: pytest.MonkeyPatch,
    choices: str,
    change: Callable[[Path], None],
) -> None:
    if change is chown_and_back and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    world.choices = CHOICES[choices]
    fill(world.root)
    await anyio.sleep(0.05)
    await world.completed()
    store.posts.clear()
    change(world.root)
    await anyio.sleep(0.05)
    copy, read = world.keep_copy(), counted_reads(monkeypatch)
    outcome = await world.upload()
    assert (outcome.state, outcome.message) == (
        JobState.COMPLETED,
        "nothing changed since version 1",
    )
    assert store.posts == []
    assert sum(read) == 2 * sum(SIZES.values()), "each byte is read once"
    assert world.run is not None
    assert world.run.progress.unchanged == world.run.progress.entries == 2 * len(SIZES) + 3
    assert world.run.progress.deduplicated_bytes == 2 * sum(SIZES.values())
    check_figures(world)
    world.check_ledger()
    assert world.query("SELECT count(*) FROM files") == [(2 * len(SIZES) + 3,)]
    read.clear()
    assert (await world.upload()).version == 1
    assert read == [], "what was found the same was not remembered as it looks now"
    await world.assert_restores(1, copy)


def new_modes(root: Path) -> None:
    for path in files_of(root):
        path.chmod(0o751)


def new_times(root: Path) -> None:
    for path in files_of(root):
        os.utime(path, ns=(OLD + 5, OLD + 5))


def new_owners(root: Path) -> None:
    for path in files_of(root):
        os.chown(path, 1234, 4321)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("choices", "change"),
    [(choices, new_modes) for choices in CHOICES]
    + [(choices, change) for choices in ("packed", "plain") for change in (new_times, new_owners)],
)
async def test_other_attributes_are_a_version_that_posts_nothing(
    world: World,
    store: FaultyStore,
    monkeypatch: pytest.MonkeyPatch,
    choices: str,
    change: Callable[[Path], None],
) -> None:
    if change is new_owners and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    world.choices = CHOICES[choices]
    fill(world.root)
    await world.completed()
    first = world.keep_copy()
    store.posts.clear()
    change(world.root)
    second, read = world.keep_copy(), counted_reads(monkeypatch)
    assert await world.completed() == 2
    assert store.posts == []
    assert sum(read) == 2 * sum(SIZES.values())
    snapshots = await world.snapshots()
    assert (snapshots[1].added, snapshots[1].modified) == (0, 2 * len(SIZES))
    assert snapshots[1].stored_size == 0
    await world.assert_restores(1, first)
    await world.assert_restores(2, second)
    places = world.query(
        "SELECT count(DISTINCT (object_id, object_offset)) FROM files WHERE size > 0 AND kind = 0"
    )
    assert places == [(2 * len(SIZES) - 2,)], "a new version's rows point to the old objects"


@pytest.mark.anyio
@pytest.mark.parametrize("choices", CHOICES)
async def test_one_changed_segment_is_one_article(
    world: World, store: FaultyStore, monkeypatch: pytest.MonkeyPatch, choices: str
) -> None:
    world.choices = CHOICES[choices]
    copies = world.choices.copies or 1
    path = world.root / "large"
    path.write_bytes(content(5 * SEGMENT + 5))
    await world.completed()
    first = world.keep_copy()
    for version, segment in enumerate((0, 3, 5), 2):
        store.posts.clear()
        with path.open("r+b") as file:
            file.seek(segment * SEGMENT + 1)
            file.write(b"%d" % version)
        read = counted_reads(monkeypatch)
        assert await world.completed() == version
        monkeypatch.undo()
        assert len(store.posts) == copies
        assert sum(read) == 5 * SEGMENT + 5
        await world.assert_restores(version, world.root)
    await world.assert_restores(1, first)


@pytest.mark.anyio
@pytest.mark.parametrize("size", [10, 60_000, 3 * SEGMENT + 5])
async def test_plain_posts_nothing_that_is_posted(
    world: World, store: FaultyStore, size: int
) -> None:
    """A path may return to its content in any earlier version."""
    world.choices = CHOICES["plain"]
    (world.root / "beside").touch()  # a folder without any file would be refused
    path = world.root / "file"
    for version in (1, 2):
        path.write_bytes(content(size, version))
        await world.completed()
    store.posts.clear()
    path.write_bytes(content(size, 1))
    copy = world.keep_copy()
    assert await world.completed() == 3
    path.unlink()
    assert await world.completed() == 4
    path.write_bytes(content(size, 2))
    assert await world.completed() == 5
    assert store.posts == []
    await world.assert_restores(3, copy)
    await world.assert_restores(5, world.root)
    (world.root / "other").write_bytes(content(size, 1))  # another name: other articles
    await world.completed()
    assert len(store.posts) == -(-size // SEGMENT)


@pytest.mark.anyio
@pytest.mark.parametrize("choices", ["packed", "plain"])
@pytest.mark.parametrize("status", [4, 5, 6])
async def test_a_file_with_lost_articles_is_posted_again(
    world: World, store: FaultyStore, choices: str, status: int
) -> None:
    """Missing, failed and stale articles: an upload that reads their file posts it again."""
    world.choices = CHOICES[choices]
    fill(world.root)
    await world.completed()
    store.articles.clear()
    world.query("UPDATE segments SET status = %s RETURNING 1", status)
    world.query("UPDATE objects SET posted = 0, complete = false RETURNING 1")
    world.query("UPDATE snapshots SET state = 2, errors = 1 RETURNING 1")
    new_modes(world.root)
    outcome = await world.upload()
    assert outcome.state is JobState.COMPLETED
    world.check_ledger()
    await world.assert_restores(outcome.version, world.root)


@pytest.mark.anyio
@pytest.mark.parametrize("choices", ["packed", "dense", "plain"])
@pytest.mark.parametrize("moment", ["usable", "share"])
async def test_articles_lost_during_the_comparison(
    world: World,
    store: FaultyStore,
    monkeypatch: pytest.MonkeyPatch,
    choices: str,
    moment: str,
) -> None:
    """Between the lookup of a file's object and the plan that keeps it there."""
    world.choices = CHOICES[choices]
    fill(world.root)
    await world.completed()
    looked = getattr(known, moment)

    async def lose(tx: Transaction, *values: object) -> object:
        monkeypatch.undo()
        await tx.run("UPDATE segments SET status = 4")
        await tx.run("UPDATE objects SET posted = 0, complete = false")
        await tx.run("UPDATE snapshots SET state = 2, errors = 1 WHERE state = 1")
        store.articles.clear()
        return await looked(tx, *values)

    monkeypatch.setattr(known, moment, lose)
    if moment == "usable":
        new_modes(world.root)
    else:
        with (world.root / "e").open("r+b") as file:
            file.seek(2 * SEGMENT)
            file.write(b"other")
    outcome = await world.upload()
    assert outcome.version == 2
    assert world.run is not None
    assert world.run.progress.done_bytes == world.run.progress.total_bytes
    outcome = await world.upload()  # the articles that the other files lost are posted again
    assert outcome.state is JobState.COMPLETED
    check_figures(world)
    world.check_ledger()
    await world.assert_restores(2, world.root)


@pytest.mark.anyio
@pytest.mark.parametrize("choices", ["packed", "plain"])
@pytest.mark.parametrize("segment", [0, 3])
async def test_an_article_that_only_its_bytes_prove_stays_one(
    world: World, choices: str, segment: int
) -> None:
    """Another object's slices use it, and its failures are recorded."""
    world.choices = CHOICES[choices]
    path = world.root / "large"
    path.write_bytes(content(4 * SEGMENT))
    await world.completed()
    world.query("UPDATE segments SET by_body = true RETURNING 1")
    with path.open("r+b") as file:
        file.seek(segment * SEGMENT)
        file.write(b"other")
    await world.completed()
    # The upload fetched the bytes of those that it checked again meanwhile.
    believed = world.query("SELECT segment_index FROM segments WHERE NOT by_body AND status <> 3")
    assert believed == [(segment,)], "a shared article is believed again"


@pytest.mark.anyio
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_shared_slices_may_come_last(world: World, order: tuple[int, ...]) -> None:
    """Several workers compress between reading and planning: their results overtake."""
    path = world.root / "large"
    path.write_bytes(content(4 * SEGMENT))
    await world.completed()
    ((old,),) = world.query("SELECT object_id FROM files WHERE object_id IS NOT NULL")
    data = content(4 * SEGMENT)[: 3 * SEGMENT] + bytes(SEGMENT)
    path.write_bytes(data)
    run = await world.new_run()
    entry = regular_entry(b"large", path.stat())
    async with run.catalogue.transaction() as tx:
        run.version = await snapshots.begin(tx, run.folder.id)
        await files.apply_changes(tx, run.folder.id, run.version, [entry], [])
    new = NewObject(999, ObjectKind.FILE, len(data), SEGMENT, 4, 1, b"large", b"large")
    last = data[3 * SEGMENT :]
    hashed = digest_of(DigestAlgorithm.BLAKE3, last)
    raw = RawSegment(new, 3, last, b"large", (), entry, hash=hashed, size=len(last))
    digest = FileDigest(DigestKind.SEGMENTS_BLAKE3, b"d" * 32)
    items: list[ReadItem] = [
        SlicesShared(new, entry, old, 0, 3),  # type: ignore[arg-type]
        prepare(raw, Compression.NONE),
        FileRead(new, Placed(b"large", 999, 0, digest)),
    ]
    outstanding = Outstanding()
    outstanding.add()
    prepared = Handover[ReadItem](3)
    out = LaneQueue[OutgoingArticle](9)
    planner = Planner(run, Ledger(), Stage("plan", 1, prepared), outstanding, out)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(planner.work, prepared)
            for number in order:
                prepared.put([items[number]])
                await anyio.sleep(0.1)  # a batch of its own
            prepared.close()
        await outstanding.none_left()
    assert world.query("SELECT state, object_id FROM files WHERE first_version = 2") == [(1, 999)]
    assert world.query("SELECT count(*) FROM segments WHERE object_id = 999") == [(4,)]


@pytest.mark.anyio
@pytest.mark.parametrize("choices", ["packed", "plain"])
async def test_another_size_of_segments(world: World, store: FaultyStore, choices: str) -> None:
    world.choices = CHOICES[choices]
    fill(world.root)
    await world.completed()
    store.posts.clear()
    world.small(chunk_size=125_000)
    chmod_and_back(world.root)
    assert (await world.upload()).message == "nothing changed since version 1"
    assert store.posts == []
    world.small(chunk_size=50_000)  # articles that large may not be allowed any more
    chmod_and_back(world.root)
    outcome = await world.upload()
    world.check_ledger()
    await world.assert_restores(outcome.version, world.root)


def alter(root: Path, rng: random.Random) -> None:
    """One random change: of content, of attributes, or of neither."""
    path = rng.choice(files_of(root))
    size = path.stat().st_size
    match rng.randrange(9):
        case 0 if size:
            with path.open("r+b") as file:
                file.seek(rng.randrange(size))
                file.write(rng.randbytes(1))
        case 1:
            path.chmod(rng.choice([0o600, 0o640, 0o644]))
        case 2:
            os.utime(path, ns=(OLD, OLD + rng.randrange(3)))
        case 3:
            os.link(path, aside := root.parent / f"aside {rng.random()}")
            aside.unlink()
        case 4:
            copy = root.parent / "copy"
            shutil.copy2(path, copy)
            copy.rename(path)
        case 5:
            path.write_bytes(content(size, rng.randrange(3)))
        case 6:
            path.write_bytes(content(rng.choice(list(SIZES.values())), rng.randrange(3)))
        case 7:
            os.chown(path, -1, rng.choice([0, 7]) if os.geteuid() == 0 else -1)
        case _:
            path.unlink()
            if rng.random() < 0.5:
                path.write_bytes(content(size, rng.randrange(3)))
    if not files_of(root):
        (root / "a").write_bytes(b"a")


@pytest.mark.anyio
@pytest.mark.slow
@pytest.mark.parametrize(("seed", "choices"), enumerate(CHOICES))
async def test_random_changes_and_kills(
    world: World, store: FaultyStore, choices: str, seed: int
) -> None:
    """Every version restores to its state then; in `plain` no slice of a path has two articles."""
    world.choices, rng = CHOICES[choices], random.Random(seed)
    world.small(chunk_size=50_000)
    fill(world.root)
    copies: dict[int, Path] = {}
    for _ in range(10):
        for _ in range(rng.randrange(1, 8)):
            alter(world.root, rng)
        if rng.random() < 0.5:
            await killed(world, store, rng.randrange(1, 30))
            for _ in range(rng.randrange(3)):
                alter(world.root, rng)
        outcome = await world.upload()
        assert outcome.state is JobState.COMPLETED, await world.notices()
        check_figures(world)
        world.check_ledger()
        copies[outcome.version] = copies.get(outcome.version) or world.keep_copy()
        await world.assert_restores(outcome.version, world.root)
    for version, copy in copies.items():
        await world.assert_restores(version, copy)
    twice = world.query(
        "SELECT o.first_key, s.segment_index FROM objects o JOIN segments s ON s.object_id = o.id"
        " WHERE s.status <> 6 GROUP BY o.folder_id, o.first_key, o.size, o.segment_size,"
        "       s.segment_index, s.redundancy, s.hash"
        " HAVING count(DISTINCT message_id) > 1"
    )
    assert twice == []


async def killed(world: World, store: FaultyStore, after: int) -> None:
    """An upload that is cut off once so many more articles are posted."""
    run = await world.new_run()
    last = len(store.posts) + after
    with anyio.CancelScope() as scope:

        def kill(_: Article) -> None:
            if len(store.posts) >= last:
                scope.cancel()

        store.after = kill
        await upload(run, frozenset())
    store.after = None
