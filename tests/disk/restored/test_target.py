"""Writing a restore: exact bytes, never outside the target, each problem for one file only."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shutil
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import as_nobody, compare_trees, content, hostile_tree

from usenetsync_tui.disk.content import Content
from usenetsync_tui.disk.linux_calls import preallocate
from usenetsync_tui.disk.restored import directories, entry, part_file
from usenetsync_tui.disk.restored.attributes import Attributes
from usenetsync_tui.disk.restored.metadata.special import Special
from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.disk.source.scan import walk
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.errors import TargetError, TargetFileError
from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.entries import SPECIAL, Entry, FileKind

WHEN = 1_500_000_000_123_456_789
ME = os.geteuid(), os.getegid()
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "target"


@pytest.fixture
def tree(root: Path) -> Iterator[TargetTree]:
    with TargetTree(os.fsencode(root)) as target:
        target.prepare()
        yield target


def temp_name(path: bytes) -> str:
    return f".usenetsync-{xxhash.xxh3_64_hexdigest(path)}.part"


def leftovers(root: Path) -> list[str]:
    return [name for _, _, names in os.walk(root) for name in names if name.endswith(".part")]


def reason(call: Callable[..., object], *args: object) -> str:
    with pytest.raises(TargetFileError) as caught:
        call(*args)
    return caught.value.reason


def attributes(mode: int, mtime_ns: int = WHEN) -> Attributes:
    """The mode of a restored file: set-user-id bits come back only with an owner."""
    return Attributes(mode, mtime_ns, *ME)


def content_is(data: bytes) -> Content:
    return Content(len(data), DigestKind.SHA256, hashlib.sha256(data).digest(), 0)


def restore(source_root: Path, target: TargetTree, small: int = 50_000) -> None:
    """The work of the restore verb, in short."""
    entries: list[Entry] = [e for b in walk(os.fsencode(source_root)) for e in b.entries]
    with SourceTree(os.fsencode(source_root)) as source:
        for entry in entries:
            wanted = Attributes(entry.mode, entry.mtime_ns, entry.uid, entry.gid)
            if entry.kind == FileKind.DIRECTORY:
                target.make_directory(entry.path)
            elif entry.kind in SPECIAL:
                target.special(entry.path, Special(FileKind(entry.kind), entry.link), wanted)
            elif entry.link is not None:
                target.symlink(entry.path, entry.link, wanted)
            elif entry.size <= small:
                data = source.read_small(entry)
                target.write_small(entry.path, data, wanted)
            else:
                with source.open(entry) as file, target.part(entry.path, entry.size) as part:
                    for offset in reversed(range(0, entry.size, 768_000)):
                        size = min(768_000, entry.size - offset)
                        part.write(offset, file.read(offset, size))
                    assert part.commit(wanted) == ()
    for entry in reversed(entries):
        if entry.kind == FileKind.DIRECTORY:
            wanted = Attributes(entry.mode, entry.mtime_ns, entry.uid, entry.gid)
            assert target.finish_directory(entry.path, wanted) == ()
    target.sync()


def test_a_hostile_tree_comes_out_the_same_twice(tmp_path: Path) -> None:
    source, target = hostile_tree(tmp_path / "source"), tmp_path / "a" / "b" / "target"
    with TargetTree(os.fsencode(target)) as tree:
        assert tree.prepare() is True
        assert stat.S_IMODE(target.stat().st_mode) == 0o700
        restore(source, tree)
    assert compare_trees(source, target) == []
    with TargetTree(os.fsencode(target)) as tree:
        assert tree.prepare() is False
        restore(source, tree, small=0)
    assert compare_trees(source, target) == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_every_mode_comes_out_whatever_the_umask_is(root: Path, umask: int) -> None:
    modes = [0o600, 0o644, 0o777, 0o000, 0o4755, 0o640, 0o222, 0o7000]
    before = os.umask(umask)
    try:
        with TargetTree(os.fsencode(root)) as tree:
            tree.prepare()
            for late in (umask, 0o077):  # another thread may change it
                os.umask(late)
                with tree.small_files(b"") as files:
                    for mode in modes:
                        path = b"%o-%o" % (late, mode)
                        assert files.write(path, b"x", attributes(mode)) == ()
                        assert stat.S_IMODE(os.stat(root / os.fsdecode(path)).st_mode) == mode
    finally:
        os.umask(before)


@needs_root
def test_a_file_of_another_owner_is_open_to_nobody_before_it_is_his(
    tree: TargetTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    born, create = list[int](), entry.create

    def created(*args: Any) -> int:
        fd = create(*args)
        born.append(stat.S_IMODE(os.fstat(fd).st_mode))
        return fd

    monkeypatch.setattr(entry, "create", created)
    with tree.small_files(b"") as files:
        files.write(b"first", b"x", attributes(0o644))
        files.write(b"his", b"x", Attributes(0o660, WHEN, 1234, 1234))
        files.write(b"set-id", b"x", attributes(0o4755))
        files.write(b"ours", b"x", attributes(0o640))
    assert born == [0o600, 0o600, 0o600, 0o640]


@needs_root
def test_as_an_ordinary_user_over_its_own_closed_modes(short_folder: Path) -> None:
    home = short_folder / "restores"
    home.mkdir()
    os.chown(home, 65_534, 65_534)
    try:
        with as_nobody():
            source = home / "source"
            (source / "closed" / "below").mkdir(parents=True)
            for path in (source / "closed" / "file", source / "closed" / "below" / "file"):
                path.write_bytes(b"x")
            expected = [e for b in walk(os.fsencode(source)) for e in b.entries]
            for _ in range(2):  # the second time over the modes of the first
                with TargetTree(os.fsencode(home / "target")) as tree:
                    tree.prepare()
                    restore(source, tree)
                    tree.write_small(b"closed/file", b"x", attributes(0o000))
                    kept = tree.keep(b"closed/file", content_is(b"x"), attributes(0o000))
                    assert kept is None, "without rights to read it cannot be compared"
                    tree.finish_directory(b"closed/below/", attributes(0o500))
                    tree.finish_directory(b"closed/", attributes(0o000))
            assert len(expected) == 5
            (home / "target" / "closed").chmod(0o700)
            assert stat.S_IMODE((home / "target/closed/file").stat().st_mode) == 0
            assert (home / "target/closed/file").stat().st_mtime_ns == WHEN
            (home / "target" / "closed").chmod(0o500)
            with TargetTree(os.fsencode(home / "target")) as tree:
                tree.prepare()
                tree.write_small(b"closed/new", b"", attributes(0o644))
                tree.finish_directory(b"closed/", attributes(0o500))
                os.seteuid(0)
                os.chown(home / "target" / "closed", 0, 0)
                (home / "target" / "closed").chmod(0o755)
                os.seteuid(65_534)
                refused = reason(tree.write_small, b"closed/newer", b"", attributes(0o644))
                assert refused == "Permission denied", "it belongs to another user"
    finally:
        shutil.rmtree(home)


UNSAFE = [
    b"../x",
    b"..",
    b".",
    b"",
    b"/etc/x",
    b"a/../../x",
    b"a/./x",
    b"a//x",
    b"a/..",
    b"//x",
    b"nul\0/x",
    b"x\0",
]


@pytest.mark.parametrize("path", UNSAFE)
def test_paths_that_lead_outside(tree: TargetTree, root: Path, path: bytes) -> None:
    outside = "the path would lead outside the target"
    tree.make_directory(b"a/")
    calls: list[tuple[Callable[..., object], tuple[object, ...]]] = [
        (tree.write_small, (path, b"data", attributes(0o644))),
        (tree.symlink, (path, b"target", attributes(0o777))),
        (tree.part, (path, 10)),
        (tree.keep, (path, content_is(b"x"), attributes(0o777))),
    ]
    if path:
        calls.append((tree.make_directory, (path + b"/",)))
        calls.append((tree.finish_directory, (path + b"/", attributes(0o777))))
    for call, args in calls:
        assert reason(call, *args) == outside
    assert os.listdir(root.parent) == ["target"]
    assert os.listdir(root) == ["a"]


@settings(max_examples=200, deadline=None)
@given(path=st.binary(max_size=20) | st.text("./a\0", max_size=8).map(str.encode))
def test_whatever_the_path_it_stays_inside(
    tmp_path_factory: pytest.TempPathFactory, path: bytes
) -> None:
    outer = tmp_path_factory.mktemp("outer")
    with TargetTree(os.fsencode(outer / "in" / "target")) as tree:
        tree.prepare()
        try:
            tree.write_small(path, b"data", attributes(0o644))
        except TargetFileError:
            assert leftovers(outer) == []
        else:
            with open(os.fsencode(outer / "in" / "target") + b"/" + path, "rb") as file:
                assert file.read() == b"data"
    assert os.listdir(outer) == ["in"]
    assert os.listdir(outer / "in") == ["target"]


def test_a_symlink_in_the_middle_is_not_followed(
    tree: TargetTree, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"mine")
    (root / "way").symlink_to(outside)
    assert (
        reason(tree.write_small, b"way/new", b"x", attributes(0o644)) == "a symlink is in the way"
    )
    assert reason(tree.make_directory, b"way/") == "a symlink is in the way"
    assert reason(tree.make_directory, b"way/deeper/") == "a symlink is in the way"
    assert reason(tree.finish_directory, b"way/", attributes(0o777)) == "a symlink is in the way"
    assert reason(tree.symlink, b"way/l", b"t", attributes(0o777)) == "a symlink is in the way"
    assert reason(tree.part, b"way/file", 10) == "a symlink is in the way"
    kept = tree.keep, b"way/file", content_is(b"mine"), attributes(0o777)
    assert reason(*kept) == "a symlink is in the way"
    assert os.listdir(outside) == ["file"]
    assert (outside / "file").read_bytes() == b"mine"


def test_a_symlink_at_the_final_name_is_replaced_not_followed(
    tree: TargetTree, root: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    victim.chmod(0o600)
    for name in ("small", "large", "kept"):
        (root / name).symlink_to(victim)
    tree.write_small(b"small", b"ours", attributes(0o644))
    with tree.part(b"large", 4) as part:
        part.write(0, b"ours")
        part.commit(attributes(0o644))
    assert tree.keep(b"kept", content_is(b"mine"), attributes(0o777)) is None
    assert victim.read_bytes() == b"mine"
    assert stat.S_IMODE(victim.stat().st_mode) == 0o600
    for name in ("small", "large"):
        assert not (root / name).is_symlink()
        assert (root / name).read_bytes() == b"ours"


def _outside(place: Path) -> dict[Path, tuple[int, ...]]:
    """The parts of a tree that a restore must not change; reading it may set access times."""
    found = {p: p.lstat() for p in [place, *place.rglob("*")]}
    return {
        p: (
            s.st_mode,
            s.st_uid,
            s.st_gid,
            s.st_ino,
            s.st_nlink,
            s.st_size,
            s.st_mtime_ns,
            s.st_ctime_ns,
        )
        for p, s in found.items()
    }


def test_folders_that_are_swapped_for_symlinks_all_the_time(
    tree: TargetTree, root: Path, tmp_path: Path
) -> None:
    """Another user who may write into the target swaps folders while we restore into it."""
    outside = tmp_path / "outside"
    (outside / "b").mkdir(parents=True)
    for place in (outside, outside / "b"):
        (place / "f0").write_bytes(b"mine")
        (place / "link").symlink_to("mine")
        for path in (place / "f0", place / "link", place):
            os.utime(path, ns=(1, 1), follow_symlinks=False)
    before = _outside(outside)
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for place in (root / "a", root / "a" / "b"):
                with contextlib.suppress(OSError):
                    place.rename(root / "aside")
                    place.symlink_to(outside if place.name == "a" else outside / "b")
                    place.unlink()
                    (root / "aside").rename(place)
                with contextlib.suppress(OSError):
                    shutil.rmtree(root / "aside")

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        refused, until = 0, time.monotonic() + 60
        for number in itertools.count():
            if number >= 3_000 and (refused or time.monotonic() > until):
                break
            path = b"a/b/f%d" % (number % 5)
            wanted = attributes(0o777)
            for call, *args in (
                (tree.write_small, path, b"ours", wanted),
                (tree.keep, path, content_is(b"ours"), wanted),
                (tree.symlink, b"a/link", b"ours", wanted),
                (tree.make_directory, b"a/b/"),
                (tree.finish_directory, b"a/b/", wanted),
                (tree.finish_directory, b"a/", wanted),
            ):
                try:
                    call(*args)  # type: ignore[operator]
                except TargetFileError:
                    refused += 1
            if number % 50 == 0:  # descriptors that are already open lead nowhere else
                tree.prepare()
    finally:
        over.set()
        swapper.join()
    assert refused, "no swap ever hit a restore"
    assert before == _outside(outside)


@pytest.mark.parametrize("planted", ["symlink", "dangling", "hard link", "fifo", "file"])
def test_something_planted_at_the_temporary_name(
    tree: TargetTree, root: Path, tmp_path: Path, planted: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine" * 10)
    for name in (b"small", b"large", b"link"):
        temp = root / temp_name(name)
        if planted == "symlink":
            temp.symlink_to(victim)
        elif planted == "dangling":
            temp.symlink_to(tmp_path / "created")
        elif planted == "hard link":
            temp.hardlink_to(victim)
        elif planted == "fifo":
            os.mkfifo(temp)
        else:
            temp.write_bytes(b"left by a killed run")
    tree.write_small(b"small", b"ours", attributes(0o644))
    with tree.part(b"large", 4) as part:
        assert part.resumed is (planted == "file")
        part.write(0, b"ours")
        part.commit(attributes(0o644))
    tree.symlink(b"link", b"small", attributes(0o777))
    assert victim.read_bytes() == b"mine" * 10
    assert not (tmp_path / "created").exists()
    assert sorted(os.listdir(root)) == ["large", "link", "small"]
    assert (root / "small").read_bytes() == (root / "large").read_bytes() == b"ours"
    assert os.readlink(root / "link") == "small"


def test_a_directory_at_the_temporary_name(tree: TargetTree, root: Path) -> None:
    for name in (b"small", b"large", b"link"):
        (root / temp_name(name)).mkdir()
    assert reason(tree.write_small, b"small", b"x", attributes(0o644))
    assert reason(tree.part, b"large", 4)
    assert reason(tree.symlink, b"link", b"t", attributes(0o777))


def test_something_else_in_the_way(tree: TargetTree, root: Path) -> None:
    (root / "folder" / "full").mkdir(parents=True)
    (root / "file").write_bytes(b"x")
    os.mkfifo(root / "fifo")
    directory = "a directory is in the way"
    assert reason(tree.write_small, b"folder", b"x", attributes(0o644)) == directory
    assert reason(tree.symlink, b"folder", b"x", attributes(0o777)) == directory
    assert reason(tree.part, b"folder", 10) == directory
    assert reason(tree.keep, b"folder", content_is(b""), attributes(0o644)) == directory
    assert reason(tree.make_directory, b"file/") == "a file is in the way"
    assert (
        reason(tree.write_small, b"file/below", b"x", attributes(0o644)) == "a file is in the way"
    )
    assert reason(tree.make_directory, b"fifo/") == "a FIFO is in the way"
    assert tree.keep(b"fifo", content_is(b""), attributes(0o644)) is None
    long = "this file system does not allow the name (File name too long)"
    assert reason(tree.write_small, b"n" * 256, b"x", attributes(0o644)) == long
    assert reason(tree.keep, b"n" * 256, content_is(b"x"), attributes(0o644)) == long
    assert leftovers(root) == []


def test_files_fifos_and_sockets_are_replaced(tree: TargetTree, root: Path) -> None:
    (root / "file").write_bytes(b"longer than the new one")
    (root / "file").chmod(0o000)
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as unix:
        here = os.open(root, os.O_RDONLY)
        unix.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
    for name in (b"file", b"fifo", b"socket"):
        tree.write_small(name, b"new", attributes(0o4711))
        status = (root / os.fsdecode(name)).lstat()
        assert (status.st_mode, status.st_mtime_ns) == (stat.S_IFREG | 0o4711, WHEN)


def test_symlinks(tree: TargetTree, root: Path) -> None:
    (root / "file").write_bytes(b"x")
    tree.symlink(b"file", b"/somewhere", attributes(0o777))
    first = (root / "file").lstat()
    assert (os.readlink(root / "file"), first.st_mtime_ns) == ("/somewhere", WHEN)
    tree.symlink(b"file", b"/somewhere", attributes(0o777, WHEN + 1))
    kept = (root / "file").lstat()
    assert (kept.st_ino != first.st_ino, kept.st_mtime_ns) == (True, WHEN + 1)
    tree.symlink(b"file", b"/somewhere", attributes(0o777, WHEN + 1))
    assert (root / "file").lstat().st_ino == kept.st_ino, "right: left alone"
    tree.symlink(b"file", b"\xff\n", attributes(0o777))
    assert os.readlink(os.fsencode(root / "file")) == b"\xff\n"
    assert leftovers(root) == []


def test_identical_files_are_left_alone_and_others_replaced(tree: TargetTree, root: Path) -> None:
    data = content(3_000_000)
    (root / "file").write_bytes(data)
    (root / "other name").hardlink_to(root / "file")
    before = (root / "file").stat()
    right = content_is(data)
    for wrong in (right._replace(size=len(data) - 1), right._replace(digest=bytes(32))):
        assert tree.keep(b"file", wrong, attributes(0o600)) is None
    assert tree.keep(b"absent", right, attributes(0o600)) is None
    assert tree.keep(b"file", right, attributes(0o4750)) == ()
    after = (root / "file").stat()
    assert (stat.S_IMODE(after.st_mode), after.st_mtime_ns) == (0o4750, WHEN)
    assert (root / "file").read_bytes() == data
    other = (root / "other name").stat()
    assert (other.st_ino, other.st_mode, other.st_mtime_ns) == (
        before.st_ino,
        before.st_mode,
        before.st_mtime_ns,
    )
    assert tree.keep(b"file", right, attributes(0o4750)) == ()
    assert (root / "file").stat().st_ino == after.st_ino
    assert leftovers(root) == []


def test_a_part_is_resumed(root: Path) -> None:
    data = content(2_000_000)
    with TargetTree(os.fsencode(root)) as tree:
        tree.prepare()
        with tree.part(b"in/file", len(data)) as part:
            assert not part.resumed
            assert not part.has_data(0, len(data))
            part.write(1_000_000, data[1_000_000:1_500_000])
    assert os.listdir(root / "in") == [temp_name(b"in/file")]
    with TargetTree(os.fsencode(root)) as tree:
        tree.prepare()
        with tree.part(b"in/file", len(data)) as part:
            assert part.resumed
            assert part.has_data(1_200_000, 1)
            assert part.read(1_000_000, 500_000) == data[1_000_000:1_500_000]
            assert part.read(len(data) - 5, 100) == bytes(5)
            part.write(0, data[:1_000_000])
            part.write(1_500_000, memoryview(data)[1_500_000:])
            part.commit(attributes(0o4755))
            part.close()
    assert os.listdir(root / "in") == ["file"]
    assert (root / "in" / "file").read_bytes() == data
    status = (root / "in" / "file").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o4755, WHEN)


def test_a_part_of_a_longer_file_is_cut(tree: TargetTree, root: Path) -> None:
    with tree.part(b"file", 5_000_000) as part:
        part.write(4_000_000, b"end")
    with tree.part(b"file", 10) as part:
        part.write(0, b"0123456789")
        part.commit(attributes(0o644))
    assert (root / "file").read_bytes() == b"0123456789"


def test_discard_and_empty_parts(tree: TargetTree, root: Path) -> None:
    part = tree.part(b"file", 100)
    part.discard()
    part.discard()
    assert os.listdir(root) == []
    with tree.part(b"empty", 0) as part:
        part.commit(attributes(0o600))
    assert (root / "empty").stat().st_size == 0


def test_without_preallocation_the_free_space_is_checked(
    tree: TargetTree, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_file, "preallocate", lambda fd, size: False)
    with tree.part(b"file", 1_000_000) as part:
        part.write(0, b"x")
        part.commit(attributes(0o644))
    assert (root / "file").stat().st_size == 1_000_000
    giant = "it is larger than the whole file system"
    assert reason(tree.part, b"giant", 1 << 58) == giant
    free = os.statvfs(root)
    with pytest.raises(TargetError, match=r"target: No space left on device\. Make room"):
        tree.part(b"huge", free.f_bavail * free.f_frsize + (1 << 20))
    assert os.listdir(root) == ["file"]


def test_preallocation_reserves_blocks(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        if not preallocate(file.fileno(), 1 << 20):
            pytest.skip("this file system cannot")
        status = os.fstat(file.fileno())
        assert (status.st_size, status.st_blocks >= 2048) == (1 << 20, True)
        with pytest.raises(OSError, match=r"No space left|too large"):
            preallocate(file.fileno(), 1 << 60)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@needs_root
def test_a_full_disk_is_the_whole_target_s_problem(small_disk: Path) -> None:
    full = pytest.raises(TargetError, match=r"target: No space left on device\. Make room")
    with TargetTree(os.fsencode(small_disk / "target")) as tree:
        tree.prepare()
        giant = "it is larger than the whole file system"
        assert reason(tree.part, b"giant", 2_000_000) == giant
        tree.write_small(b"first", bytes(500_000), attributes(0o644))
        for path, size in ((b"first", 600_000), (b"second", 600_000)):
            with full:
                tree.write_small(path, bytes(size), attributes(0o644))
        tree.write_small(b"third", b"goes on", attributes(0o644))
        with full:
            tree.part(b"large", 900_000)
        with tree.part(b"fits", 300_000) as part:
            part.write(0, bytes(300_000))
            with full:
                part.write(300_000, bytes(400_000))
            part.discard()
        assert sorted(os.listdir(small_disk / "target")) == ["first", "third"]
        assert (small_disk / "target" / "first").stat().st_size == 500_000


@needs_root
def test_a_full_disk_inside_the_target_affects_only_its_files(
    small_disk: Path,
) -> None:
    with TargetTree(os.fsencode(small_disk.parent)) as tree:
        tree.prepare()
        refused = reason(tree.write_small, b"disk/a", bytes(2_000_000), attributes(0o644))
        assert refused == "No space left on device"
        tree.write_small(b"b", bytes(2_000_000), attributes(0o644))


def test_many_threads_share_few_descriptors(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directories.TargetDirectories.__init__, "__defaults__", (4,))
    before = len(os.listdir("/proc/self/fd"))
    with TargetTree(os.fsencode(root)) as tree:
        tree.prepare()
        wanted = {b"d%d/e%d/f%d" % (n % 7, n % 11, n) for n in range(3_000)}

        def write(path: bytes) -> None:
            tree.write_small(path, path, attributes(0o644))
            if path.endswith(b"7"):
                with tree.part(path + b" large", 10) as part:
                    part.write(0, b"0123456789")
                    part.commit(attributes(0o644))

        with ThreadPoolExecutor(8) as pool:
            for _ in pool.map(write, sorted(wanted)):
                pass
        assert len(os.listdir("/proc/self/fd")) - before <= 1 + 4
    assert len(os.listdir("/proc/self/fd")) == before
    found = {
        os.fsencode(os.path.relpath(os.path.join(folder, name), root))
        for folder, _, names in os.walk(root)
        for name in names
    }
    assert {path for path in found if b"large" not in path} == wanted
    assert all((root / os.fsdecode(path)).read_bytes() == path for path in wanted)


def test_the_root_must_be_usable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(TargetError, match=r"Not a directory|File exists"):
            TargetTree(os.fsencode(path)).prepare()
    with pytest.raises(RuntimeError, match="prepare"):
        TargetTree(os.fsencode(tmp_path)).make_directory(b"a/")


def test_the_roots_own_mode_and_time(tree: TargetTree, root: Path) -> None:
    tree.write_small(b"file", b"x", attributes(0o644))
    tree.make_directory(b"")
    tree.finish_directory(b"", attributes(0o750))
    status = root.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o750, WHEN)


@pytest.mark.parametrize("was_there", [True, False])
def test_nothing_is_looked_up_in_a_directory_that_this_run_has_made(
    root: Path, tree: TargetTree, monkeypatch: pytest.MonkeyPatch, was_there: bool
) -> None:
    if was_there:
        (root / "d").mkdir()
    looked: list[bytes] = []
    monkeypatch.setattr(entry, "open_present", lambda _, name: looked.append(name))
    tree.make_directory(b"d/")
    assert tree.keep(b"d/file", content_is(b"new"), attributes(0o644)) is None
    assert looked == ([b"file"] if was_there else [])


@pytest.mark.parametrize("planted", ["file", "symlink", "directory"])
def test_what_came_into_a_new_directory_is_replaced_or_reported(
    root: Path, tree: TargetTree, tmp_path: Path, planted: str
) -> None:
    """Another program puts it there after the run has made the directory."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"stays")
    tree.make_directory(b"d/")
    there = root / "d/file"
    if planted == "file":
        os.link(outside, there)
    elif planted == "symlink":
        there.symlink_to(outside)
    else:
        there.mkdir()
    assert tree.keep(b"d/file", content_is(b"new"), attributes(0o644)) is None
    if planted == "directory":
        words = reason(tree.write_small, b"d/file", b"new", attributes(0o644))
        assert words == "a directory is in the way"
    else:
        tree.write_small(b"d/file", b"new", attributes(0o644))
        assert there.read_bytes() == b"new" and not there.is_symlink()
    assert outside.read_bytes() == b"stays"
    assert leftovers(root) == []
