"""The walk: order, completeness, bounded memory, and trees that change meanwhile."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import as_nobody, hostile_tree, naive_walk

from usenetsync_tui.disk.source import directory_stack, scan, sorted_names
from usenetsync_tui.disk.source.own_files import OwnFiles, OwnPath
from usenetsync_tui.disk.source.scan import ScanBatch, walk
from usenetsync_tui.disk.source.stat_entries import KINDS
from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.entries import DEVICES, Entry, FileKind, NoticeKind, Problem


def everything(batches: Iterator[ScanBatch]) -> ScanBatch:
    whole = ScanBatch([], [], [])
    for batch in batches:
        assert len(batch.entries) <= scan.BATCH_SIZE
        whole.entries.extend(batch.entries)
        whole.problems.extend(batch.problems)
        whole.kept.extend(batch.kept)
    return whole


def paths(root: Path) -> list[bytes]:
    return [entry.path for entry in everything(walk(os.fsencode(root))).entries]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    return hostile_tree(tmp_path / "tree")


def expected(path: bytes, status: os.stat_result, root: Path) -> Entry:
    kind, mode = stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode)
    mtime, ctime, inode = status.st_mtime_ns, status.st_ctime_ns, status.st_ino
    owner = status.st_uid, status.st_gid
    if kind == stat.S_IFDIR:
        return Entry(path, FileKind.DIRECTORY, 0, mtime, ctime, 0, mode, None, *owner)
    if kind == stat.S_IFREG:
        return Entry(
            path, FileKind.REGULAR, status.st_size, mtime, ctime, inode, mode, None, *owner
        )
    if kind == stat.S_IFLNK:
        size = status.st_size
        link = os.readlink(os.fsencode(root) + b"/" + path) if len(path) < 3_000 else None
        return Entry(path, FileKind.SYMLINK, size, mtime, ctime, inode, mode, link, *owner)
    special = KINDS[kind]
    number = status.st_rdev
    device = b"%d:%d" % (os.major(number), os.minor(number)) if special in DEVICES else None
    return Entry(path, special, 0, mtime, ctime, inode, mode, device, *owner)


@pytest.mark.parametrize("names_in_memory", [50_000, 7, 1])
def test_all_of_a_hostile_tree_in_byte_order(hostile: Path, names_in_memory: int) -> None:
    found = everything(walk(os.fsencode(hostile), names_in_memory=names_in_memory))
    naive = sorted(naive_walk(hostile).items())
    wanted = [expected(path, status, hostile) for path, status in naive]
    assert [e.path for e in found.entries] == [e.path for e in wanted]
    for entry, other in zip(found.entries, wanted, strict=True):
        assert entry == other or (other.link is None and entry._replace(link=None) == other)
    assert all(e.link is not None and len(e.link) == e.size for e in found.entries if e.kind == 2)
    assert not found.kept
    assert not found.problems
    kinds = {e.path: e.kind for e in found.entries}
    assert (kinds[b"special/socket"], kinds[b"special/fifo"]) == (FileKind.SOCKET, FileKind.FIFO)


def test_entries_are_what_the_model_says(hostile: Path) -> None:
    first = next(walk(os.fsencode(hostile))).entries[0]
    assert type(first) is Entry
    assert first[:3] == (b"", 1, 0)
    assert first.inode == 0


_NAME = st.binary(min_size=1, max_size=12).filter(
    lambda name: b"\0" not in name and b"/" not in name and name not in (b".", b"..")
)


@settings(max_examples=60, deadline=None)
@given(files=st.sets(_NAME, max_size=25), folders=st.sets(_NAME, max_size=10))
def test_any_names(
    tmp_path_factory: pytest.TempPathFactory, files: set[bytes], folders: set[bytes]
) -> None:
    root = tmp_path_factory.mktemp("names")
    made = {b""}
    for folder in folders:
        os.mkdir(os.path.join(os.fsencode(root), folder))
        made.add(folder + b"/")
    for parent in [b"", *(folder + b"/" for folder in folders)]:
        for name in files - folders if not parent else files:
            with open(os.path.join(os.fsencode(root), parent + name), "xb"):
                made.add(parent + name)
    for names_in_memory in (50_000, 2):
        found = everything(walk(os.fsencode(root), names_in_memory=names_in_memory))
        assert [entry.path for entry in found.entries] == sorted(made)


def test_one_folder_of_many_files_spills_and_stays_sorted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorted_names, "_CHUNK", 100)
    monkeypatch.setattr(sorted_names, "_BLOCK", 64)
    names = [b"%05d" % (n * 7_919 % 100_000) + b"x" * (n % 80) for n in range(3_000)]
    for name in names:
        os.close(os.open(os.path.join(os.fsencode(tmp_path), name), os.O_CREAT | os.O_WRONLY))
    for number in range(50):
        below = tmp_path / f"folder {number}"
        below.mkdir()
        for inner in range(20):
            (below / str(inner)).touch()
    batches = list(walk(os.fsencode(tmp_path), names_in_memory=10))
    assert max(len(batch.entries) for batch in batches) == scan.BATCH_SIZE
    found = [entry.path for batch in batches for entry in batch.entries]
    assert found == sorted(naive_walk(tmp_path))


def test_the_spill_file_shrinks_again(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / str(number)).touch()
    sorter = sorted_names.NameSorter(limit=4)
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        outer = sorter.list(fd)
        next(outer.keys)
        inner = sorter.list(fd)
        assert list(inner.keys) == sorted(b"%d" % n for n in range(30))
        sorter.release(inner)
        assert list(outer.keys) == sorted(b"%d" % n for n in range(30))[1:]
        sorter.release(outer)
        assert sorter._spill is not None
        assert os.fstat(sorter._spill.fileno()).st_size == 0
    finally:
        os.close(fd)
        sorter.close()


def test_a_name_listed_twice_comes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (tmp_path / str(number)).touch()
    real = os.scandir

    class Twice:
        def __init__(self, fd: int) -> None:
            with real(fd) as entries:
                self.entries = list(entries) * 2

        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            return iter(self.entries)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Twice)
    wanted = [b"", b"0", b"1", b"2", b"3", b"4"]
    for limit in (50_000, 3):
        monkeypatch.setattr(sorted_names, "_CHUNK", 3)
        found = everything(walk(os.fsencode(tmp_path), names_in_memory=limit))
        assert [e.path for e in found.entries] == wanted


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def make_chain(root: Path, levels: int) -> None:
    fd = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.close(os.open("z file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        os.mkdir("m", dir_fd=fd)
        below = os.open("m", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "chain"
    root.mkdir()
    make_chain(root, 2_500)
    yield root
    # pytest removes folders recursively, which fails here.
    subprocess.run(["rm", "-rf", str(root)], check=True)


def test_very_deep_with_few_descriptors(chain: Path) -> None:
    before = open_descriptors()
    most = 0
    found: list[bytes] = []
    for batch in walk(os.fsencode(chain)):
        most = max(most, open_descriptors())
        assert len(batch.entries) <= scan.BATCH_SIZE
        assert not batch.problems
        found.extend(entry.path for entry in batch.entries)
    assert len(found) == 5_001
    assert found == sorted(found)
    assert most - before <= directory_stack.OPEN_DIRECTORIES + 5
    assert open_descriptors() == before


def test_a_folder_moved_during_the_walk_is_kept_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "tree"
    (root / "a" / "b" / "c" / "d").mkdir(parents=True)
    for folder in (root, root / "a", root / "a/b", root / "a/b/c", root / "a/b/c/d"):
        (folder / "z").touch()
    monkeypatch.setattr(scan, "BATCH_SIZE", 1)
    stack = directory_stack.DirectoryStack(1)
    monkeypatch.setattr(scan, "DirectoryStack", lambda: stack)
    found = ScanBatch([], [], [])
    for batch in walk(os.fsencode(root)):
        found.entries.extend(batch.entries)
        found.problems.extend(batch.problems)
        found.kept.extend(batch.kept)
        if batch.entries and batch.entries[-1].path == b"a/b/c/d/":
            (root / "a/b/c").rename(tmp_path / "elsewhere")
            (root / "a/b").rename(tmp_path / "b elsewhere")
    # c is still open; b is neither the parent of c nor below a; a is found again.
    given = [e.path for e in found.entries]
    wanted = b" a/ a/b/ a/b/c/ a/b/c/d/ a/b/c/d/z a/b/c/z a/z z"
    assert given == wanted.split(b" ")
    reason = "was moved while the folder was scanned"
    assert found.problems == [Problem(b"a/b/", NoticeKind.CHANGED, reason)]
    assert found.kept == [b"a/b/"]


Hook = Callable[[bytes], None]


def on_look(monkeypatch: pytest.MonkeyPatch, hook: Hook) -> None:
    """Call `hook` with a name just before the walk examines it."""
    real = os.stat

    def look(
        path: bytes | str, *, dir_fd: int | None = None, follow_symlinks: bool = True
    ) -> os.stat_result:
        if isinstance(path, bytes):
            hook(path)
        return real(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "stat", look)


def test_a_file_deleted_before_it_is_examined_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (tmp_path / name).touch()
    on_look(monkeypatch, lambda name: (tmp_path / "b").unlink() if name == b"b" else None)
    found = everything(walk(os.fsencode(tmp_path)))
    assert [e.path for e in found.entries] == [b"", b"a", b"c"]
    assert not found.problems
    assert not found.kept


def test_a_folder_deleted_before_it_is_opened_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").mkdir()
    on_look(monkeypatch, lambda name: (tmp_path / "b").rmdir() if name == b"a" else None)
    found = everything(walk(os.fsencode(tmp_path)))
    assert [e.path for e in found.entries] == [b"", b"a"]
    assert not found.problems


@pytest.mark.parametrize("replacement", ["symlink", "file"])
def test_a_folder_replaced_before_it_is_opened_is_kept_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replacement: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").touch()
    root = tmp_path / "root"
    (root / "b").mkdir(parents=True)
    (root / "a").touch()

    def replace(name: bytes) -> None:
        if name == b"a":
            (root / "b").rmdir()
            if replacement == "symlink":
                (root / "b").symlink_to(outside)
            else:
                (root / "b").touch()

    on_look(monkeypatch, replace)
    found = everything(walk(os.fsencode(root)))
    assert [e.path for e in found.entries] == [b"", b"a"]
    assert [(p.path, p.kind) for p in found.problems] == [(b"b/", NoticeKind.CHANGED)]
    assert found.kept == [b"b/"]


def test_a_file_that_became_a_folder_is_kept_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()

    def replace(name: bytes) -> None:
        (tmp_path / "a").unlink()
        (tmp_path / "a").mkdir()

    on_look(monkeypatch, replace)
    found = everything(walk(os.fsencode(tmp_path)))
    assert [e.path for e in found.entries] == [b""]
    assert found.kept == [b"a"]
    assert found.problems[0].kind is NoticeKind.CHANGED


def test_a_path_that_cannot_be_examined_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (tmp_path / name).touch()

    def refuse(name: bytes) -> None:
        if name == b"b":
            raise OSError(errno.EIO, "Input/output error")

    on_look(monkeypatch, refuse)
    found = everything(walk(os.fsencode(tmp_path)))
    assert [e.path for e in found.entries] == [b"", b"a", b"c"]
    assert found.problems == [Problem(b"b", NoticeKind.UNREADABLE, "Input/output error")]
    assert found.kept == [b"b"]


@pytest.mark.parametrize("where", ["first", "later"])
def test_a_listing_that_breaks_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    (tmp_path / "d").mkdir()
    for name in "abc":
        (tmp_path / "d" / name).touch()
    real = os.scandir

    class Broken:
        def __init__(self, fd: int) -> None:
            with real(fd) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name)
            self.broken = self.entries[0].name == "a"
            if self.broken and where == "first":
                raise OSError(errno.EIO, "Input/output error")

        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            yield_from = self.entries[:2]

            def entries() -> Iterator[os.DirEntry[str]]:
                yield from yield_from
                if self.broken:
                    raise OSError(errno.EIO, "Input/output error")

            return entries()

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Broken)
    found = everything(walk(os.fsencode(tmp_path)))
    given = [b"", b"d/"] + ([b"d/a", b"d/b"] if where == "later" else [])
    assert [e.path for e in found.entries] == given
    assert found.problems == [Problem(b"d/", NoticeKind.UNREADABLE, "Input/output error")]
    assert found.kept == [b"d/"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_unreadable_folders_are_there_and_kept(short_folder: Path) -> None:
    root = short_folder / "unreadable"
    (root / "closed").mkdir(parents=True)
    (root / "closed" / "file").touch()
    (root / "listed").mkdir()
    (root / "listed" / "file").touch()
    (root / "open").touch()
    (root / "closed").chmod(0o700)
    (root / "listed").chmod(0o744)
    try:
        with as_nobody():
            found = everything(walk(os.fsencode(root)))
            with pytest.raises(SourceError, match="Permission denied"):
                next(walk(os.fsencode(root / "closed")))
    finally:
        shutil.rmtree(root)
    assert [e.path for e in found.entries] == [b"", b"closed/", b"listed/", b"open"]
    assert found.entries[1].mode == 0o700
    denied = "Permission denied"
    assert found.problems == [
        Problem(b"closed/", NoticeKind.UNREADABLE, denied),
        Problem(b"listed/file", NoticeKind.UNREADABLE, denied),
    ]
    assert found.kept == [b"closed/", b"listed/file"]


def test_the_catalogues_own_folder_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "data" / "base").mkdir(parents=True)
    (tmp_path / "x").touch()
    places = [OwnPath(tmp_path / "data", "the database", always=True)]
    found = everything(walk(os.fsencode(tmp_path), own=OwnFiles(os.fsencode(tmp_path), places)))
    assert [e.path for e in found.entries] == [b"", b"x"]
    assert found.problems == [Problem(b"data/", NoticeKind.SKIPPED, "the database")]
    assert not found.kept
    for inside in (tmp_path / "data", tmp_path / "data" / "base"):
        own = OwnFiles(os.fsencode(inside), places)
        with pytest.raises(SourceError, match=r"^/\S+ is, or is part of, the database\.$"):
            next(walk(os.fsencode(inside), own=own))


def test_a_root_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    before = open_descriptors()
    with pytest.raises(SourceError, match="Not a directory"):
        next(walk(os.fsencode(tmp_path / "file")))
    with pytest.raises(SourceError) as caught:
        next(walk(os.fsencode(tmp_path) + b"/\x1b[2J\n"))
    assert "No such file or directory" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert open_descriptors() == before


def test_an_abandoned_walk_leaves_nothing_open(hostile: Path) -> None:
    before = open_descriptors()
    batches = walk(os.fsencode(hostile), names_in_memory=1)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert open_descriptors() == before


def test_a_full_temporary_folder_ends_the_walk_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (tmp_path / str(number)).touch()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    before = open_descriptors()
    with pytest.raises(SourceError, match=r"^A directory has .*No space left on device"):
        next(walk(os.fsencode(tmp_path), names_in_memory=1))
    assert open_descriptors() == before
