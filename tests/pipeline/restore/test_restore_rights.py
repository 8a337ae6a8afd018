"""restore: no user gets more rights than before, and nothing outside the target changes."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from trees import as_nobody, compare_trees, content, small_files
from worlds import FaultyStore, World

from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.filters import FilterChoices
from usenetsync_tui.model.restores.choices import RestoreChoices

LARGE = 60_000
NOBODY = 65_534
SOMEBODY, THEIR_GROUP = 4_242, 4_343
WHEN = 1_500_000_000_123_456_789
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def place(short_folder: Path) -> Iterator[Path]:
    """A folder that belongs to an ordinary user (nobody)."""
    folder = short_folder / "place"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)


def make(path: Path, size: int, mode: int, uid: int, gid: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content(size, size + mode))
    os.chown(path, uid, gid)
    path.chmod(mode)


def rights(root: Path) -> dict[str, tuple[str, int, int, int]]:
    """Mode, owner, group and time of everything below a folder, itself included."""
    found = {}
    for path in [root, *root.rglob("*")]:
        status = path.lstat()
        found[str(path.relative_to(root))] = (
            stat.filemode(status.st_mode),
            status.st_uid,
            status.st_gid,
            status.st_mtime_ns,
        )
    return found


def programs(root: Path) -> None:
    """Files, folders and symlinks of several owners, with every kind of bit."""
    for size in (0, 10, LARGE):
        for uid, gid in ((0, 0), (SOMEBODY, THEIR_GROUP), (SOMEBODY, 0), (0, THEIR_GROUP)):
            for mode in (0o4755, 0o2755, 0o6711, 0o1644, 0o640, 0o000):
                make(root / f"{uid}.{gid}" / f"{mode:o} {size}", size, mode, uid, gid)
    for mode in (0o2775, 0o1777, 0o700, 0o6750):
        folder = root / f"folder {mode:o}"
        folder.mkdir()
        make(folder / "in it", 10, 0o2640, SOMEBODY, THEIR_GROUP)
        os.chown(folder, SOMEBODY, THEIR_GROUP)
        folder.chmod(mode)
    (root / "link").symlink_to("elsewhere")
    os.chown(root / "link", SOMEBODY, THEIR_GROUP, follow_symlinks=False)
    os.chown(root, SOMEBODY, THEIR_GROUP)
    root.chmod(0o2750)


@needs_root
@pytest.mark.anyio
async def test_owners_and_groups_come_back_before_the_modes(world: World) -> None:
    programs(world.root)
    await world.completed()
    restored = await world.restore(1)
    assert await world.notices() == []
    assert rights(restored) == rights(world.root)
    inodes = {p: p.lstat().st_ino for p in restored.rglob("*")}
    await world.restore(1, restored)
    assert {p: p.lstat().st_ino for p in restored.rglob("*")} == inodes, "right: left alone"


@needs_root
@pytest.mark.anyio
async def test_a_wrong_owner_is_corrected(world: World) -> None:
    programs(world.root)
    await world.completed()
    restored = await world.restore(1)
    for path in [restored, *restored.rglob("*")]:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    await world.restore(1, restored)
    assert await world.notices() == []
    assert rights(restored) == rights(world.root)


@needs_root
@pytest.mark.anyio
async def test_without_its_owner_no_program_gets_its_bit(world: World) -> None:
    """Rows of an earlier program, which recorded no owners."""
    programs(world.root)
    await world.completed()
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        connection.execute("UPDATE files SET uid = NULL, gid = NULL")
    restored = await world.restore(1)
    expected = rights(world.root)
    for path, (mode, uid, gid, _) in rights(restored).items():
        assert (uid, gid) == (0, 0)
        assert "s" not in mode.lower()
        kept = expected[path][0].replace("s", "x").replace("S", "-")
        assert mode.replace("T", "t") == kept.replace("T", "t")
    told = {(n.kind, n.reason) for n in await world.notices()}
    assert told == {
        (NoticeKind.ATTRIBUTES, "set-user-id bit left out: its owner is not known"),
        (NoticeKind.ATTRIBUTES, "set-group-id bit left out: its group is not known"),
    }
    assert world.run is not None and world.run.progress.errors
    assert world.run.progress.missed_files == 0, "the content is there"


@needs_root
@pytest.mark.anyio
async def test_an_ordinary_user_gets_the_files_as_his_own(world: World, place: Path) -> None:
    programs(world.root)
    make(world.root / "his" / "program", 10, 0o4755, NOBODY, NOBODY)
    make(world.root / "his" / "large", LARGE, 0o6755, NOBODY, NOBODY)
    await world.completed()
    for _ in range(2):  # the second restore finds it, as complete as it can be
        await world.connect()
        with as_nobody():
            await world.restore(1, place / "target")
        expected = rights(world.root)
        found = rights(place / "target")
        assert found.keys() == expected.keys()
        for path, (mode, uid, gid, mtime_ns) in found.items():
            assert uid == NOBODY
            assert mtime_ns == expected[path][3]
            if path.startswith("his/"):
                assert (mode, gid) == (expected[path][0], NOBODY)
            elif gid != expected[path][2]:
                assert "s" not in mode.lower(), path
            else:
                assert mode[3] not in "sS", path
        notices = await world.notices()
        errors = {n.reason for n in notices if n.is_error}
        assert errors == {
            "set-user-id bit left out: its owner could not be set",
            "set-group-id bit left out: its group could not be set",
        }
        (noted, *more) = [n for n in notices if not n.is_error]
        assert noted.kind is NoticeKind.NOTED
        assert noted.reason.startswith("owner or group not set: only root may (and ")
        assert len(more) <= 1


@needs_root
@pytest.mark.anyio
async def test_owners_alone_do_not_make_it_incomplete(world: World, place: Path) -> None:
    small_files(world.root, 300)
    await world.completed()
    await world.connect()
    with as_nobody():
        await world.restore(1, place / "target")
    (notice,) = await world.notices()
    assert not notice.is_error
    assert world.run is not None and world.run.progress.errors == 0
    assert compare_trees(world.root, place / "target") == []


@needs_root
@pytest.mark.anyio
async def test_closed_directories_are_opened_to_delete_in_them(world: World, place: Path) -> None:
    """Those of the version get its mode back; those that stay keep their own."""
    for name in ("closed", "stays"):
        make(world.root / name / "file", 5, 0o444, NOBODY, NOBODY)
    (world.root / "closed").chmod(0o555)
    world.choices = FolderChoices(filters=FilterChoices(exclude=(b"*.keep",)))
    await world.completed()
    await world.connect()
    target = place / "target"
    with as_nobody():
        for name in ("closed/surplus", "gone/deep/surplus", "left/kept.keep", "left/surplus"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(b"")
        for name in ("closed", "gone/deep", "gone", "left"):
            (target / name).chmod(0o555)
        await world.restore(1, target, owns=False, choices=RestoreChoices(delete=True))
    assert world.run is not None and world.run.progress.errors == 0
    found = {f"{p.relative_to(target)}": stat.S_IMODE(p.stat().st_mode) for p in target.rglob("*")}
    assert found.pop("left") == 0o555 and found.pop("left/kept.keep")
    assert found == {
        f"{p.relative_to(world.root)}": stat.S_IMODE(p.stat().st_mode)
        for p in world.root.rglob("*")
    }


@needs_root
@pytest.mark.anyio
async def test_an_invalid_owner_number(world: World) -> None:
    (world.root / "file").write_bytes(b"x")
    (world.root / "program").write_bytes(b"x")
    (world.root / "program").chmod(0o6755)
    await world.completed()
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        connection.execute("UPDATE files SET uid = 1::int8 << 40, gid = -5 WHERE kind = 0")
    restored = await world.restore(1)
    assert (restored / "file").read_bytes() == b"x"
    assert stat.S_IMODE((restored / "program").stat().st_mode) == 0o755
    reasons = {n.reason for n in await world.notices()}
    assert "owner not set: there is no such number" in reasons
    assert "group not set: there is no such number" in reasons


@pytest.mark.anyio
async def test_no_other_user_can_read_an_unfinished_file(
    world: World, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the final mode and the umask: until it is done, only its writer can read it."""
    (world.root / "small").write_bytes(b"secret")
    (world.root / "large").write_bytes(content(LARGE))
    for name in ("small", "large"):
        (world.root / name).chmod(0o666)
    await world.completed()
    modes: list[tuple[str, int]] = []
    target = world.scratch / "target"

    def look() -> None:
        for folder, _, names in os.walk(target):
            for name in (name for name in names if name.endswith(".part")):
                # Other threads rename finished files: an error would look like the writer's.
                with contextlib.suppress(FileNotFoundError):
                    modes.append((name, stat.S_IMODE(Path(folder, name).lstat().st_mode)))

    chmod, write, pwrite = os.chmod, os.write, os.pwrite
    monkeypatch.setattr(os, "write", lambda fd, data: (write(fd, data), look())[0])
    monkeypatch.setattr(os, "pwrite", lambda fd, d, at: (pwrite(fd, d, at), look())[0])
    monkeypatch.setattr(os, "chmod", lambda at, mode: (look(), chmod(at, mode))[1])
    before = os.umask(0)
    try:
        await world.restore(1, target)
    finally:
        os.umask(before)
    assert {mode for _, mode in modes} == {0o600}
    assert compare_trees(world.root, target) == []


# ---- existing files are replaced, not changed


def link_copy(tree: Path, aside: Path) -> None:
    subprocess.run(["cp", "-al", tree, aside], check=True)


@pytest.mark.anyio
@pytest.mark.parametrize("size", [0, 10, LARGE])
async def test_hard_links_of_a_restored_file_are_not_changed(world: World, size: int) -> None:
    """`cp -al` of a restored tree, hardened; restored again."""
    for number in range(6):
        (world.root / f"file{number}").write_bytes(content(size, number))
    (world.root / "link").symlink_to("file1")
    await world.completed()
    target, aside = await world.restore(1), world.scratch / "aside"
    link_copy(target, aside)
    (aside / "file0").chmod(0o400)
    os.utime(aside / "file1", ns=(5, 5))
    if os.geteuid() == 0:
        os.chown(aside / "file2", SOMEBODY, THEIR_GROUP)
        os.chown(aside / "link", SOMEBODY, THEIR_GROUP, follow_symlinks=False)
    (aside / "file3").write_bytes(b"changed")
    (aside / "file4").write_bytes(content(size, 4) + b"longer")
    os.utime(aside / "link", ns=(7, 7), follow_symlinks=False)
    before = rights(aside), {p: p.read_bytes() for p in aside.glob("file*")}
    inodes = {p.name: p.lstat().st_ino for p in aside.iterdir()}
    await world.restore(1, target)
    assert await world.notices() == []
    assert compare_trees(world.root, target) == []
    assert rights(target) == rights(world.root)
    assert (rights(aside), {p: p.read_bytes() for p in aside.glob("file*")}) == before
    assert {p.name: p.lstat().st_ino for p in aside.iterdir()} == inodes
    assert (target / "file5").stat().st_ino == inodes["file5"], "right: left alone"


@pytest.mark.anyio
@pytest.mark.parametrize("size", [10, LARGE])
async def test_a_file_that_another_program_has_open_is_not_changed(world: World, size: int) -> None:
    (world.root / "file").write_bytes(content(size))
    await world.completed()
    target = await world.restore(1)
    (target / "file").chmod(0o600)
    with (target / "file").open("rb") as opened:
        before = os.fstat(opened.fileno())
        await world.restore(1, target)
        after = os.fstat(opened.fileno())
        assert opened.read() == content(size)
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert after.st_nlink == 0
    assert compare_trees(world.root, target) == []


@pytest.mark.anyio
async def test_only_differing_files_are_fetched(world: World, store: FaultyStore) -> None:
    for number in range(6):
        (world.root / f"file{number}").write_bytes(content(LARGE, number))
    await world.completed()
    target = await world.restore(1)
    store.fetches.clear()
    for number in range(3):
        (target / f"file{number}").chmod(0o700)
    (target / "file5").write_bytes(b"other")
    await world.restore(1, target)
    assert len(store.fetches) == 1, "a copy on the spot has the right bytes already"
    assert compare_trees(world.root, target) == []


# ---- the folders around a part of a version


@pytest.mark.anyio
@pytest.mark.parametrize("prefix", ["srv/www/site", "srv/www/site/", "srv/www/site/deep/file"])
async def test_the_folders_around_a_part_get_their_attributes(world: World, prefix: str) -> None:
    site = world.root / "srv" / "www" / "site"
    (site / "deep").mkdir(parents=True)
    (site / "deep" / "file").write_bytes(b"x")
    (world.root / "srv" / "other").write_bytes(b"x")
    owner = (SOMEBODY, THEIR_GROUP) if os.geteuid() == 0 else (-1, -1)
    folders = [site / "deep", site, site.parent, site.parent.parent, world.root]
    for number, folder in enumerate(folders):
        os.chown(folder, *owner)
        folder.chmod((0o755, 0o2750, 0o1777, 0o711, 0o775)[number])
        os.utime(folder, ns=(WHEN + number, WHEN + number))
    await world.completed()
    for owns in (True, False):
        target = world.scratch / f"target {owns}"
        await world.restore(1, target, os.fsencode(prefix), owns=owns)
        expected, found = rights(world.root), rights(target)
        assert set(found) == {".", "srv", "srv/www", *(k for k in expected if "site" in k)}
        for path in found:
            if path != "." or owns:
                assert found[path] == expected[path], path
        if not owns:
            assert found["."][0] == "drwx------", "a folder that was there is not ours to change"


# ---- an ordinary user and folders that he may not write into


def modules(root: Path) -> None:
    """As in Go's module cache: read-only throughout."""
    for number in range(5):
        folder = root / f"mod{number}" / "deep" / "deeper"
        folder.mkdir(parents=True)
        for size in (0, 10, LARGE):
            (folder.parent / f"file {size}").write_bytes(content(size, number))
            (folder / f"file {size}").write_bytes(content(size, number + 10))
        (folder / "link").symlink_to("file 0")
    (root / "go.mod").write_bytes(b"module")
    (root / "large").write_bytes(content(LARGE, 99))
    for path in sorted(root.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(0o555 if path.is_dir() else 0o444)
    for number, mode in enumerate((0o500, 0o111, 0o444, 0o000, 0o300)):
        (root / f"mod{number}" / "deep").chmod(mode)
    root.chmod(0o555)


@needs_root
@pytest.mark.anyio
@pytest.mark.parametrize("workers", [1, 4])
async def test_folders_without_the_right_to_write(
    world: World, store: FaultyStore, place: Path, workers: int
) -> None:
    modules(world.root)
    world.small(max_workers=workers, batch_size=3)
    await world.completed()
    target = place / "target"

    async def restored(fetches: bool) -> None:
        store.fetches.clear()
        await world.connect()
        with as_nobody():
            await world.restore(1, target)
        assert world.run is not None
        assert [n for n in await world.notices() if n.is_error] == []
        p = world.run.progress
        assert (p.done_files, p.missed_files) == (32, 0)
        assert compare_trees(world.root, target) == []
        assert bool(store.fetches) is fetches

    await restored(fetches=True)
    await restored(fetches=False)  # the finished tree: nothing to do
    for changed in (
        "go.mod",
        "large",
        "mod0/deep/deeper/file 10",
        f"mod1/deep/file {LARGE}",
        "mod3/deep/file 0",
    ):
        (target / changed).chmod(0o644)
        (target / changed).write_bytes(b"changed")
    (target / "mod2" / "deep" / "deeper" / "file 10").unlink()
    (target / "mod4" / "deep" / "deeper" / "link").unlink()
    os.utime(target / "mod4" / "deep", ns=(1, 1))
    shutil.rmtree(target / "mod1" / "deep" / "deeper")
    await restored(fetches=True)


@needs_root
@pytest.mark.anyio
async def test_folders_are_closed_again_after_lost_articles(
    world: World, store: FaultyStore, place: Path
) -> None:
    modules(world.root)
    world.small(batch_size=3, chunk_size=10_000)
    await world.completed()
    lost = dict(list(store.articles.items())[::3])
    for name in lost:
        del store.articles[name]
    target = place / "target"
    await world.connect()
    with as_nobody():
        await world.restore(1, target)
    assert world.run is not None and world.run.progress.missed_files
    folders = {k: v for k, v in rights(world.root).items() if v[0][0] == "d"}
    assert {k: v[0] for k, v in rights(target).items() if v[0][0] == "d"} == {
        k: v[0] for k, v in folders.items()
    }
    store.articles.update(lost)
    await world.connect()
    with as_nobody():
        await world.restore(1, target)
    assert compare_trees(world.root, target) == []


@needs_root
@pytest.mark.anyio
async def test_an_existing_closed_target_stays_closed(world: World, place: Path) -> None:
    (world.root / "file").write_bytes(b"x")
    await world.completed()
    target = place / "target"
    await world.connect()
    with as_nobody():
        for mode in (0o555, 0o000, 0o311):
            target.mkdir(exist_ok=True)
            (target / "file").unlink(missing_ok=True)
            target.chmod(mode)
            await world.restore(1, target, owns=False)
            assert stat.S_IMODE(target.stat().st_mode) == mode
            target.chmod(0o755)
            assert (target / "file").read_bytes() == b"x"
