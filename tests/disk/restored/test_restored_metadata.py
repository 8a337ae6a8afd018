"""Extended attributes, hard links, holes and special files in a target, and what refuses them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3
from own_servers import needs_root
from trees import as_nobody

from usenetsync_tui.disk.content import Content
from usenetsync_tui.disk.restored.attributes import Attributes, Lack
from usenetsync_tui.disk.restored.metadata.special import Special
from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.errors import TargetFileError
from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.metadata.metadata import ACCESS_ACL, CAPABILITY, Extent, Extents

WHEN = 1_577_836_800_123_456_789
ACL = bytes.fromhex(
    "02000000 01000600ffffffff 02000400feff0000 04000400ffffffff 10000400ffffffff 20000400ffffffff"
)
"""rw- for the owner, r-- for user 65534 and all others (linux/posix_acl_xattr.h)."""


def wanted(*xattrs: tuple[bytes, bytes], mode: int = 0o644) -> Attributes:
    return Attributes(mode, WHEN, os.geteuid(), os.getegid(), xattrs)


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[TargetTree]:
    with TargetTree(os.fsencode(tmp_path / "target")) as made:
        made.prepare()
        yield made


def test_large_attributes_and_an_acl_on_a_file_that_nobody_may_write(
    tree: TargetTree, tmp_path: Path
) -> None:
    large = (b"user.large \xff", b"v" * 3_000)
    try:
        lacks = tree.write_small(b"file", b"x", wanted(large, (ACCESS_ACL, ACL), mode=0o444))
    except TargetFileError:
        pytest.skip("no extended attributes here")
    assert [lack for lack in lacks if lack.is_error] == []
    if not lacks:
        path = tmp_path / "target" / "file"
        assert os.getxattr(path, large[0]) == large[1]
        assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_a_file_system_without_attributes_is_told_and_costs_nothing(
    tree: TargetTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    for call in ("setxattr", "getxattr", "listxattr", "removexattr"):
        monkeypatch.setattr(os, call, refuse)
    xattrs = (b"user.a", b"1"), (b"user.b", b"2"), (ACCESS_ACL, ACL)
    lacks = tree.write_small(b"file", b"x", wanted(*xattrs))
    keeps_none = "not set: this file system keeps none"
    assert {(lack.reason, lack.is_error) for lack in lacks} == {
        (f"extended attributes (user.*) {keeps_none}", False),
        (f"ACL {keeps_none}", False),
    }
    path = tmp_path / "target" / "file"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (b"x", WHEN)


@needs_root
def test_an_ordinary_user_gets_no_device_and_no_capabilities(short_folder: Path) -> None:
    home = short_folder / "of nobody"
    home.mkdir()
    os.chown(home, 65_534, 65_534)
    with as_nobody(), TargetTree(os.fsencode(home / "target")) as tree:
        tree.prepare()
        device = Special(FileKind.BLOCK_DEVICE, b"7:0")
        with pytest.raises(TargetFileError) as caught:
            tree.special(b"disk", device, wanted())
        assert caught.value.reason == "a block device: only root may make one"
        for kind in (FileKind.FIFO, FileKind.SOCKET):
            assert tree.special(str(kind.name).encode(), Special(kind, None), wanted()) == ()
        owned_by_root = Attributes(0o755, WHEN, 0, 0, ((CAPABILITY, b"\1"), (b"trusted.a", b"1")))
        lacks = tree.write_small(b"file", b"x", owned_by_root)
        assert "capabilities left out: its owner or group could not be set" in [
            lack.reason for lack in lacks
        ]
        assert Lack("extended attributes (trusted.*) not set: only root may", is_error=False) in (
            lacks
        )
    assert not (home / "target" / "disk").exists()


def test_a_new_file_loses_the_acl_that_its_directory_gives(
    tree: TargetTree, tmp_path: Path
) -> None:
    tree.make_directory(b"folder/")
    folder = tmp_path / "target" / "folder"
    try:
        os.setxattr(folder, "system.posix_acl_default", ACL)
    except OSError:
        pytest.skip("no ACLs here")
    with tree.small_files(b"folder/") as files:
        for name in ("file", "second", "third"):
            files.write(b"folder/" + name.encode(), b"x", wanted())
            assert os.listxattr(folder / name) == []
    assert tree.special(b"folder/fifo", Special(FileKind.FIFO, None), wanted()) == ()
    assert os.listxattr(folder / "fifo") == []


def test_hard_links_replace_what_has_the_name_and_follow_nothing(
    tree: TargetTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, outside = tmp_path / "target", tmp_path / "outside"
    outside.write_bytes(b"outside")
    tree.write_small(b"a/first", b"x", wanted())
    tree.make_directory(b"b/")
    (target / "b" / "other").symlink_to(outside)
    (target / "b" / "stays").mkdir()
    assert tree.link(b"b/other", b"a/first", wanted()) is False
    assert (target / "b" / "other").samefile(target / "a" / "first")
    assert tree.link(b"b/other", b"a/first", wanted()) is True
    assert outside.read_bytes() == b"outside" and outside.stat().st_nlink == 1
    with pytest.raises(TargetFileError):
        tree.link(b"b/stays", b"a/first", wanted())

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    made = tree.link(b"b/third", b"a/first", wanted())
    assert isinstance(made, Lack) and "not as a hard link" in made.reason
    assert sorted(p.name for p in (target / "b").iterdir()) == ["other", "stays"]


def test_what_an_earlier_version_left_in_a_part_is_not_in_the_holes(
    tree: TargetTree, tmp_path: Path
) -> None:
    size, block = 1 << 30, 1 << 16
    for offset, data in ((0, b"a" * block), (1 << 20, b"b" * block)):
        extents = Extents(size, (Extent(offset, block),))
        part = tree.part(b"sparse", block, extents)
        part.write(0, data)
        if offset:
            assert part.read(0, block) == data and part.has_data(0, block)
            assert part.commit(wanted()) == ()
        part.close()
    path = tmp_path / "target" / "sparse"
    with path.open("rb") as file:
        assert file.read(block) == bytes(block)
        file.seek(1 << 20)
        assert file.read(block) == b"b" * block
    assert path.stat().st_size == size and path.stat().st_blocks * 512 < size // 2


@pytest.mark.parametrize("is_exact", [True, False])
def test_other_attributes_go_if_the_version_tells_all_it_had(
    tree: TargetTree, tmp_path: Path, is_exact: bool
) -> None:
    """Those of an identical file, of a file with another mode, and of a directory."""
    tree.serve(b"stem", lambda real: real, is_exact=is_exact)
    target, x = tmp_path / "target", Content(1, DigestKind.BLAKE3, blake3(b"x").digest(), 1)
    mine = wanted((b"user.mine", b"1"))
    (target / "d").mkdir()
    for path in (target / "d" / "same", target / "d" / "mode", target / "d"):
        if path.name != "d":
            path.write_bytes(b"x")
        try:
            for each in ((b"user.other", b"2"), (ACCESS_ACL, ACL), *mine.xattrs):
                os.setxattr(path, *each)
        except OSError:
            pytest.skip("no extended attributes here")
        path.chmod(0o644)
        os.utime(path, ns=(WHEN, WHEN))
    assert tree.keep(b"d/same", x, mine) == ()
    assert tree.keep(b"d/mode", x, mine._replace(mode=0o600)) == ()
    assert tree.finish_directory(b"d/", wanted(mode=0o750)) == ()
    for name, own in (("d/same", {"user.mine"}), ("d/mode", {"user.mine"})):
        stay = set() if is_exact else {"user.other", "system.posix_acl_access"}
        assert {*os.listxattr(target / name)} == own | stay, name
    # What a directory gets again loses its ACL in any case: it may be one of a new directory.
    assert {*os.listxattr(target / "d")} == (set() if is_exact else {"user.other", "user.mine"})
    assert tree.keep(b"d/same", x, mine) == (), "and now it stays as it is"


def test_what_cannot_be_removed_is_told(tree: TargetTree, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    found = ["user.a", "security.selinux", "system.nfs4_acl"]
    monkeypatch.setattr(os, "listxattr", lambda _: found)
    monkeypatch.setattr(os, "removexattr", refuse)
    tree.serve(b"stem", lambda real: real, is_exact=True)
    reason = "extended attributes (user.*) not removed: Operation not permitted"
    assert tree.write_small(b"file", b"x", wanted()) == (Lack(reason),)
