"""Reading: exactly the file that the walk saw, or the reason why not."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from trees import as_nobody, content, hostile_tree

from usenetsync_tui.disk.source.scan import walk
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.errors import SourceError, SourceFileError
from usenetsync_tui.model.entries import Entry, FileKind, NoticeKind

OLD = 1_600_000_000 * 10**9


def entries(root: Path) -> dict[bytes, Entry]:
    return {e.path: e for batch in walk(os.fsencode(root)) for e in batch.entries}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "folder"
    (root / "in").mkdir(parents=True)
    (root / "in" / "file").write_bytes(content(60_000))
    os.utime(root / "in" / "file", ns=(OLD, OLD))
    return root


def test_every_file_of_a_hostile_tree(tmp_path: Path) -> None:
    root = hostile_tree(tmp_path / "tree")
    found = entries(root)
    read = 0
    with SourceTree(os.fsencode(root)) as source:
        for path, entry in found.items():
            if entry.kind != FileKind.REGULAR:
                continue
            whole = source.read_small(entry)
            assert len(whole) == entry.size
            with source.open(entry) as file:
                half = entry.size // 2
                assert file.read(half, entry.size - half) == whole[half:]
                assert file.read(0, half) == whole[:half]
                file.check()
            if len(path) < 3_000:
                assert whole == _slurp(root, path)
            read += len(path) > 4_096
    assert read >= 2, "no path beyond PATH_MAX was read"


def _slurp(root: Path, path: bytes) -> bytes:
    with open(os.fsencode(root) + b"/" + path, "rb") as file:
        return file.read()


def test_restat_agrees_with_the_walk(tmp_path: Path) -> None:
    root = hostile_tree(tmp_path / "tree")
    with SourceTree(os.fsencode(root)) as source:
        for path, entry in entries(root).items():
            assert source.restat(path) == entry
        assert source.restat(b"nothing") is None
        assert source.restat(b"modes/file 0644/below a file") is None


def replace(path: Path) -> None:
    path.rename(path.with_name("old"))
    path.write_bytes(content(60_000))
    os.utime(path, ns=(OLD, OLD))


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other")


def rewrite_secretly(path: Path) -> None:
    rewrite(path)
    os.utime(path, ns=(OLD, OLD))


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def become_symlink(path: Path) -> None:
    path.rename(path.with_name("old"))
    path.symlink_to("old")


def become_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def become_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_a_path_through_a_file(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_bytes(b"now a file")


CHANGED, VANISHED = NoticeKind.CHANGED, NoticeKind.VANISHED
CHANGES: list[tuple[Callable[[Path], object], NoticeKind, str]] = [
    (grow, CHANGED, "grew from 60,000 to 60,004 bytes"),
    (lambda p: os.truncate(p, 100), CHANGED, "was truncated from 60,000 to 100 bytes"),
    (lambda p: os.truncate(p, 0), CHANGED, "was truncated from 60,000 to 0 bytes"),
    (rewrite, CHANGED, "was modified"),
    (rewrite_secretly, CHANGED, "was modified (mode, owner, name or links)"),
    (lambda p: p.chmod(0o600), CHANGED, "was modified (mode, owner, name or links)"),
    (replace, CHANGED, "was replaced"),
    (become_symlink, CHANGED, "was replaced"),
    (become_fifo, CHANGED, "was replaced"),
    (become_directory, CHANGED, "was replaced"),
    (lambda p: p.unlink(), VANISHED, "was deleted"),
    (lambda p: shutil.rmtree(p.parent), VANISHED, "was deleted"),
    (become_a_path_through_a_file, VANISHED, "was deleted"),
]


@pytest.mark.parametrize(("change", "kind", "reason"), CHANGES)
@pytest.mark.parametrize("way", ["small", "large"])
def test_another_file_than_the_walk_saw(
    folder: Path, change: Callable[[Path], object], kind: NoticeKind, reason: str, way: str
) -> None:
    entry = entries(folder)[b"in/file"]
    change(folder / "in" / "file")
    with SourceTree(os.fsencode(folder)) as source, pytest.raises(SourceFileError) as caught:
        if way == "small":
            source.read_small(entry)
        else:
            source.open(entry)
    assert (caught.value.kind, caught.value.reason) == (kind, reason)


@pytest.mark.parametrize(("change", "kind", "reason"), CHANGES[:6])
def test_changed_while_it_is_read(
    folder: Path, change: Callable[[Path], object], kind: NoticeKind, reason: str
) -> None:
    entry = entries(folder)[b"in/file"]
    with SourceTree(os.fsencode(folder)) as source, source.open(entry) as file:
        assert file.read(0, 100) == content(60_000)[:100]
        change(folder / "in" / "file")
        with pytest.raises(SourceFileError) as caught:
            file.check()
    assert (caught.value.kind, caught.value.reason) == (kind, reason)


def test_a_file_truncated_while_it_is_read(folder: Path) -> None:
    entry = entries(folder)[b"in/file"]
    with SourceTree(os.fsencode(folder)) as source, source.open(entry) as file:
        os.truncate(folder / "in" / "file", 30_000)
        with pytest.raises(SourceFileError) as caught:
            file.read(20_000, 40_000)
    assert caught.value.reason == "was truncated from 60,000 to 30,000 bytes"
    assert caught.value.kind is NoticeKind.CHANGED


def test_short_reads_are_continued(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = entries(folder)[b"in/file"]
    pread, read = os.pread, os.read
    monkeypatch.setattr(os, "pread", lambda fd, size, at: pread(fd, min(size, 7_777), at))
    monkeypatch.setattr(os, "read", lambda fd, size: read(fd, min(size, 7_777)))
    with SourceTree(os.fsencode(folder)) as source, source.open(entry) as file:
        assert file.read(1, 59_999) == content(60_000)[1:]
        assert source.read_small(entry) == content(60_000)


def test_a_file_that_a_writer_changes(tmp_path: Path) -> None:
    """Reads are complete or refused as changed; between writes they are one state."""
    path = tmp_path / "file"
    states = [bytes([n]) * 200_000 for n in range(4)]
    path.write_bytes(states[0])
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with path.open("r+b", buffering=0) as file:
                file.write(states[number % 4])

    writer = threading.Thread(target=write)
    with SourceTree(os.fsencode(tmp_path)) as source:
        writer.start()
        try:
            for _ in range(100):
                entry = source.restat(b"file")
                assert entry is not None
                try:
                    data = source.read_small(entry)
                except SourceFileError as error:
                    assert error.kind is NoticeKind.CHANGED
                else:
                    assert len(data) == 200_000
        finally:
            stop.set()
            writer.join()
        entry = source.restat(b"file")
        assert entry is not None
        assert source.read_small(entry) in states


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_file_without_permission_to_read(short_folder: Path) -> None:
    root = short_folder / "source"
    (root / "in").mkdir(parents=True)
    (root / "in" / "file").write_bytes(b"secret")
    (root / "in" / "file").chmod(0o600)
    entry = entries(root)[b"in/file"]
    try:
        with as_nobody(), SourceTree(os.fsencode(root)) as source:
            for read in (source.read_small, source.open):
                with pytest.raises(SourceFileError) as caught:
                    read(entry)
                assert caught.value.kind is NoticeKind.UNREADABLE
                assert caught.value.reason == "Permission denied"
            assert source.restat(b"in/file") == entry
        (root / "in").chmod(0o700)
        with as_nobody(), SourceTree(os.fsencode(root)) as source:
            with pytest.raises(SourceFileError, match="Permission denied"):
                source.restat(b"in/file")
    finally:
        shutil.rmtree(root)


def test_nothing_stays_open(folder: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    entry = entries(folder)[b"in/file"]
    stale = entry._replace(size=1)
    with SourceTree(os.fsencode(folder)) as source:
        for read in (source.read_small, source.open):
            with pytest.raises(SourceFileError):
                read(stale)
        source.open(entry).close()
        source.restat(b"in/file")
        source.restat(b"in/nothing")
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_root_must_be_a_folder(folder: Path) -> None:
    with pytest.raises(SourceError, match="Not a directory"):
        SourceTree(os.fsencode(folder / "in" / "file"))


def test_reading_takes_four_system_calls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(name: str) -> None:
        real = getattr(os, name)

        def call(*args: object, **options: object) -> object:
            calls.append(name)
            return real(*args, **options)

        monkeypatch.setattr(os, name, call)

    entry = entries(folder)[b"in/file"]
    with SourceTree(os.fsencode(folder)) as source, source.in_order() as nearby:
        nearby.read_small(entry)
        for name in ("open", "read", "fstat", "close", "stat", "lseek"):
            counted(name)
        nearby.read_small(entry)
        assert calls == ["open", "read", "fstat", "close"]
        assert stat.S_ISREG(os.stat(folder / "in" / "file").st_mode)
