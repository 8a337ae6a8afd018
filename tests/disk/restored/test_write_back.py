"""The disk begins with the bytes of large files during a restore, where the system lets it."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from usenetsync_tui.disk import linux_calls
from usenetsync_tui.disk.linux_calls import begin_write_back
from usenetsync_tui.disk.restored import part_file
from usenetsync_tui.disk.restored.attributes import Attributes
from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.errors import TargetFileError

MINE = Attributes(0o644, 1_500_000_000_000_000_000, os.geteuid(), os.getegid())


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[TargetTree]:
    with TargetTree(os.fsencode(tmp_path / "target")) as target:
        target.prepare()
        yield target


def test_the_disk_begins_with_a_large_file_before_the_sync(
    tree: TargetTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    monkeypatch.setattr(part_file, "_WRITE_BACK", 3_000_000)
    monkeypatch.setattr(part_file, "begin_write_back", begun.append)
    with tree.part(b"large", 5_000_000) as part:
        part.write(0, bytes(2_000_000))
        assert not begun
        part.write(2_000_000, bytes(1_500_000))
        assert len(begun) == 1
        part.write(3_500_000, bytes(1_500_000))
        part.commit(MINE)
    assert len(begun) == 2
    with tree.part(b"small", 100_000) as part:
        part.write(0, bytes(100_000))
        part.commit(MINE)
    assert len(begun) == 2


def test_an_early_failure_of_the_disk_is_that_files_error(
    tree: TargetTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_file, "_WRITE_BACK", 1)
    with tree.part(b"file", 10) as part:
        monkeypatch.setattr(linux_calls, "_libc", libc_with(errno.EIO))
        with pytest.raises(TargetFileError, match="Input/output error"):
            part.write(0, b"0123456789")
    assert not (tmp_path / "target" / "file").exists()


def test_what_cannot_begin_early_is_left_to_the_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.pipe()
    begin_write_back(theirs)  # the kernel refuses it: ESPIPE
    os.close(ours)
    os.close(theirs)
    monkeypatch.setattr(linux_calls, "_libc", libc_with(errno.ENOSYS))
    begin_write_back(0)
    monkeypatch.setattr(linux_calls, "_libc", libc_with(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        begin_write_back(0)


def libc_with(code: int) -> SimpleNamespace:
    """A C library whose sync_file_range fails."""

    def fail(*_: object) -> int:
        ctypes.set_errno(code)
        return -1

    return SimpleNamespace(sync_file_range=fail)
