"""Opens below a folder: neither of the two methods follows a symlink."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from file_systems import tmpfs
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.disk import beneath
from usenetsync_tui.disk.beneath import open_beneath, open_parent
from usenetsync_tui.disk.source import source_tree as source_module
from usenetsync_tui.disk.source.scan import walk
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.errors import SourceFileError
from usenetsync_tui.model.entries import Entry, FileKind, NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.metadata.metadata import Metadata

FLAGS = os.O_RDONLY | os.O_CLOEXEC
DEEP = ("one", "two", "three", "four")


@pytest.fixture(params=["openat2", "step by step"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each test uses both methods."""
    if request.param == "step by step":
        monkeypatch.setattr(beneath, "has_openat2", lambda: False)
    elif not beneath.has_openat2():
        pytest.skip("this kernel has no openat2")
    return str(request.param)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    """An open folder four deep with a file in each directory; beside it a file not to be read."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    for place, words in ((outside, b"SECRET"), (inside, b"inside")):
        for depth in range(len(DEEP) + 1):
            at = place.joinpath(*DEEP[:depth])
            at.mkdir(exist_ok=True)
            (at / "file").write_bytes(words)
    fd = os.open(inside, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def read(root: int, path: bytes) -> bytes:
    fd = open_beneath(root, path, FLAGS)
    try:
        return os.read(fd, 100)
    finally:
        os.close(fd)


def refusal(root: int, path: bytes) -> int | None:
    with pytest.raises(OSError) as caught:
        read(root, path)
    return caught.value.errno


def test_existing_paths_are_opened(root: int) -> None:
    for depth in range(len(DEEP) + 1):
        assert read(root, os.fsencode("/".join((*DEEP[:depth], "file")))) == b"inside"
    assert refusal(root, b"one/nothing") == errno.ENOENT
    assert refusal(root, b"nothing/file") == errno.ENOENT
    assert refusal(root, b"file/file") == errno.ENOTDIR


@pytest.mark.parametrize("depth", range(1, len(DEEP) + 1))
@pytest.mark.parametrize("absolute", [True, False])
def test_no_directory_on_the_way_may_be_a_symlink(
    root: int, tmp_path: Path, depth: int, absolute: bool
) -> None:
    swapped = (tmp_path / "inside").joinpath(*DEEP[:depth])
    target = (tmp_path / "outside").joinpath(*DEEP[:depth])
    shutil.rmtree(swapped)
    swapped.symlink_to(target if absolute else os.path.relpath(target, swapped.parent))
    for below in range(depth, len(DEEP) + 1):
        path = os.fsencode("/".join((*DEEP[:below], "file")))
        assert refusal(root, path) == errno.ELOOP
    # Nor a symlink to a path inside: the walk has not come this way.
    swapped.unlink()
    swapped.symlink_to(tmp_path / "inside")
    assert refusal(root, os.fsencode("/".join((*DEEP[:depth], "file")))) == errno.ELOOP


def test_the_last_part_may_not_be_a_symlink(root: int, tmp_path: Path) -> None:
    link = tmp_path / "inside" / "one" / "link"
    for target in ("file", "../file", tmp_path / "outside" / "file", "/etc/passwd", "link"):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        assert refusal(root, b"one/link") == errno.ELOOP


@pytest.mark.parametrize(
    "path", [b"..", b"../outside/file", b"one/../../outside/file", b"/etc/passwd", b"one/two/../.."]
)
def test_no_path_leads_out(root: int, path: bytes) -> None:
    assert refusal(root, path) in (errno.EXDEV, errno.EISDIR, errno.EAGAIN)


def test_magic_links_are_links(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"SECRET")
    folder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    file = os.open(tmp_path / "file", os.O_RDONLY)
    process = os.open("/proc/self", os.O_RDONLY | os.O_DIRECTORY)
    try:
        for path in (f"fd/{file}", f"fd/{folder}/file", "root/etc/passwd", "cwd/README.md"):
            assert refusal(process, path.encode()) == errno.ELOOP
        assert read(process, b"comm")
    finally:
        for fd in (folder, file, process):
            os.close(fd)


def test_file_systems_inside_are_entered(root: int, tmp_path: Path) -> None:
    with tmpfs(tmp_path / "inside" / "one" / "mounted") as place:
        (place / "folder").mkdir()
        (place / "folder" / "file").write_bytes(b"on a file system of its own")
        assert read(root, b"one/mounted/folder/file") == b"on a file system of its own"


def test_paths_beyond_path_max(tmp_path: Path) -> None:
    root = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    names, fd = [b"%03d" % level + b"d" * 200 for level in range(30)], os.dup(root)
    for name in names:
        os.mkdir(name, dir_fd=fd)
        below = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
        os.close(fd)
        fd = below
    path = b"/".join([*names, b"file"])
    assert refusal(root, path) == errno.ENAMETOOLONG
    near, name = open_parent(root, path)
    assert (name, os.path.samestat(os.fstat(near), os.fstat(fd))) == (b"file", True)
    os.close(near)
    for level in (0, 15, 29):  # a symlink in any of the pieces
        above, step = open_parent(root, b"/".join(names[: level + 1]))
        os.rename(step, b"away", src_dir_fd=above, dst_dir_fd=above)
        os.symlink(b"away", step, dir_fd=above)
        with pytest.raises(OSError) as caught:
            open_parent(root, path)
        assert caught.value.errno == errno.ELOOP
        os.unlink(step, dir_fd=above)
        os.rename(b"away", step, src_dir_fd=above, dst_dir_fd=above)
        os.close(above)
    os.close(fd)
    os.close(root)


def test_nothing_stays_open(root: int, tmp_path: Path) -> None:
    (tmp_path / "inside" / "one" / "link").symlink_to("/etc")
    before = len(os.listdir("/proc/self/fd"))
    read(root, b"one/two/three/file")
    for path in (b"one/link/passwd", b"one/nothing/x", b"one/file/x", b"../x", b"one/link"):
        refusal(root, path)
        with pytest.raises(OSError):
            os.close(open_parent(root, path + b"/below/it")[0])
    assert len(os.listdir("/proc/self/fd")) == before


def test_while_directories_are_moved_about(root: int, tmp_path: Path) -> None:
    """A swap at any moment: the open returns what lies inside, or refuses."""
    inside, stop = tmp_path / "inside", threading.Event()
    link, real = tmp_path / "inside" / "link", inside / "one"
    link.symlink_to(tmp_path / "outside" / "one")
    aside = inside / "aside"

    def swap() -> None:
        while not stop.is_set():
            real.rename(aside)
            link.rename(real)
            real.rename(link)
            aside.rename(real)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(3_000):
            try:
                assert read(root, b"one/two/three/file") == b"inside"
            except OSError as error:
                assert error.errno in (errno.ELOOP, errno.ENOENT, errno.ENOTDIR)
    finally:
        stop.set()
        swapper.join()


def _in_order(source: SourceTree, entry: Entry) -> bytes:
    with source.in_order() as nearby:
        return nearby.read_small(entry)


def _open(source: SourceTree, entry: Entry) -> bytes:
    with source.open(entry) as opened:
        return opened.read(0, entry.size)


# The calls that open a file of the folder, or look it up.
OPENS: dict[str, Callable[[SourceTree, Entry], object]] = {
    "read_small": SourceTree.read_small,
    "in_order": _in_order,
    "open": _open,
    "restat": lambda source, entry: source.restat(entry.path),
    "as_it_is": SourceTree.as_it_is,
}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("what", OPENS)
def test_directories_swapped_after_the_walk(
    root: int, tmp_path: Path, what: str, seed: int
) -> None:
    """A directory at any depth becomes a symlink to one that looks the same, with its times."""
    rng, inside = random.Random(seed), tmp_path / "inside"
    found = [e for b in walk(os.fsencode(inside)) for e in b.entries if e.kind == FileKind.REGULAR]
    depth = rng.randrange(1, len(DEEP) + 1)
    swapped = inside.joinpath(*DEEP[:depth])
    moved = tmp_path / "moved away"
    swapped.rename(moved)
    # A hard-linked copy: the same inodes, so that only the path to them differs.
    twin = tmp_path / "twin"
    shutil.copytree(moved, twin, copy_function=os.link)
    swapped.symlink_to(rng.choice([twin, moved]))
    below = os.fsencode("/".join(DEEP[:depth])) + b"/"
    with SourceTree(os.fsencode(inside)) as source:
        for entry in found:
            entry = source_module.regular_entry(
                entry.path, os.stat(os.fsencode(inside) + b"/" + entry.path)
            )
            if not entry.path.startswith(below):
                assert OPENS[what](source, entry)
            elif what == "restat":
                assert source.restat(entry.path) is None
            else:
                with pytest.raises(SourceFileError) as caught:
                    OPENS[what](source, entry)
                assert caught.value.kind is NoticeKind.CHANGED
                assert "was replaced" in caught.value.reason


@pytest.mark.anyio
@pytest.mark.parametrize("size", [1_000, 100_000])
@pytest.mark.parametrize("depth", range(1, len(DEEP) + 1))
async def test_an_upload_reads_nothing_outside(
    world: World, store: FaultyStore, monkeypatch: pytest.MonkeyPatch, depth: int, size: int
) -> None:
    outside = world.scratch / "outside"
    for place, seed in ((world.root, 1), (outside, 2)):
        for level in range(len(DEEP) + 1):
            at = place.joinpath(*DEEP[:level])
            at.mkdir(exist_ok=True)
            (at / "file").write_bytes(content(size, seed))
    swapped = world.root.joinpath(*DEEP[:depth])
    tree = source_module.SourceTree
    small, large = tree.take_small, tree.open

    turn = threading.Lock()

    def swap() -> None:
        with turn:
            if not swapped.is_symlink():
                swapped.rename(world.scratch / "moved away")
                swapped.symlink_to(outside.joinpath(*DEEP[:depth]))

    def take_small(self: SourceTree, entry: Entry) -> tuple[bytes, Metadata]:
        swap()
        return small(self, entry)

    def opened(self: SourceTree, entry: Entry, *, holes: bool) -> SourceFile:
        swap()
        return large(self, entry, holes=holes)

    monkeypatch.setattr(tree, "take_small", take_small)
    monkeypatch.setattr(tree, "open", opened)
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    told = await world.notices()
    gone = [os.fsencode("/".join((*DEEP[:n], "file"))) for n in range(depth, len(DEEP) + 1)]
    assert sorted(n.path for n in told) == sorted(gone)
    assert {(n.kind, n.reason) for n in told} == {(NoticeKind.CHANGED, "was replaced")}
    world.check_ledger()
    restored = await world.restore(outcome.version)
    kept = [p for p in restored.rglob("file") if p.is_file()]
    assert len(kept) == depth
    assert all(p.read_bytes() == content(size, 1) for p in kept)
    monkeypatch.undo()
    assert (await world.upload()).state is JobState.COMPLETED


_FORBIDDEN = r"""
import ctypes, os, struct, sys
def op(code, jt, jf, k): return struct.pack("HBBI", code, jt, jf, k)
answer = 0x50000 | int(sys.argv[1])
program = b"".join([op(0x20, 0, 0, 0), op(0x15, 0, 1, 437), op(0x06, 0, 0, answer),
                    op(0x06, 0, 0, 0x7fff0000)])
buffer = ctypes.create_string_buffer(program)
filter = struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.create_string_buffer(filter)) == 0, os.strerror(ctypes.get_errno())
from usenetsync_tui.disk.beneath import has_openat2, open_beneath
root = os.open(sys.argv[2], os.O_RDONLY)
assert not has_openat2()
assert os.read(open_beneath(root, b"one/file", os.O_RDONLY), 100) == b"inside"
try:
    open_beneath(root, b"link/file", os.O_RDONLY)
except OSError as refusal:
    print(refusal.errno)
"""


@pytest.mark.parametrize("answer", [errno.ENOSYS, errno.EPERM])
def test_where_openat2_is_missing_or_forbidden(root: int, tmp_path: Path, answer: int) -> None:
    """As in containers: a filter of system calls answers instead of the kernel."""
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    words = [sys.executable, "-c", _FORBIDDEN, str(answer), tmp_path / "inside"]
    done = subprocess.run(words, capture_output=True, text=True)
    if "AssertionError: Invalid argument" in done.stderr:
        pytest.skip("this kernel filters no system calls")
    assert (done.stdout.strip(), done.returncode) == (str(errno.ELOOP), 0), done.stderr
