"""One call writes all files of a pack; what is wrong with one of them stays its own problem."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from usenetsync_tui.catalogue.tables.version_files import VersionRow
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.model.digests import DigestAlgorithm, DigestKind
from usenetsync_tui.model.entries import FileKind, FileState, NoticeKind
from usenetsync_tui.model.segments import ObjectKind
from usenetsync_tui.pipeline.restore.pack import Missing, by_directory, unpack
from usenetsync_tui.pipeline.restore.report import RestoredBatch

WHEN = 1_600_000_000_123_456_789
DATA = b"first, second, third, fourth"


def row(path: bytes, begin: int, size: int, **others: object) -> VersionRow:
    """A small file whose bytes are a slice of `DATA`, at its place in the pack."""
    values = dict.fromkeys(VersionRow._fields) | {
        "path": path,
        "key": path,
        "kind": int(FileKind.REGULAR),
        "size": size,
        "mtime_ns": WHEN,
        "mode": 0o640,
        "state": FileState.PLANNED,
        "object_id": 1,
        "object_offset": begin,
        "object_kind": ObjectKind.PACK,
        "digest": digest_of(DigestAlgorithm.BLAKE3, DATA[begin : begin + size]),
        "digest_kind": int(DigestKind.BLAKE3),
        "uid": os.geteuid(),
        "gid": os.getegid(),
    }
    return VersionRow(**(values | others))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "target"


@pytest.fixture(params=["one process", "several processes"])
def tree(root: Path, request: pytest.FixtureRequest) -> Iterator[TargetTree]:
    with TargetTree(os.fsencode(root)) as tree:
        tree.prepare()
        if request.param == "several processes":
            tree.start_writers()
        yield tree


def unpacked(tree: TargetTree, *rows: VersionRow, data: bytes = DATA) -> RestoredBatch:
    batch = RestoredBatch()
    missing = [Missing(parent, inside) for parent, inside in by_directory(rows)]
    unpack(tree, missing, data, batch)
    return batch


def told(batch: RestoredBatch) -> dict[bytes, tuple[NoticeKind, str]]:
    return {notice.path: (notice.kind, notice.reason) for notice in batch.notices}


def test_files_of_several_directories(tree: TargetTree, root: Path) -> None:
    rows = [row(b"a/1", 0, 5), row(b"a/2", 7, 6), row(b"b/c/3", 15, 5), row(b"4", 22, 6)]
    assert [parent for parent, _ in by_directory(rows)] == [b"a/", b"b/c/", b""]
    batch = unpacked(tree, *rows)
    assert (batch.done_files, batch.done_bytes, batch.notices) == (4, 22, [])
    for each in rows:
        file = root / os.fsdecode(each.path)
        begin = each.object_offset or 0
        assert file.read_bytes() == DATA[begin : begin + each.size]
        assert (file.stat().st_mtime_ns, file.stat().st_mode & 0o7777) == (WHEN, 0o640)


def test_one_wrong_file_among_right_ones(tree: TargetTree, root: Path, tmp_path: Path) -> None:
    (root / "d/here").mkdir(parents=True)
    (root / "way").symlink_to(tmp_path)
    batch = unpacked(
        tree,
        row(b"d/right", 0, 5),
        row(b"d/other", 7, 6, digest=digest_of(DigestAlgorithm.BLAKE3, b"sacond")),
        row(b"d/here", 7, 6),
        row(b"d/..", 7, 6),
        row(b"d/beyond", 22, 60),
        row(b"d/negative", -5, 5, digest=b"n" * 32),
        row(b"way/new", 0, 5),
        row(b"way/newer", 7, 6),
        row(b"d/right too", 15, 5, digest_kind=int(DigestKind.SHA256), digest=b"x" * 32),
        row(b"e/last", 22, 6),
    )
    assert told(batch) == {
        b"d/other": (NoticeKind.DAMAGED, "the stored bytes are not those that were backed up"),
        b"d/here": (NoticeKind.UNWRITABLE, "a directory is in the way"),
        b"d/..": (NoticeKind.UNWRITABLE, "the path would lead outside the target"),
        b"d/beyond": (NoticeKind.DAMAGED, "the stored bytes are not those that were backed up"),
        b"d/negative": (NoticeKind.DAMAGED, "the stored bytes are not those that were backed up"),
        b"d/right too": (NoticeKind.DAMAGED, "the stored bytes are not those that were backed up"),
        b"way/new": (NoticeKind.UNWRITABLE, "a symlink is in the way"),
        b"way/newer": (NoticeKind.UNWRITABLE, "a symlink is in the way"),
    }
    assert (batch.done_files, batch.missed_files) == (2, 8)
    assert sorted(os.listdir(root / "d")) == ["here", "right"]
    assert sorted(os.listdir(tmp_path)) == ["target"]
    assert (root / "e/last").read_bytes() == b"fourth"


def test_a_file_without_a_slash_in_a_directory_is_that_of_the_root(tree: TargetTree) -> None:
    assert not list(by_directory([]))
    assert [parent for parent, _ in by_directory([row(b"a/b", 0, 1), row(b"b", 0, 1)])] == [
        b"a/",
        b"",
    ]
    assert not tree.has_none_of(b"")  # the target's root may have been there before
    tree.make_directory(b"new/")
    assert tree.has_none_of(b"new/") and not tree.has_none_of(b"../")
