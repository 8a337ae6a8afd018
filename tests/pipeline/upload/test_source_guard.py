"""A missing source is not an empty one: the uploads that are refused, on real file systems."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from file_systems import away, bound, ext4, quirky, tmpfs
from guarded import copy_all, files, fill, nothing_new, refused, rows
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.segments import Article
from usenetsync_tui.model.sources import RefusalKind
from usenetsync_tui.pipeline.run import judge as judge_module
from usenetsync_tui.pipeline.upload.upload import upload

pytestmark = pytest.mark.anyio


@pytest.fixture
def disk(world: World) -> Iterator[Path]:
    """A disk mounted as the folder."""
    with ext4(world.root) as place:
        yield place


async def test_an_unmounted_folder_is_refused_until_it_is_back(world: World, disk: Path) -> None:
    fill(disk / "sub", 20)
    await world.completed()
    before = rows(world)
    with away(disk):
        found = await refused(world)
        assert (found.kind, found.version, found.files) == (RefusalKind.ANOTHER_FILE_SYSTEM, 1, 20)
        assert rows(world) == before
    await nothing_new(world, 1)


async def test_an_unmounted_folder_of_an_earlier_program_is_refused(
    world: World, disk: Path
) -> None:
    """That program did not record the file system of the folder."""
    fill(disk, 5)
    await world.completed()
    world.query("DELETE FROM mounts RETURNING 1")
    with away(disk):
        found = await refused(world)
        assert (found.kind, found.files, found.missing) == (RefusalKind.EMPTY, 5, 5)
        assert "version 1 holds 5 files" in str(found)
    await nothing_new(world, 1)
    assert world.query("SELECT type FROM mounts") == [("ext4",)]


async def test_the_files_hidden_under_a_mount_point_are_not_the_folder(
    world: World, tmp_path: Path
) -> None:
    fill(world.root, 120)  # below the disk, under the same names
    with ext4(world.root) as disk:
        fill(disk, 120, "file")
        fill(disk, 30, "more")
        await world.completed()
        before = rows(world)
        for knows_the_disk in (True, False):
            if not knows_the_disk:
                world.query("DELETE FROM mounts RETURNING 1")
            with away(disk):
                if knows_the_disk:
                    assert (await refused(world)).kind is RefusalKind.ANOTHER_FILE_SYSTEM
                    assert rows(world) == before
                else:  # the same names are there: the guard sees no loss
                    await world.upload(allow_shrink=True)
                    assert len(files(world, 2)) == 121


async def test_a_parent_that_is_unmounted(world: World, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    world.root = parent / "sub" / "folder"
    with ext4(parent):
        fill(world.root, 10)
        await world.completed()
        with away(parent):
            found = await refused(world)
            assert found.kind is RefusalKind.GONE
            assert "No such file or directory" in str(found)
            fill(world.root, 10)  # the same names on the disk below
            assert (await refused(world)).kind is RefusalKind.ANOTHER_FILE_SYSTEM
            outcome = await world.upload(allow_shrink=True)
            assert outcome.version == 2
            shutil.rmtree(parent / "sub")


@pytest.mark.parametrize("other", ["ext4", "tmpfs"])
async def test_another_disk_is_refused_until_it_is_allowed(
    world: World, disk: Path, other: str
) -> None:
    fill(disk, 10)
    await world.completed()
    copy = world.keep_copy()
    with (
        away(disk),
        ext4(disk, image=world.scratch / "other.image") if other == "ext4" else tmpfs(disk),
    ):
        copy_all(copy, disk)
        found = await refused(world)
        assert found.kind is RefusalKind.ANOTHER_FILE_SYSTEM
        assert "another file system" in str(found)
        outcome = await world.upload(allow_shrink=True)
        assert outcome.state is JobState.COMPLETED
        outcome = await world.upload()  # one allowance is enough
        assert outcome.refusal is None
    assert (await refused(world)).kind is RefusalKind.ANOTHER_FILE_SYSTEM


async def test_a_bind_mount_of_another_folder_of_the_same_disk(
    world: World, tmp_path: Path
) -> None:
    for name in "ab":
        fill(tmp_path / name, 7)
    fill(world.root, 7)
    with bound(tmp_path / "a", world.root):
        await world.completed()
    assert (await refused(world)).kind is RefusalKind.ANOTHER_FILE_SYSTEM  # the directory below it
    with bound(tmp_path / "b", world.root):
        assert (await refused(world)).kind is RefusalKind.ANOTHER_FILE_SYSTEM
    with bound(tmp_path / "a", world.root):
        await nothing_new(world, 1)


async def test_a_folder_reached_through_another_mount_of_the_same_disk_is_the_same(
    world: World,
) -> None:
    """As in a service with a mount namespace of its own."""
    fill(world.root, 7)
    await world.completed()
    with bound(world.root, world.root):
        await nothing_new(world, 1)


@pytest.mark.parametrize("left", ["nothing", "folders", "a FIFO"])
async def test_a_folder_without_files_is_empty(world: World, left: str) -> None:
    fill(world.root / "sub", 5)
    await world.completed()
    before = rows(world)
    shutil.rmtree(world.root / "sub")
    if left == "folders":
        (world.root / "sub").mkdir()
    elif left == "a FIFO":
        os.mkfifo(world.root / "fifo")
    found = await refused(world)
    assert (found.kind, found.files, found.missing) == (RefusalKind.EMPTY, 5, 5)
    assert files(world, 1) == {row[0] for row in before}
    assert await world.completed(allow_shrink=True) == 2
    assert not any(b"file" in path for path in files(world, 2))
    assert (await world.upload()).message == "nothing changed since version 2"


async def test_an_empty_folder_may_stay_empty(world: World) -> None:
    await world.completed()
    await nothing_new(world, 1)


@pytest.mark.parametrize(
    ("files_there", "gone", "is_refused"),
    [(110, 60, True), (100, 51, True), (100, 50, False), (99, 98, False), (99, 99, True)],
)
async def test_more_than_half_of_a_hundred(
    world: World, files_there: int, gone: int, is_refused: bool
) -> None:
    fill(world.root, files_there)
    await world.completed()
    copy = world.keep_copy()
    for path in sorted(world.root.iterdir())[:gone]:
        path.unlink()
    (world.root / "file0098").write_bytes(b"changed") if gone < 99 else None
    outcome = await world.upload()
    if not is_refused:
        assert outcome.version == 2
        return
    found = await refused(world, outcome)
    assert (found.files, found.missing) == (files_there, gone)
    await world.assert_restores(1, copy)
    if gone < files_there:
        assert f"{gone} of the {files_there} files of version 1 are gone" in outcome.message
        read = world.query("SELECT count(*) FROM files WHERE first_version = 2 AND state = 1")
        assert read[0][0] >= 1  # type: ignore[operator]
    changed = world.root / "file0098"
    copy_all(copy, world.root, over=False)
    if changed.read_bytes() == b"changed":
        version = await world.completed()
        assert version == 2
        assert world.run is not None
        await world.assert_restores(2, world.root)


async def test_symlinks_count_as_files(world: World) -> None:
    for number in range(120):
        (world.root / f"link{number}").symlink_to("anywhere")
    await world.completed()
    for number in range(70):
        (world.root / f"link{number}").unlink()
    found = await refused(world)
    assert (found.kind, found.files, found.missing) == (RefusalKind.SHRUNK, 120, 70)


async def test_an_allowance_is_for_one_upload(world: World) -> None:
    fill(world.root, 200)
    await world.completed()
    for number in range(101):
        (world.root / f"file{number:04}").unlink()
    await refused(world)
    assert await world.completed(allow_shrink=True) == 2
    fill(world.root, 200)
    await world.completed()
    for number in range(101):
        (world.root / f"file{number:04}").unlink()
    await refused(world)


@pytest.mark.parametrize("batch_size", [7, 1000])
async def test_rows_that_an_interrupted_run_ended_count_too(
    world: World, disk: Path, batch_size: int
) -> None:
    """An earlier program removed missing files' rows at once."""
    world.small(batch_size=batch_size)
    fill(disk, 110)
    await world.completed()
    folder = await world.folder()
    world.query("UPDATE files SET last_version = 1 WHERE path_key < 'file0060' RETURNING 1")
    world.query("INSERT INTO snapshots (folder_id, version) VALUES (%s, 2) RETURNING 1", folder.id)
    world.query("DELETE FROM mounts RETURNING 1")
    # The walk finds none of these, and most of the others.
    for number in range(60):
        (disk / f"file{number:04}").unlink()
    found = await refused(world)
    assert (found.kind, found.files, found.missing) == (RefusalKind.SHRUNK, 110, 60)
    with away(disk):
        assert (await refused(world)).kind is RefusalKind.EMPTY


async def test_rows_ended_by_an_interrupted_run_return_unread(world: World, disk: Path) -> None:
    fill(disk / "sub", 30)
    (disk / "large").write_bytes(content(200_000))
    (disk / "link").symlink_to("large")
    await world.completed()
    folder = await world.folder()
    world.query("UPDATE files SET last_version = 1 RETURNING 1")
    world.query("INSERT INTO snapshots (folder_id, version) VALUES (%s, 2) RETURNING 1", folder.id)
    with away(disk):
        await refused(world)
    await nothing_new(world, 1)
    assert world.query("SELECT count(*) FROM files WHERE last_version IS NOT NULL") == [(0,)]


async def test_files_of_a_wrong_disk_leave_no_trace(world: World, disk: Path) -> None:
    """Their rows are added, and removed again when the walk ends without most other files."""
    fill(disk, 150)
    await world.completed()
    before = rows(world)
    world.query("DELETE FROM mounts RETURNING 1")
    with away(disk), tmpfs(disk):
        fill(disk, 40)  # the same names
        fill(disk, 3, "other")
        found = await refused(world)
        assert (found.kind, found.missing) == (RefusalKind.SHRUNK, 110)
    await nothing_new(world, 1)
    assert rows(world) == before


@pytest.mark.parametrize("when", ["walked", "read"])
async def test_a_folder_that_is_unmounted_meanwhile(
    world: World, disk: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(disk, 20)
    await world.completed()
    (disk / "file0003").write_bytes(b"another content")
    after_walk, at_the_end = judge_module.Judge.after_walk, judge_module.Judge.at_the_end

    def unmount() -> None:
        subprocess.run(["umount", "--lazy", disk], check=True)

    async def late(self: judge_module.Judge) -> None:
        if when == "walked":
            unmount()
        await after_walk(self)

    async def last(self: judge_module.Judge) -> object:
        if when == "read":
            unmount()
        return await at_the_end(self)

    monkeypatch.setattr(judge_module.Judge, "after_walk", late)
    monkeypatch.setattr(judge_module.Judge, "at_the_end", last)
    found = await refused(world)
    assert found.kind is RefusalKind.REPLACED
    assert not found.can_be_allowed
    assert len(files(world, 1)) == 22  # with lost+found


async def test_a_folder_that_is_deleted_while_it_is_walked_is_not_empty(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The descriptor of a deleted directory lists nothing, without an error."""
    fill(world.root, 20)
    await world.completed()
    begin = judge_module.Judge.begin_walk

    async def deleted(self: judge_module.Judge) -> None:
        await begin(self)
        shutil.rmtree(world.root)
        world.root.mkdir()

    monkeypatch.setattr(judge_module.Judge, "begin_walk", deleted)
    assert (await refused(world)).kind is RefusalKind.REPLACED
    assert len(files(world, 1)) == 21


@pytest.mark.parametrize("below", ["", "sub"])
async def test_changing_inode_numbers_are_no_other_folder(
    world: World, tmp_path: Path, below: str
) -> None:
    fill(tmp_path / "served" / below, 5)
    with quirky(tmp_path / "served", tmp_path / "place", "unstable-inodes"):
        world.root = tmp_path / "place" / below
        for _ in range(2):
            assert (await world.upload()).refusal is None


async def test_an_interrupted_first_upload_counts_for_the_guard(
    world: World, disk: Path, store: FaultyStore
) -> None:
    world.small(chunk_size=20_000)
    fill(disk, 30)
    for number in range(20):
        (disk / f"large{number}").write_bytes(content(90_000, number))
    run = await world.new_run()

    def drain(_: Article) -> None:
        if len(store.posts) > 20:
            run.drain()

    store.after = drain
    assert (await upload(run)).state is JobState.QUEUED
    planned = world.query("SELECT count(*) FROM files WHERE state = 1")
    with away(disk):
        found = await refused(world)
        assert (found.kind, found.version) == (RefusalKind.EMPTY, 1)
    assert world.query("SELECT count(*) FROM files WHERE state = 1") == planned
    assert await world.completed() == 1


async def test_a_run_that_dies_has_removed_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing files are removed in the transaction that creates the version, and not before."""
    fill(world.root, 300)
    await world.completed()
    before = rows(world)
    for number in range(140):
        (world.root / f"file{number:04}").unlink()

    class KilledError(Exception):
        pass

    async def die(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(judge_module.Judge, "at_the_end", die)
        with pytest.raises(KilledError):
            await world.upload()
    assert {row for row in rows(world) if row[1] == 1} >= {r for r in before if r[0]}
    assert world.query("SELECT count(*) FROM vanished") == [(140,)]
    fill(world.root, 300)
    for path in world.root.iterdir():
        path.touch()
    assert await world.completed() == 2
    assert len(files(world, 2)) == 301


async def test_a_racy_file_of_a_killed_run_is_not_resumed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file rewritten in the tick in which it was read; the run that noticed it was killed."""
    file = world.root / "file"
    fill(world.root, 3)
    file.write_bytes(b"before")
    await world.completed()
    file.write_bytes(b"behind")
    status = file.stat()
    world.query(
        "UPDATE files SET racy = true, mtime_ns = %s, ctime_ns = %s WHERE path_key = 'file'"
        " RETURNING 1",
        status.st_mtime_ns,
        status.st_ctime_ns,
    )

    class KilledError(Exception):
        pass

    async def die(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(judge_module.Judge, "at_the_end", die)
        with pytest.raises(KilledError):
            await world.upload()
    assert world.query("UPDATE files SET racy = true WHERE first_version = 2 RETURNING path_key")
    assert await world.completed() == 2
    await world.assert_restores(2, world.root)
