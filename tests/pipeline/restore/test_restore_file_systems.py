"""restore: what a file system does not support costs an attribute, never the content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from file_systems import ext4, quirky, vfat
from quirky_fuse import LIMIT, Quirk
from trees import compare_trees, content
from worlds import FaultyStore, World

from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.pipeline.restore.report import TOLD_EACH

LARGE = 60_000
WHEN = 1_500_000_000_123_456_789
OTHER = 4_242
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def fill(root: Path) -> None:
    """Files of all sizes, folders and a symlink, with modes, owners and times of their own."""
    for number, size in enumerate((0, 10, 49_000, LARGE, 3 * LARGE)):
        for mode in (0o640, 0o755, 0o400):
            path = root / f"folder {number}" / f"{size} {mode:o}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content(size, number))
            path.chmod(mode)
    (root / "folder 1" / "link").symlink_to("10 640")
    for path in sorted(root.rglob("*"), reverse=True):
        if os.geteuid() == 0:
            os.chown(path, OTHER, OTHER, follow_symlinks=False)
        os.utime(path, ns=(WHEN, WHEN), follow_symlinks=False)


def contents(root: Path) -> dict[str, bytes]:
    files = (p for p in root.rglob("*") if p.is_file() and not p.is_symlink())
    return {str(p.relative_to(root)): p.read_bytes() for p in files}


def inodes(root: Path) -> dict[str, int]:
    return {str(p.relative_to(root)): p.lstat().st_ino for p in root.rglob("*")}


CANNOT = {
    "chmod": ({Quirk.NO_CHMOD}, {"mode not set: Operation not supported"}),
    "chown": (
        {Quirk.NO_CHOWN},
        {"owner not set: Operation not permitted", "group not set: Operation not permitted"},
    ),
    "utime": ({Quirk.NO_UTIME}, {"time not set: Operation not supported"}),
    "nothing, and does not say so": (
        {Quirk.IGNORES},
        {
            "mode not set: the file system keeps another",
            "owner not set: the file system keeps another",
            "group not set: the file system keeps another",
            "time not set: the file system keeps another",
        },
    ),
    "any of them": (
        {Quirk.NO_CHMOD, Quirk.NO_CHOWN, Quirk.NO_UTIME},
        {
            "mode not set: Operation not supported",
            "owner not set: Operation not permitted",
            "group not set: Operation not permitted",
            "time not set: Operation not supported",
        },
    ),
}


@needs_root
@pytest.mark.anyio
@pytest.mark.parametrize(("quirks", "reasons"), CANNOT.values(), ids=CANNOT.keys())
async def test_content_is_restored_and_unset_attributes_are_reported(
    world: World, store: FaultyStore, tmp_path: Path, quirks: set[Quirk], reasons: set[str]
) -> None:
    fill(world.root)
    await world.completed()
    with quirky(tmp_path / "kept", tmp_path / "mount", *quirks) as target:
        await world.restore(1, target)
        assert contents(tmp_path / "kept") == contents(world.root)
        assert (target / "folder 1" / "link").is_symlink()
        notices = await world.notices()
        assert {n.reason for n in notices} == reasons
        assert {n.kind for n in notices} == {NoticeKind.ATTRIBUTES}
        told = {n.path.rstrip(b"/") for n in notices}
        assert told >= {os.fsencode(name) for name in contents(world.root)}
        assert world.run is not None
        p = world.run.progress
        assert (p.done_files, p.missed_files) == (p.total_files, 0)
        assert p.errors
        # The second restore fetches nothing and writes almost nothing.
        store.fetches.clear()
        before = inodes(tmp_path / "kept")
        await world.restore(1, target)
        p = world.run.progress
        assert store.fetches == []
        assert p.errors, "and it is reported again"
        after = inodes(tmp_path / "kept")
        again = [name for name in after if after[name] != before[name]]
        assert len(again) <= world.limits.max_workers + 1, "only to find out that it cannot be"
        assert contents(tmp_path / "kept") == contents(world.root)


@needs_root
@pytest.mark.anyio
async def test_set_user_id_bits_where_owners_cannot_be_set(world: World, tmp_path: Path) -> None:
    fill(world.root)
    program = world.root / "folder 1" / "10 755"
    program.chmod(0o6755)
    await world.completed()
    with quirky(tmp_path / "kept", tmp_path / "mount", Quirk.NO_CHOWN) as target:
        await world.restore(1, target)
        assert (target / "folder 1" / "10 755").stat().st_mode & 0o7777 == 0o755
    told = {n.reason for n in await world.notices() if n.path == b"folder 1/10 755"}
    assert "set-user-id bit left out: its owner could not be set" in told
    assert "set-group-id bit left out: its group could not be set" in told


@pytest.mark.anyio
@pytest.mark.parametrize("quirk", [Quirk.NO_REPLACING, Quirk.NO_RENAME, Quirk.NO_SIZE])
async def test_fallbacks_for_system_calls(world: World, tmp_path: Path, quirk: Quirk) -> None:
    fill(world.root)
    await world.completed()
    with quirky(tmp_path / "kept", tmp_path / "mount", quirk) as target:
        await world.restore(1, target)
        if quirk is Quirk.NO_RENAME:  # there is no other way to create a symlink
            (notice,) = await world.notices()
            assert notice.path == b"folder 1/link"
            (tmp_path / "kept" / "folder 1" / "link").symlink_to("10 640")
            os.utime(tmp_path / "kept" / "folder 1", ns=(WHEN, WHEN))
        else:
            assert await world.notices() == []
        assert contents(tmp_path / "kept") == contents(world.root)
        for name in ("10 755", "10 400"):
            (target / "folder 1" / name).chmod(0o644)
            (target / "folder 1" / name).write_bytes(b"changed since")
        (target / "folder 4" / f"{3 * LARGE} 755").write_bytes(content(3 * LARGE, 77))
        (target / "folder 3" / f"{LARGE} 755").chmod(0o600)
        await world.restore(1, target)
        assert contents(tmp_path / "kept") == contents(world.root)
        wrong = compare_trees(world.root, tmp_path / "kept")
        assert [line for line in wrong if "link" not in line] == []


@pytest.mark.anyio
async def test_no_symlinks(world: World, tmp_path: Path) -> None:
    fill(world.root)
    await world.completed()
    with quirky(tmp_path / "kept", tmp_path / "mount", Quirk.NO_SYMLINK) as target:
        await world.restore(1, target)
    (notice,) = await world.notices()
    assert (notice.kind, notice.path) == (NoticeKind.UNWRITABLE, b"folder 1/link")
    assert notice.reason == "this file system has no symlinks (Operation not permitted)"
    wrong = compare_trees(world.root, tmp_path / "kept")
    assert len(wrong) == 1 and "link" in wrong[0]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("quirk", "step"),
    [
        (Quirk.COARSE_TIMES, 2 * 10**9),
        (Quirk.TEN_MILLISECONDS, 10**7),
        (Quirk.HUNDRED_NANOSECONDS, 100),
    ],
)
async def test_times_in_steps(
    world: World, store: FaultyStore, tmp_path: Path, quirk: Quirk, step: int
) -> None:
    fill(world.root)
    await world.completed()
    with quirky(tmp_path / "kept", tmp_path / "mount", quirk) as target:
        await rounded(world, store, target, step)


@needs_root
@pytest.mark.anyio
async def test_times_in_whole_seconds(world: World, store: FaultyStore, tmp_path: Path) -> None:
    fill(world.root)
    await world.completed()
    with ext4(tmp_path / "disk", inode_size=128) as disk:
        await rounded(world, store, disk / "target", 10**9)


@needs_root
@pytest.mark.anyio
async def test_a_real_fat(world: World, tmp_path: Path) -> None:
    """On a kernel with FAT: it costs attributes, and one of two names that FAT confuses."""
    fill(world.root)
    (world.root / "README").write_bytes(content(LARGE, 1))
    (world.root / "readme").write_bytes(content(LARGE, 2))
    await world.completed()
    with vfat(tmp_path / "disk") as disk:
        await world.restore(1, disk / "target")
        wanted, got = contents(world.root), contents(disk / "target")
        assert len(got) == len(wanted) - 1
        assert {n.lower() for n in got} == {n.lower() for n in wanted}
        assert all(wanted[n] == data for n, data in got.items())
        told = [n for n in await world.notices() if n.kind is not NoticeKind.NOTED]
        assert any(n.path.lower() == b"readme" for n in told)


async def rounded(world: World, store: FaultyStore, target: Path, step: int) -> None:
    """Times come as close as possible: this is reported once, and is no error. `step`: ns."""
    for turn in range(2):
        store.fetches.clear()
        await world.restore(1, target)
        (notice,) = (await world.notices())[turn:]
        assert notice.kind is NoticeKind.NOTED
        lost = "fraction" if step >= 10**9 else "last digits"
        assert notice.reason.startswith(f"time set without its {lost}: ")
        assert contents(target) == contents(world.root)
        assert world.run is not None and world.run.progress.errors == 0
        wanted = WHEN - WHEN % step
        assert {p.lstat().st_mtime_ns for p in target.rglob("*")} == {wanted}
        assert bool(store.fetches) is not bool(turn)


@pytest.mark.anyio
async def test_names_that_cannot_be(world: World, store: FaultyStore, tmp_path: Path) -> None:
    fill(world.root)
    for name in ("a:b", "c:d/in it", "c:d/deeper/in it"):
        (world.root / name).parent.mkdir(parents=True, exist_ok=True)
        (world.root / name).write_bytes(content(LARGE, 100 + len(name)))
    (world.root / "li:nk").symlink_to("a:b")
    await world.completed()
    with quirky(tmp_path / "kept", tmp_path / "mount", Quirk.NO_COLONS) as target:
        await world.restore(1, target)
        right = {k: v for k, v in contents(world.root).items() if ":" not in k}
        assert contents(target) == right
    told = await world.notices()
    assert {n.reason for n in told} == {
        "this file system does not allow the name (Invalid argument)"
    }
    assert {n.path for n in told} == {
        b"a:b", b"li:nk", b"c:d/", b"c:d/in it", b"c:d/deeper/", b"c:d/deeper/in it"
    }  # fmt: skip
    assert world.run is not None
    p = world.run.progress
    assert (p.done_files, p.missed_files) == (len(right), 3)
    fetched = world.query(
        "SELECT convert_from(path_key, 'utf8') FROM files JOIN segments USING (object_id)"
        " WHERE message_id = ANY(%s)",
        store.fetches,
    )
    assert not any(":" in str(name) for (name,) in fetched), "fetched in vain"


@pytest.mark.anyio
async def test_files_that_are_too_large(world: World, store: FaultyStore, tmp_path: Path) -> None:
    world.small(chunk_size=100_000)
    (world.root / "fits").write_bytes(content(LIMIT))
    (world.root / "too large").write_bytes(content(LIMIT + 1))
    await world.completed()
    with quirky(tmp_path / "kept", tmp_path / "mount", Quirk.SMALL_FILES) as target:
        await world.restore(1, target)
        assert os.listdir(tmp_path / "kept") == ["fits"]
        assert (target / "fits").read_bytes() == content(LIMIT)
    (notice,) = await world.notices()
    assert (notice.kind, notice.path) == (NoticeKind.UNWRITABLE, b"too large")
    assert notice.reason == "this file system cannot hold a file of this size (File too large)"
    assert len(store.fetches) == 11, "of the other file"


@needs_root
@pytest.mark.anyio
async def test_a_limit_of_all_files_is_reported_once(world: World, tmp_path: Path) -> None:
    count = TOLD_EACH + 150
    for number in range(count):
        (world.root / f"{number:04}").write_bytes(b"%d" % number)
        (world.root / f"{number:04}").chmod(0o1640)  # no file is created with such a mode
    await world.completed()
    with quirky(tmp_path / "kept", tmp_path / "mount", Quirk.NO_CHMOD) as target:
        await world.restore(1, target)
        assert len(list(target.iterdir())) == count
    notices = await world.notices()
    assert len(notices) == TOLD_EACH + 1
    assert {n.path for n in notices} < {b"%04d" % n for n in range(count)} | {b""}
    assert notices[-1].reason.startswith("mode not set: Operation not supported (and ")
