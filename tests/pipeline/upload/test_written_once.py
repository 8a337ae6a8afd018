"""New small files have no row until they are planned: what becomes of them before that."""

from __future__ import annotations

import os
from collections.abc import Sequence

import anyio
import pytest
from trees import content
from worlds import FaultyStore, World, until

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import files, new_files
from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.disk.source.source_tree import NearbyFiles
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.entries import Entry, FileState, NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.lists.files import FileAction, FileFilter, FileSelection
from usenetsync_tui.model.metadata.metadata import Metadata
from usenetsync_tui.model.segments import Article
from usenetsync_tui.pipeline.upload import waiting_files
from usenetsync_tui.pipeline.upload.file_actions import FileAct, act
from usenetsync_tui.pipeline.upload.indexing import merge
from usenetsync_tui.pipeline.upload.upload import upload

pytestmark = pytest.mark.anyio

FILES = 400
FIRST = 20
"""Files of the first batch, which have rows."""


def many(world: World) -> None:
    """Small files, each in a pack of its own: more than the stages hold."""
    world.small(batch_size=FIRST + 1, chunk_size=1_000)  # the folder itself is in the first one
    for number in range(FILES):
        (world.root / f"file {number:03}").write_bytes(content(1_000, number))


def states(world: World) -> dict[bytes, FileState]:
    rows = world.query("SELECT path_key, state FROM files WHERE last_version IS NULL AND kind = 0")
    return {bytes(key): FileState(state) for key, state in rows}  # type: ignore[call-overload]


@pytest.mark.parametrize("digest", DigestAlgorithm)
@pytest.mark.parametrize("wait", [3600.0, 0.0])
async def test_a_row_is_written_once_unless_the_file_waits_too_long(
    world: World, monkeypatch: pytest.MonkeyPatch, wait: float, digest: DigestAlgorithm
) -> None:
    updated: list[Placed] = []
    set_planned = files.set_planned

    async def spy(tx: Transaction, folder: int, placed: Sequence[Placed]) -> None:
        updated.extend(placed)
        await set_planned(tx, folder, placed)

    monkeypatch.setattr(files, "set_planned", spy)
    monkeypatch.setattr(waiting_files, "ROWLESS", wait)
    many(world)
    world.digest = digest
    await world.completed()
    assert len(updated) == FIRST if wait else FIRST <= len(updated) <= FILES
    assert set(states(world).values()) == {FileState.PLANNED}
    await world.assert_restores(1, world.root)


@pytest.mark.parametrize("patience", [3600.0, -1.0])
async def test_rows_of_folders_are_written_together_unless_they_wait_too_long(
    world: World, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    folders, each = 40, 25
    written: list[int] = []
    add = new_files.add

    async def spy(tx: Transaction, folder: int, version: int, entries: Sequence[Entry]) -> None:
        written.append(len(entries))
        await add(tx, folder, version, entries)

    monkeypatch.setattr(new_files, "add", spy)
    monkeypatch.setattr(merge, "_PATIENCE", patience)
    world.small(batch_size=60, chunk_size=10_000)
    for number in range(folders):
        (world.root / f"{number:02}").mkdir()
        for file in range(each):
            (world.root / f"{number:02}" / f"{file:02}").write_bytes(content(500, file))
    await world.completed()
    first, *others = written
    assert len(others) == 1 if patience > 0 else len(others) > 10, others
    # The first batch has the folder itself, and folders with all their files.
    assert sum(others) == folders - round((first - 1) / (each + 1) + 0.5)
    await world.assert_restores(1, world.root)


async def test_files_that_wait_can_be_left_out(world: World, store: FaultyStore) -> None:
    many(world)
    run, go_on = await world.new_run(), anyio.Event()

    async def hold(article: Article) -> None:
        run.gate.close()
        await go_on.wait()

    store.before = hold
    late = FileFilter(words=(b"file 3",))
    async with anyio.create_task_group() as group:
        group.start_soon(upload, run)
        await until(lambda: not run.gate.is_open and run.progress.scanned)
        known = set(states(world))
        assert b"file 399" not in known, "it waits without a row"
        what = FileAct(FileAction.HOLD, FileSelection(run.folder.id, 1, late), 7)
        await act(world.catalogue, what, lambda: run, lambda _: None)
        assert len(states(world)) > len(known)
        store.before = None
        run.gate.open()
        go_on.set()
    found = states(world)
    assert len(found) == FILES
    assert {key for key in found if found[key] is FileState.FAILED} == {
        b"file %03d" % n for n in range(300, 400)
    }
    p = run.progress
    assert (p.done_files, p.done_bytes, p.errors) == (p.total_files, p.total_bytes, 100)


async def test_whatever_reading_finds_the_file_gets_the_row_that_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.small(batch_size=1)
    for name in ("0 first", "bad", "changed", "gone", "good"):
        (world.root / name).write_bytes(name.encode() * 10)
    (world.root / "empty").touch()
    os.link(world.root / "good", world.root / "linked")
    with (world.root / "holes").open("wb") as sparse:
        sparse.truncate(40_000)
        sparse.seek(20_000)
        sparse.write(b"between holes")
    take_small = NearbyFiles.take_small
    seen = set[bytes]()

    def faulty(self: NearbyFiles, entry: Entry, *, holes: bool = True) -> tuple[bytes, Metadata]:
        if entry.path == b"bad":
            raise SourceFileError(NoticeKind.UNREADABLE, "bad sector")
        if entry.path not in seen:
            seen.add(entry.path)
            if entry.path == b"gone":
                (world.root / "gone").unlink()
            elif entry.path == b"changed":
                (world.root / "changed").write_bytes(b"other content")
        return take_small(self, entry, holes=holes)

    monkeypatch.setattr(NearbyFiles, "take_small", faulty)
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE, outcome
    told = {(n.path, n.kind) for n in await world.notices()}
    assert told == {
        (b"bad", NoticeKind.UNREADABLE),
        (b"changed", NoticeKind.CHANGED),
        (b"gone", NoticeKind.VANISHED),
    }
    found = states(world)
    assert found.pop(b"bad") is FileState.FAILED
    there = {b"0 first", b"changed", b"empty", b"good", b"linked", b"holes"}
    assert found == dict.fromkeys(there, FileState.PLANNED)
    restored = await world.restore(1)
    for path in map(os.fsdecode, there):
        assert (restored / path).read_bytes() == (world.root / path).read_bytes()
    assert (restored / "linked").samefile(restored / "good")
    assert (restored / "holes").stat().st_blocks == (world.root / "holes").stat().st_blocks


async def test_a_drained_upload_takes_in_later_what_waited(
    world: World, store: FaultyStore
) -> None:
    many(world)
    run, posts = await world.new_run(), 0

    def drain(article: Article) -> None:
        nonlocal posts
        posts += 1
        if posts == 7:
            run.drain()

    store.before = drain
    outcome = await upload(run)
    assert outcome.state is JobState.QUEUED
    assert len(states(world)) < FILES
    store.before = None
    await world.completed()
    await world.assert_restores(1, world.root)
