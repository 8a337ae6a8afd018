"""Processes that make small files: they make the ordinary ones, and leave all others untouched."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.disk.restored.writers.file_writers import FileWriters
from usenetsync_tui.disk.restored.writers.writer_process import FIELDS, File
from usenetsync_tui.model.digests import DigestAlgorithm, DigestKind

DATA = b"first, second"
WHEN = 1_600_000_000_123_456_789


@pytest.fixture
def writers() -> Iterator[FileWriters]:
    writers = FileWriters(1)
    yield writers
    writers.close()


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def file(name: bytes, **others: object) -> File:
    """The second word of `DATA` as a file in ``d/``."""
    values = dict.fromkeys(FIELDS) | {
        "path": b"d/" + name,
        "kind": 0,
        "size": 6,
        "mode": 0o604,
        "mtime_ns": WHEN,
        "uid": os.geteuid(),
        "gid": os.getegid(),
        "object_offset": 7,
        "digest_kind": int(DigestKind.BLAKE3),
        "digest": digest_of(DigestAlgorithm.BLAKE3, b"second"),
    }
    return tuple((values | others).values())


def made(writers: FileWriters, directory: int, *files: File) -> list[int]:
    return list(writers.make([directory], [(2, list(files))], DATA))


def test_only_ordinary_files_are_made(writers: FileWriters, directory: int, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("another")
    (tmp_path / "a link").symlink_to("nowhere")
    sha256 = digest_of(DigestAlgorithm.SHA256, b"second")
    ordinary = [
        file(b"new"),
        file(b"\xff\n"),
        file(b"old digest", digest_kind=None, digest=sha256),
        file(b"sha256", digest_kind=int(DigestKind.SHA256), digest=sha256),
        file(b"n" * 255),
    ]
    others = [
        file(b"there"),
        file(b"a link"),
        *map(file, (b"", b".", b"..", b"../up", b"a\0b", b"n" * 256)),
        file(b"wrong", digest=bytes(32)),
        file(b"beyond", object_offset=9),
        file(b"negative", object_offset=-6),
        file(b"of segments", digest_kind=int(DigestKind.SEGMENTS_BLAKE3)),
        file(b"no digest", digest=None),
        file(b"set-user-id", mode=0o4755),
        file(b"late", mtime_ns=1 << 70),
        file(b"no owner", uid=None),
        file(b"no such owner", uid=1 << 40),
        file(b"xattrs", xattrs=b"x"),
        file(b"sparse", extents=b"x"),
        file(b"a symlink", kind=2),
    ]
    mixed = [each for pair in zip(others, ordinary, strict=False) for each in pair]
    rest = others[len(ordinary) :]
    assert made(writers, directory, *mixed, *rest) == [0, 1] * len(ordinary) + [0] * len(rest)
    assert {os.fsencode(each.name) for each in tmp_path.iterdir()} == {
        *(each[0][2:] for each in ordinary),
        *(b"there", b"a link"),
    }
    for path, *_ in ordinary:
        at = os.fsencode(tmp_path) + path[1:]
        found = os.stat(at)
        assert Path(os.fsdecode(at)).read_bytes() == b"second"
        assert (found.st_mode & 0o7777, found.st_mtime_ns, found.st_nlink) == (0o604, WHEN, 1)
    assert (tmp_path / "there").read_text() == "another"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_an_owner_is_set(writers: FileWriters, directory: int, tmp_path: Path) -> None:
    assert made(writers, directory, file(b"ours"), file(b"theirs", uid=12345, gid=54321)) == [1, 1]
    status = (tmp_path / "theirs").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (12345, 54321, 0o604)


def test_files_born_with_an_acl_are_left(
    writers: FileWriters, directory: int, tmp_path: Path
) -> None:
    subprocess.run(["setfacl", "-d", "-m", "u:12345:rwx", str(tmp_path)], check=True)
    assert made(writers, directory, file(b"a"), file(b"b")) == [0, 0]
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_dies_leaves_its_files(directory: int, tmp_path: Path) -> None:
    others = children()
    writers = FileWriters(1)
    assert made(writers, directory, file(b"a")) == [1]
    (process,) = children() - others
    os.kill(int(process), signal.SIGKILL)
    assert made(writers, directory, file(b"b")) == [0]
    assert made(writers, directory, file(b"c")) == [0]  # there is no other process
    assert os.listdir(tmp_path) == ["a"] and children() == others


def test_it_is_not_asked_when_it_leaves_nearly_all(writers: FileWriters, directory: int) -> None:
    assert not any(made(writers, directory, *[file(b"x", xattrs=b"x")] * 1_100))
    assert made(writers, directory, file(b"a")) == [0]


def test_they_end_with_their_restore(directory: int) -> None:
    others = children()
    writers = FileWriters(2)
    assert len(children() - others) == 2 and made(writers, directory, file(b"a")) == [1]
    writers.close()
    assert children() == others


def children() -> set[str]:
    """The process ids of this thread's children."""
    return set(Path("/proc/thread-self/children").read_text().split())
