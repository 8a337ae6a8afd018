"""The rules of the source guard, and how file systems are recognised."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from file_systems import bound, ext4, tmpfs

from usenetsync_tui.disk import mount_table
from usenetsync_tui.disk.mount_table import MountTable
from usenetsync_tui.disk.source.guard import (
    Loss,
    is_another,
    judge_folder,
    judge_mount,
    outermost,
    to_remember,
)
from usenetsync_tui.model.sources import FileSystem, Refusal, RefusalKind

EXT4 = FileSystem("ext4", "aa", "1f", "", b"/photos")


@pytest.mark.parametrize(
    ("before", "now", "another"),
    [
        (EXT4, EXT4, False),
        (EXT4, FileSystem("ext4", "bb", "1f", "", b"/photos"), True),
        # A kernel that gives no UUID, or that uses another driver for it.
        (EXT4, FileSystem("ext4", "", "1f", "", b"/photos"), False),
        (EXT4, FileSystem("ext4", "", "2f", "", b"/photos"), True),
        (FileSystem("fuseblk", "aa"), FileSystem("ntfs3", "aa"), False),
        (FileSystem("nfs", source="nas:/a"), FileSystem("nfs4", source="nas:/a"), False),
        (FileSystem("nfs4", source="nas:/a"), FileSystem("nfs4", source="nas:/b"), True),
        # They share only the type.
        (EXT4, FileSystem("overlay"), True),
        (FileSystem("vfat"), FileSystem("vfat"), False),
        (FileSystem("vfat"), FileSystem("xfs"), True),
        (EXT4, FileSystem(), False),
        # The same file system, another folder in it.
        (EXT4, FileSystem("ext4", "aa", "1f", "", b"/music"), True),
        (EXT4, FileSystem("ext4", "aa", "1f", "", b""), False),
        (
            FileSystem("vfat", location=b"/photos"),
            FileSystem("vfat", location=b"/mnt/usb/photos"),
            True,
        ),
    ],
)
def test_another_file_system(before: FileSystem, now: FileSystem, another: bool) -> None:
    assert is_another(before, now) is another
    assert is_another(now, before) is another


def test_how_many_files_a_folder_may_lose() -> None:
    few = Loss(0, 0, left=True)
    assert judge_folder(3, few, few) is None
    assert judge_folder(3, Loss(100, 50, left=True), few) is None
    assert judge_folder(3, Loss(99, 98, left=True), few) is None
    most = Loss(100, 51, left=True)
    assert judge_folder(3, most, few) == Refusal(RefusalKind.SHRUNK, 3, 100, 51)
    assert judge_folder(3, Loss(1_000, 51, left=True), most) == judge_folder(3, most, few)
    gone = judge_folder(3, Loss(1, 1, left=False), few)
    assert gone == Refusal(RefusalKind.EMPTY, 3, 1, 1)


def test_how_many_files_a_mount_point_may_lose() -> None:
    assert judge_mount(Loss(100, 50, left=True), is_new=False) == ""
    assert "51 of the 100 files are gone" in judge_mount(Loss(100, 51, left=True), is_new=False)
    assert "empty" in judge_mount(Loss(3, 3, left=False), is_new=False)
    assert judge_mount(Loss(3, 2, left=True), is_new=False) == ""
    assert "is a new mount point" in judge_mount(Loss(3, 2, left=True), is_new=True)
    assert judge_mount(Loss(0, 0, left=True), is_new=True) == ""


def test_mount_points_below_others_are_one() -> None:
    assert outermost([b"b/", b"a/b/", b"a/", b"a/b/c/", b"ab/"]) == [b"a/", b"ab/", b"b/"]


def test_the_recorded_mounts() -> None:
    old, new = FileSystem("old"), FileSystem("new")
    before = {b"": old, b"a/": old, b"a/b/": old, b"c/": old}
    now = {b"": new, b"a/b/": new, b"d/": new, b"e/": new}
    found = to_remember(before, now, {b"a/": True, b"d/": True, b"e/": False})
    assert found == {b"": new, b"a/": old, b"a/b/": old, b"c/": old, b"e/": new}


@pytest.mark.parametrize("kind", list(RefusalKind))
def test_a_refusal_says_what_to_do(kind: RefusalKind) -> None:
    words = str(Refusal(kind, 3, 1_110, 1_060, "no such folder"))
    assert "Nothing was removed" in words
    assert "mount it" in words
    assert ("--allow-shrink" in words) is Refusal(kind).can_be_allowed


LINES = [
    b"27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard\n",
    b"30 27 0:25 /sub\\040dir /srv/a\\040b rw - nfs4 nas:/export\\134 rw,addr=::1\n",
    b"31 30 0:26 / /srv/a\\040b/c rw - tmpfs tmpfs rw\n",
]


def test_the_table_of_mounts_is_read_to_the_byte() -> None:
    table = MountTable(LINES)
    assert table.below(b"/") == {b"srv/a b/", b"srv/a b/c/"}
    assert table.below(b"/srv/a b") == {b"c/"}
    assert table.below(b"/srv/a") == frozenset()
    nfs = table._mounts[30]
    assert (nfs.is_device, nfs.type, nfs.source) == (False, "nfs4", b"nas:/export\\")
    assert mount_table._location(nfs, b"/srv/a b/x/y") == b"/sub dir/x/y"
    assert mount_table._location(nfs, b"/srv/a b") == b"/sub dir"
    assert mount_table._location(table._mounts[27], b"/srv") == b"/srv"
    assert mount_table._location(table._mounts[31], b"/elsewhere") == b""


def seen(path: Path) -> FileSystem:
    fd = os.open(path, os.O_RDONLY)
    try:
        return MountTable.read().file_system(fd, os.fsencode(path))
    finally:
        os.close(fd)


def is_mount_point(path: Path) -> bool:
    fd, parent = os.open(path, os.O_RDONLY), os.open(path.parent, os.O_RDONLY)
    try:
        return MountTable.read().is_mount_point(fd, parent)
    finally:
        os.close(fd)
        os.close(parent)


def test_real_file_systems(tmp_path: Path) -> None:
    one, two, bind = tmp_path / "one", tmp_path / "two", tmp_path / "bind"
    with ext4(one), ext4(two), bound(one, bind):
        assert seen(one).type == "ext4"
        assert is_another(seen(one), seen(two))
        assert is_another(seen(one), seen(tmp_path))
        assert not is_another(seen(one), seen(bind))
        (one / "sub").mkdir()
        assert is_another(seen(one), seen(bind / "sub"))
        assert not is_another(seen(one / "sub"), seen(bind / "sub"))
        assert is_mount_point(one)
        assert is_mount_point(bind)
        assert not is_mount_point(one / "sub")
    with tmpfs(one):
        assert seen(one).type == "tmpfs"
    (tmp_path / "source").mkdir()
    with bound(tmp_path / "source", bind):
        assert is_mount_point(bind)  # though its device is that of the parent folder
        assert is_another(seen(bind), seen(tmp_path))


def test_udev_names_the_device_of_a_file_system_that_says_nothing(tmp_path: Path) -> None:
    disk = next((p for p in Path("/dev").iterdir() if p.is_block_device()), None)
    if disk is None:
        pytest.skip("there is no block device in /dev")
    device = disk.stat().st_rdev
    (tmp_path / "1234-ABCD").symlink_to(disk)
    (tmp_path / "other").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    found = mount_table._uuid_of_device
    assert found(device, b"/dev/sdb1", os.fspath(tmp_path)) == "1234abcd"
    assert found(0, os.fsencode(disk), os.fspath(tmp_path)) == "1234abcd"
    assert found(0, b"nas:/export", os.fspath(tmp_path)) == ""
    assert found(device, b"/dev/sdb1", os.fspath(tmp_path / "no udev")) == ""


def test_without_a_table_device_numbers_must_do(tmp_path: Path) -> None:
    table = MountTable(())
    place = tmp_path / "place"
    with tmpfs(place):
        fd, parent = os.open(place, os.O_RDONLY), os.open(tmp_path, os.O_RDONLY)
        try:
            assert table.is_mount_point(fd, parent)
            assert not table.is_mount_point(fd, fd)
            assert not table.below(os.fsencode(tmp_path))
            assert not is_another(
                table.file_system(fd, os.fsencode(place)), table.file_system(fd, b"/elsewhere")
            )
        finally:
            os.close(fd)
            os.close(parent)
