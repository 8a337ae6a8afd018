"""Writing a restore: byte for byte, never outside the target, one file's problem at a time."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import as_nobody, compare_trees, content, hostile_tree

from usenetsync_tui.errors import TargetError, TargetFileError
from usenetsync_tui.model.entries import Entry, FileKind
from usenetsync_tui.pipeline import target_directories, target_part
from usenetsync_tui.pipeline.linux_calls import preallocate
from usenetsync_tui.pipeline.scan import walk
from usenetsync_tui.pipeline.source import SourceTree
from usenetsync_tui.pipeline.target import TargetTree

WHEN = 1_500_000_000_123_456_789
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


def restore(source_root: Path, target: TargetTree, small: int = 50_000) -> None:
    """What the restore verb does, in few words."""
    entries: list[Entry] = [e for b in walk(os.fsencode(source_root)) for e in b.entries]
    with SourceTree(os.fsencode(source_root)) as source:
        for entry in entries:
            if entry.kind == FileKind.DIRECTORY:
                target.make_directory(entry.path)
            elif entry.link is not None:
                target.symlink(entry.path, entry.link, entry.mtime_ns)
            elif entry.size <= small:
                data = source.read_small(entry)
                target.write_small(entry.path, data, entry.mode, entry.mtime_ns)
            else:
                with source.open(entry) as file, target.part(entry.path, entry.size) as part:
                    for offset in reversed(range(0, entry.size, 768_000)):
                        size = min(768_000, entry.size - offset)
                        part.write(offset, file.read(offset, size))
                    part.commit(entry.mode, entry.mtime_ns)
    for entry in reversed(entries):
        if entry.kind == FileKind.DIRECTORY:
            target.finish_directory(entry.path, entry.mode, entry.mtime_ns)
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
                    tree.write_small(b"closed/file", b"x", 0o000, WHEN)
                    assert not tree.matches(b"closed/file", 1, xxhash.xxh3_128_digest(b"x"))
                    tree.set_metadata(b"closed/file", 0o000, WHEN)
                    tree.finish_directory(b"closed/below/", 0o500, WHEN)
                    tree.finish_directory(b"closed/", 0o000, WHEN)
            assert len(expected) == 5
            (home / "target" / "closed").chmod(0o700)
            assert stat.S_IMODE((home / "target/closed/file").stat().st_mode) == 0
            assert (home / "target/closed/file").stat().st_mtime_ns == WHEN
            (home / "target" / "closed").chmod(0o500)
            with TargetTree(os.fsencode(home / "target")) as tree:
                tree.prepare()
                refused = reason(tree.write_small, b"closed/new", b"", 0o644, WHEN)
                assert refused == "Permission denied"
                tree.make_directory(b"closed/")
                tree.write_small(b"closed/new", b"", 0o644, WHEN)
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
        (tree.write_small, (path, b"data", 0o644, WHEN)),
        (tree.symlink, (path, b"target", WHEN)),
        (tree.part, (path, 10)),
        (tree.matches, (path, 0, bytes(16))),
        (tree.set_metadata, (path, 0o777, WHEN)),
    ]
    if path:
        calls.append((tree.make_directory, (path + b"/",)))
        calls.append((tree.finish_directory, (path + b"/", 0o777, WHEN)))
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
            tree.write_small(path, b"data", 0o644, WHEN)
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
    assert reason(tree.write_small, b"way/new", b"x", 0o644, WHEN) == "a symlink is in the way"
    assert reason(tree.make_directory, b"way/") == "a symlink is in the way"
    assert reason(tree.make_directory, b"way/deeper/") == "a symlink is in the way"
    assert reason(tree.finish_directory, b"way/", 0o777, WHEN) == "a symlink is in the way"
    assert reason(tree.symlink, b"way/l", b"t", WHEN) == "a symlink is in the way"
    assert reason(tree.part, b"way/file", 10) == "a symlink is in the way"
    assert reason(tree.matches, b"way/file", 4, bytes(16)) == "a symlink is in the way"
    assert reason(tree.set_metadata, b"way/file", 0o777, WHEN) == "a symlink is in the way"
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
    tree.write_small(b"small", b"ours", 0o644, WHEN)
    with tree.part(b"large", 4) as part:
        part.write(0, b"ours")
        part.commit(0o644, WHEN)
    assert not tree.matches(b"kept", 4, xxhash.xxh3_128_digest(b"mine"))
    assert reason(tree.set_metadata, b"kept", 0o777, WHEN) == "a symlink is in the way"
    assert victim.read_bytes() == b"mine"
    assert stat.S_IMODE(victim.stat().st_mode) == 0o600
    for name in ("small", "large"):
        assert not (root / name).is_symlink()
        assert (root / name).read_bytes() == b"ours"


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
    tree.write_small(b"small", b"ours", 0o644, WHEN)
    with tree.part(b"large", 4) as part:
        assert part.resumed is (planted == "file")
        part.write(0, b"ours")
        part.commit(0o644, WHEN)
    tree.symlink(b"link", b"small", WHEN)
    assert victim.read_bytes() == b"mine" * 10
    assert not (tmp_path / "created").exists()
    assert sorted(os.listdir(root)) == ["large", "link", "small"]
    assert (root / "small").read_bytes() == (root / "large").read_bytes() == b"ours"
    assert os.readlink(root / "link") == "small"


def test_a_directory_at_the_temporary_name(tree: TargetTree, root: Path) -> None:
    for name in (b"small", b"large", b"link"):
        (root / temp_name(name)).mkdir()
    assert reason(tree.write_small, b"small", b"x", 0o644, WHEN)
    assert reason(tree.part, b"large", 4)
    assert reason(tree.symlink, b"link", b"t", WHEN)


def test_something_else_in_the_way(tree: TargetTree, root: Path) -> None:
    (root / "folder" / "full").mkdir(parents=True)
    (root / "file").write_bytes(b"x")
    os.mkfifo(root / "fifo")
    directory = "a directory is in the way"
    assert reason(tree.write_small, b"folder", b"x", 0o644, WHEN) == directory
    assert reason(tree.symlink, b"folder", b"x", WHEN) == directory
    assert reason(tree.part, b"folder", 10) == directory
    assert reason(tree.set_metadata, b"folder", 0o644, WHEN) == directory
    assert not tree.matches(b"folder", 0, bytes(16))
    assert reason(tree.make_directory, b"file/") == "a file is in the way"
    assert reason(tree.write_small, b"file/below", b"x", 0o644, WHEN) == "a file is in the way"
    assert reason(tree.make_directory, b"fifo/") == "a FIFO is in the way"
    assert reason(tree.set_metadata, b"fifo", 0o644, WHEN) == "a FIFO is in the way"
    assert not tree.matches(b"fifo", 0, bytes(16))
    assert reason(tree.write_small, b"n" * 256, b"x", 0o644, WHEN) == "File name too long"
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
        tree.write_small(name, b"new", 0o4711, WHEN)
        status = (root / os.fsdecode(name)).lstat()
        assert (status.st_mode, status.st_mtime_ns) == (stat.S_IFREG | 0o4711, WHEN)


def test_symlinks(tree: TargetTree, root: Path) -> None:
    (root / "file").write_bytes(b"x")
    tree.symlink(b"file", b"/somewhere", WHEN)
    first = (root / "file").lstat()
    assert (os.readlink(root / "file"), first.st_mtime_ns) == ("/somewhere", WHEN)
    tree.symlink(b"file", b"/somewhere", WHEN + 1)
    kept = (root / "file").lstat()
    assert (kept.st_ino, kept.st_mtime_ns) == (first.st_ino, WHEN + 1)
    tree.symlink(b"file", b"\xff\n", WHEN)
    assert os.readlink(os.fsencode(root / "file")) == b"\xff\n"
    assert leftovers(root) == []


def test_matches_and_set_metadata(tree: TargetTree, root: Path) -> None:
    data = content(3_000_000)
    digest = xxhash.xxh3_128_digest(data)
    (root / "file").write_bytes(data)
    assert tree.matches(b"file", len(data), digest)
    assert not tree.matches(b"file", len(data) - 1, digest)
    assert not tree.matches(b"file", len(data), bytes(16))
    assert not tree.matches(b"absent", len(data), digest)
    tree.set_metadata(b"file", 0o4750, WHEN)
    status = (root / "file").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o4750, WHEN)
    assert reason(tree.set_metadata, b"absent", 0o600, WHEN) == "No such file or directory"


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
            part.commit(0o4755, WHEN)
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
        part.commit(0o644, WHEN)
    assert (root / "file").read_bytes() == b"0123456789"


def test_discard_and_empty_parts(tree: TargetTree, root: Path) -> None:
    part = tree.part(b"file", 100)
    part.discard()
    part.discard()
    assert os.listdir(root) == []
    with tree.part(b"empty", 0) as part:
        part.commit(0o600, WHEN)
    assert (root / "empty").stat().st_size == 0


def test_without_preallocation_the_free_space_is_asked(
    tree: TargetTree, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_part, "preallocate", lambda fd, size: False)
    with tree.part(b"file", 1_000_000) as part:
        part.write(0, b"x")
        part.commit(0o644, WHEN)
    assert (root / "file").stat().st_size == 1_000_000
    assert reason(tree.part, b"huge", 1 << 58) == "No space left on device"
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
def test_a_full_disk(small_disk: Path) -> None:
    full = "No space left on device"
    with TargetTree(os.fsencode(small_disk / "target")) as tree:
        tree.prepare()
        assert reason(tree.part, b"large", 2_000_000) == full
        tree.write_small(b"first", bytes(500_000), 0o644, WHEN)
        assert reason(tree.write_small, b"first", bytes(600_000), 0o644, WHEN) == full
        assert reason(tree.write_small, b"second", bytes(600_000), 0o644, WHEN) == full
        tree.write_small(b"third", b"still goes on", 0o644, WHEN)
        with tree.part(b"fits", 300_000) as part:
            part.write(0, bytes(300_000))
            assert reason(part.write, 300_000, bytes(400_000)) == full
            part.discard()
        assert sorted(os.listdir(small_disk / "target")) == ["first", "third"]
        assert (small_disk / "target" / "first").stat().st_size == 500_000


def test_many_threads_share_few_descriptors(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_directories.TargetDirectories.__init__, "__defaults__", (4,))
    before = len(os.listdir("/proc/self/fd"))
    with TargetTree(os.fsencode(root)) as tree:
        tree.prepare()
        wanted = {b"d%d/e%d/f%d" % (n % 7, n % 11, n) for n in range(3_000)}

        def write(path: bytes) -> None:
            tree.write_small(path, path, 0o644, WHEN)
            if path.endswith(b"7"):
                with tree.part(path + b" large", 10) as part:
                    part.write(0, b"0123456789")
                    part.commit(0o644, WHEN)

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


def test_the_root_must_be_to_be_had(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(TargetError, match=r"Not a directory|File exists"):
            TargetTree(os.fsencode(path)).prepare()
    with pytest.raises(RuntimeError, match="prepare"):
        TargetTree(os.fsencode(tmp_path)).make_directory(b"a/")


def test_the_roots_own_mode_and_time(tree: TargetTree, root: Path) -> None:
    tree.write_small(b"file", b"x", 0o644, WHEN)
    tree.make_directory(b"")
    tree.finish_directory(b"", 0o750, WHEN)
    status = root.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o750, WHEN)
