"""A mount point inside a folder that has changed: the rows below it stay."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from file_systems import away, bound, ext4, quirky, tmpfs, unmount
from guarded import copy_all, files, fill, guarded, nothing_new, refused, rows
from trees import naive_walk
from worlds import FaultyStore, World

from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.folders import SnapshotState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.segments import Article
from usenetsync_tui.model.sources import RefusalKind
from usenetsync_tui.pipeline.run import judge as judge_module
from usenetsync_tui.pipeline.upload import read as read_module
from usenetsync_tui.pipeline.upload.upload import upload
from usenetsync_tui.pipeline.verify.check import repair

pytestmark = pytest.mark.anyio


@pytest.fixture
def disk(world: World) -> Iterator[Path]:
    """A disk mounted inside a folder that has files of its own."""
    fill(world.root, 5, "own")
    place = world.root / "media" / "disk"
    with ext4(place, image=world.scratch / "disk.image"):
        shutil.rmtree(place / "lost+found")
        yield place


async def test_it_stays_and_the_rest_is_kept_as_usual(world: World, disk: Path) -> None:
    fill(disk / "sub", 20)
    await world.completed()
    below = {row for row in rows(world) if bytes(row[0]).startswith(b"media/disk/")}  # type: ignore[call-overload]
    assert len(below) == 22
    copy = world.keep_copy()
    with away(disk):
        (world.root / "own0001").unlink()
        (world.root / "new").write_bytes(b"new")
        (reason,) = await guarded(world, b"media/disk/")
        assert "is not mounted: the new version keeps the last state of what is below" in reason
        assert rows(world) >= below
        assert b"new" in files(world, 2)
        assert b"own0001" not in files(world, 2)
        assert [s.state for s in await world.snapshots()][1] is SnapshotState.INCOMPLETE
        (reason,) = await guarded(world, b"media/disk/")  # once more
    await nothing_new(world, 2)
    (copy / "own0001").unlink()
    (copy / "new").write_bytes(b"new")
    for name in ("new", "."):
        status = (world.root / name).stat()
        os.utime(copy / name, ns=(status.st_mtime_ns, status.st_mtime_ns))
    await world.assert_restores(2, copy)


def _nothing(disk: Path) -> None:
    pass


def _hidden_files(disk: Path) -> None:
    fill(disk, 3, "hidden")
    fill(disk / "sub", 3)  # with the names of files on the disk


def _no_directory(disk: Path) -> None:
    disk.rmdir()


def _no_parent(disk: Path) -> None:
    shutil.rmtree(disk.parent)


def _symlink(disk: Path) -> None:
    disk.rmdir()
    disk.symlink_to("/tmp")


def _file(disk: Path) -> None:
    disk.rmdir()
    disk.write_bytes(b"a file")


def _symlink_above(disk: Path) -> None:
    shutil.rmtree(disk.parent)
    disk.parent.symlink_to("/tmp")


@pytest.mark.parametrize(
    "change",
    [_nothing, _hidden_files, _no_directory, _no_parent, _symlink, _file, _symlink_above],
    ids=lambda change: change.__name__,
)
@pytest.mark.parametrize("batch_size", [3, 1000])
async def test_the_mount_point_is_replaced_by_something_else(
    world: World, disk: Path, change: Callable[[Path], None], batch_size: int
) -> None:
    world.small(batch_size=batch_size)
    fill(disk / "sub", 20)
    await world.completed()
    copy = world.keep_copy()
    with ExitStack() as stack:
        stack.enter_context(away(disk))
        stack.callback(_place_again, disk)
        change(disk)
        assert await guarded(world, b"media/disk/")
        assert _now(world) == files(world, 1)
        newest = [s.version for s in await world.snapshots()][-1]
        restored = await world.restore(newest)
        assert naive_walk(restored).keys() == naive_walk(copy).keys()
    outcome = await world.upload()  # at most the directory has another time
    assert outcome.state is JobState.COMPLETED
    assert world.run is not None
    assert world.run.progress.total_files == 0
    assert _now(world) == files(world, 1)


def _place_again(disk: Path) -> None:
    """An empty directory to mount on."""
    for path in (disk.parent, disk):
        if path.is_symlink() or path.is_file():
            path.unlink()
    shutil.rmtree(disk, ignore_errors=True)
    disk.mkdir(parents=True)


def _now(world: World) -> set[bytes]:
    found = world.query("SELECT path_key FROM files WHERE last_version IS NULL")
    return {path for (path,) in found if isinstance(path, bytes)}


@contextmanager
def _tmpfs(disk: Path, image: Path) -> Iterator[None]:
    with away(disk), tmpfs(disk):
        yield


@contextmanager
def _other_ext4(disk: Path, image: Path) -> Iterator[None]:
    with away(disk), ext4(disk, image=image):
        yield


@pytest.mark.parametrize("other", [_tmpfs, _other_ext4], ids=["tmpfs", "ext4"])
async def test_another_disk_is_mounted_there(
    world: World, disk: Path, other: Callable[[Path, Path], AbstractContextManager[None]]
) -> None:
    fill(disk, 20)
    await world.completed()
    before = rows(world)
    with other(disk, world.scratch / "other.image"):
        fill(disk, 20)
        fill(disk, 5, "other")
        (reason,) = await guarded(world, b"media/disk/")
        assert "has another file system mounted than before" in reason
        assert rows(world) == before
        assert await world.completed(allow_shrink=True) == 2
        assert b"media/disk/other0000" in files(world, 2)
        await nothing_new(world, 2) if other is _tmpfs else None


async def test_when_allowed_the_new_state_is_saved(world: World, disk: Path) -> None:
    fill(disk, 20)
    await world.completed()
    with away(disk):
        await guarded(world, b"media/disk/")
        assert await world.completed(allow_shrink=True) == 2
        assert not [p for p in files(world, 2) if p.startswith(b"media/disk/file")]
        await nothing_new(world, 2)


async def test_an_empty_mount_point_may_go(world: World, disk: Path) -> None:
    await world.completed()
    with away(disk):
        outcome = await world.upload()
        assert outcome.state is JobState.COMPLETED


@pytest.mark.parametrize(("there", "gone"), [(5, 5), (120, 61), (120, 120)])
async def test_it_is_mounted_and_has_lost_its_files(
    world: World, disk: Path, there: int, gone: int
) -> None:
    fill(disk, there)
    await world.completed()
    for path in sorted(disk.iterdir())[:gone]:
        path.unlink()
    (disk / "new").write_bytes(b"new") if gone < there else None
    (reason,) = await guarded(world, b"media/disk/")
    assert ("is mounted but empty" if gone == there else f"{gone} of the {there}") in reason
    assert {p for p in files(world, 1) if b"file" in p} <= _now(world)
    await guarded(world, b"media/disk/")
    await world.completed(allow_shrink=True)
    assert len([p for p in _now(world) if b"file" in p]) == there - gone


async def test_half_of_it_may_go(world: World, disk: Path) -> None:
    fill(disk, 120)
    await world.completed()
    for path in sorted(disk.iterdir())[:60]:
        path.unlink()
    await world.completed()


async def test_the_folder_is_judged_without_its_mount_points(world: World, disk: Path) -> None:
    """Most of its own files are gone, but few of all files together."""
    fill(disk, 1_000)
    fill(world.root, 120)
    await world.completed()
    for path in world.root.glob("file*"):
        path.unlink()
    found = await refused(world)
    assert (found.kind, found.files, found.missing) == (RefusalKind.SHRUNK, 125, 120)


async def test_the_folder_and_its_mount_point_are_gone(world: World, disk: Path) -> None:
    fill(disk, 20)
    await world.completed()
    before = rows(world)
    with away(disk):
        for path in world.root.glob("own*"):
            path.unlink()
        found = await refused(world)
        assert (found.kind, found.files) == (RefusalKind.EMPTY, 5)
        assert rows(world) >= {row for row in before if b"disk/" in bytes(row[0])}  # type: ignore[call-overload]


async def test_mounts_in_mounts(world: World, disk: Path, tmp_path: Path) -> None:
    fill(disk, 10)
    inner, deepest = disk / "inner", disk / "inner" / "a" / "deepest"
    fill(tmp_path / "elsewhere", 10, "bound")
    with ext4(inner, image=world.scratch / "inner.image"):
        fill(inner, 10)
        with bound(tmp_path / "elsewhere", deepest):
            await world.completed()
        first = files(world, 1)
        (reason,) = await guarded(world, b"media/disk/inner/a/deepest/")
        assert "is not mounted" in reason
        assert _now(world) == first
        with bound(tmp_path / "elsewhere", deepest):
            await nothing_new(world, 1)
        with bound(tmp_path, deepest):
            (reason,) = await guarded(world, b"media/disk/inner/a/deepest/")
            assert "another file system" in reason
    # Both inner ones are gone: a line about the outer one covers both.
    await guarded(world, b"media/disk/inner/")
    assert _now(world) == first


async def test_a_mount_on_top_of_a_mount(world: World, disk: Path) -> None:
    fill(disk, 10)
    await world.completed()
    with tmpfs(disk):
        fill(disk, 10, "top")
        await guarded(world, b"media/disk/")
    await nothing_new(world, 1)


@pytest.mark.parametrize("same", [True, False])
async def test_a_new_mount_that_hides_what_was_below(
    world: World, same: bool, tmp_path: Path
) -> None:
    place = world.root / "place"
    fill(place, 10)
    fill(world.root, 5, "own")
    await world.completed()
    copy = world.keep_copy()
    with tmpfs(place):
        if same:  # its files moved to a disk of their own
            copy_all(copy / "place", place)
            outcome = await world.upload()
            assert outcome.state is JobState.COMPLETED
            return
        fill(place, 3, "new")
        (reason,) = await guarded(world, b"place/")
        assert "is a new mount point, and 10 of the 10 files are gone" in reason
        assert files(world, 1) <= _now(world) | {b""}
        await guarded(world, b"place/")  # by now it is no longer a known mount point
    outcome = await world.upload()
    assert outcome.state is JobState.COMPLETED
    assert files(world, 1) <= _now(world)


async def test_a_new_mount_with_nothing_below_is_new_files(world: World) -> None:
    (world.root / "place").mkdir()
    fill(world.root, 5, "own")
    await world.completed()
    with tmpfs(world.root / "place"):
        fill(world.root / "place", 3)
        assert await world.completed() == 2
        await nothing_new(world, 2)


async def test_pending_files_of_an_interrupted_run_wait_for_their_disk(
    world: World, disk: Path, store: FaultyStore
) -> None:
    world.small(chunk_size=2_000, batch_size=5)
    fill(disk, 10)
    (disk / "before").write_bytes(b"before")
    await world.completed()
    for number in range(40):
        (disk / f"large{number:02}").write_bytes(bytes([number]) * 9_000)
    (disk / "file0003").write_bytes(b"changed")
    run = await world.new_run()

    def drain(_: Article) -> None:
        if len(store.posts) > 30:
            run.drain()

    store.after = drain
    outcome = await upload(run)
    assert outcome.state is JobState.QUEUED
    store.after = None
    waiting = {path for (path,) in world.query("SELECT path_key FROM files WHERE state = 0")}
    assert waiting
    with away(disk):
        await guarded(world, b"media/disk/")
        assert not world.query("SELECT FROM files WHERE state = 0")
        assert files(world, 1) <= _now(world)
        assert waiting.isdisjoint({path for path in _now(world) if b"large" in path})
    outcome = await world.upload()
    assert outcome.state is JobState.COMPLETED
    await world.assert_restores(outcome.version, world.root)


@pytest.mark.parametrize("when", ["walked", "read"])
async def test_it_is_unmounted_meanwhile(
    world: World, disk: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(disk, 20)
    await world.completed()
    (disk / "file0003").write_bytes(b"another content")
    (world.root / "own0001").write_bytes(b"another content")
    after_walk, at_the_end = judge_module.Judge.after_walk, judge_module.Judge.at_the_end

    async def late(self: judge_module.Judge) -> None:
        if when == "walked":
            unmount(disk)
        await after_walk(self)

    async def last(self: judge_module.Judge) -> object:
        if when == "read":
            unmount(disk)
        return await at_the_end(self)

    monkeypatch.setattr(judge_module.Judge, "after_walk", late)
    monkeypatch.setattr(judge_module.Judge, "at_the_end", last)
    outcome = await world.upload()
    assert (outcome.state, outcome.version) == (JobState.INCOMPLETE, 2)
    (notice,) = [n for n in await world.notices() if n.kind is NoticeKind.GUARDED]
    assert "was unmounted while it was read" in notice.reason
    assert files(world, 1) == files(world, 2)
    assert world.query("SELECT size FROM files WHERE first_version = 2 AND path_key = 'own0001'")
    monkeypatch.undo()
    await guarded(world, b"media/disk/")


async def test_it_is_unmounted_before_the_changed_files_are_read(
    world: World, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader finds that the files are deleted, and the mount point shows that they are not."""
    fill(disk, 20)
    await world.completed()
    before = files(world, 1)
    for number in range(10):
        (disk / f"file{number:04}").write_bytes(b"another content")
    fill(disk, 5, "new")
    read = read_module.read_pack

    def unmounted(*args: object) -> object:
        unmount(disk)
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(read_module, "read_pack", unmounted)
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    kinds = {n.kind for n in await world.notices()}
    assert kinds == {NoticeKind.VANISHED, NoticeKind.GUARDED}
    assert _now(world) == before
    assert not world.query("SELECT FROM files WHERE kind = 0 AND first_version = 2")


async def test_a_file_system_whose_server_died(world: World, tmp_path: Path) -> None:
    """Every access fails, also for root."""
    place = world.root / "remote"
    fill(tmp_path / "served", 10)
    fill(world.root, 5, "own")
    with quirky(tmp_path / "served", place):
        await world.completed()
        before = files(world, 1)
        _kill_server(place)
        outcome = await world.upload()
        assert outcome.state is JobState.INCOMPLETE
        assert {n.path for n in await world.notices()} == {b"remote/"}
        assert _now(world) == before
        assert "remote/" in _remembered(world)
        # The folder itself is the dead file system.
        other = World(world.catalogue, world.rows, place, world.scratch, world.store)
        found = await refused(other)
        assert found.kind is RefusalKind.GONE
        assert "not connected" in str(found)
    await guarded(world, b"remote/")
    assert _now(world) == before


def _kill_server(place: Path) -> None:
    for process in Path("/proc").glob("[0-9]*"):
        words = (process / "cmdline").read_bytes().split(b"\0") if process.exists() else []
        if os.fsencode(place) in words and any(b"quirky_fuse" in word for word in words):
            os.kill(int(process.name), signal.SIGKILL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.listdir(place)
        except OSError:
            return
        time.sleep(0.02)
    raise AssertionError("the server lives")


def _remembered(world: World) -> set[str]:
    return {bytes(path).decode() for (path,) in world.query("SELECT path FROM mounts")}  # type: ignore[call-overload]


@pytest.mark.parametrize("verb", ["upload", "verify"])
async def test_articles_of_a_disk_that_is_away_are_not_given_up(
    world: World, disk: Path, store: FaultyStore, verb: str
) -> None:
    """They are posted again from their source once it is back."""
    for number in range(3):
        (disk / f"large{number}").write_bytes(bytes([number]) * 200_000)
    await world.completed()
    names = {bytes(name) for (name,) in world.query("SELECT message_id FROM segments")}  # type: ignore[call-overload]
    for name in list(store.articles)[:2]:
        del store.articles[name]
    assert (await world.verify()).missing == 2
    with away(disk):
        if verb == "upload":
            assert (await world.upload()).state is JobState.INCOMPLETE
        else:
            assert (await repair(await world.new_run())).seen < 2
        assert not world.query("SELECT FROM segments WHERE status = 6")
        assert not world.query("SELECT FROM files WHERE state <> 1")
    outcome = await world.upload()
    assert outcome.state is JobState.COMPLETED
    assert store.articles.keys() == names
    await world.assert_restores(1, world.root)


async def test_a_check_believes_no_folder_that_is_another_one(
    world: World, disk: Path, store: FaultyStore
) -> None:
    fill(disk, 3)
    other = World(world.catalogue, world.rows, disk, world.scratch, world.store)
    await other.completed()
    store.articles.clear()
    assert (await other.verify()).missing == 1
    with away(disk), pytest.raises(SourceError, match=r"^The folder is on another file system"):
        await repair(await other.new_run())
    assert not other.query("SELECT FROM segments WHERE status = 6")
    assert (await repair(await other.new_run())).seen == 1


async def test_a_missing_disk_moves_later_than_its_folder(
    world: World, disk: Path, store: FaultyStore
) -> None:
    """To another profile, or to more copies."""
    fill(disk, 5)
    await world.completed()
    before = _now(world)
    with away(disk):
        world.choices = FolderChoices(copies=2)
        await guarded(world, b"media/disk/")
        assert _now(world) == before
        assert world.query("SELECT count(*) FROM objects WHERE copies = 2") == [(1,)]
    outcome = await world.upload()
    assert outcome.state is JobState.COMPLETED
    assert not world.query(
        "SELECT FROM files f JOIN objects o ON o.id = f.object_id"
        " WHERE f.last_version IS NULL AND o.copies < 2"
    )
    await world.assert_restores(outcome.version, world.root)
