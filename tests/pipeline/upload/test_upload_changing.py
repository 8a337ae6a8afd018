"""upload, when a file changes between the walk and its reading, or during its reading."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from trees import content
from worlds import World

from usenetsync_tui.disk.source import source_tree
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.metadata.metadata import Metadata
from usenetsync_tui.pipeline.upload.slice_readers import readers

Edit = Callable[[Path], None]

READ = [
    (1_000, StoreKind.SHARDS),
    (2_000_000, StoreKind.SHARDS),
    (2_000_000, StoreKind.USENET),  # by a process
]


def replaced_by_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replaced_by_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").write_bytes(b"x")


def replaced_by_symlink(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


STAYS: dict[str, Edit] = {
    "changes": lambda p: p.write_bytes(b"Z" * p.stat().st_size),
    "is truncated": lambda p: os.truncate(p, 10),
    "is emptied": lambda p: os.truncate(p, 0),
    "grows": lambda p: p.write_bytes(p.read_bytes() + b"more"),
    "grows large": lambda p: p.write_bytes(content(3_000_000)),
    "gets another mode": lambda p: p.chmod(0o640),
}
GOES: dict[str, Edit] = {
    "vanishes": Path.unlink,
    "becomes a FIFO": replaced_by_fifo,
    "becomes a directory": replaced_by_directory,
    "becomes a symlink": replaced_by_symlink,
}


def read_by(monkeypatch: pytest.MonkeyPatch, world: World, kind: StoreKind) -> None:
    """Have large files read by processes, as in a large upload to Usenet, or by threads."""
    world.choices = replace(world.choices, store=kind)
    monkeypatch.setattr(readers, "MANY", 0)
    monkeypatch.setattr(readers, "_PATIENCE", 60.0)


def edit_when_read(
    monkeypatch: pytest.MonkeyPatch, world: World, name: bytes, edits: list[Edit]
) -> None:
    """Make the next edit after the walk found the file and before the upload reads it."""
    path = Path(os.fsdecode(os.fsencode(world.root) + b"/" + name))

    def now(entry: object) -> None:
        if entry.path == name and edits:  # type: ignore[attr-defined]
            edits.pop(0)(path)

    tree, file = source_tree.SourceTree, SourceFile
    small, read, pieces = tree.take_small, file.read, file.pieces

    def take_small(self: source_tree.SourceTree, entry: object) -> tuple[bytes, Metadata]:
        now(entry)
        return small(self, entry)  # type: ignore[arg-type]

    def read_large(self: SourceFile, offset: int, size: int) -> bytes:
        if offset:
            now(self._entry)
        return read(self, offset, size)

    def asked_for(self: SourceFile, offset: int, size: int) -> list[tuple[int, int]]:
        if offset:  # another process is about to read it
            now(self._entry)
        return pieces(self, offset, size)

    monkeypatch.setattr(tree, "take_small", take_small)
    monkeypatch.setattr(file, "read", read_large)
    monkeypatch.setattr(file, "pieces", asked_for)


@pytest.mark.anyio
@pytest.mark.parametrize(("size", "kind"), READ)
@pytest.mark.parametrize("edit", STAYS)
async def test_a_file_that_changes_before_it_is_read_is_saved_as_read(
    world: World, monkeypatch: pytest.MonkeyPatch, size: int, kind: StoreKind, edit: str
) -> None:
    for name in ("a", "m", "z"):
        (world.root / name).write_bytes(content(size))
    read_by(monkeypatch, world, kind)
    edit_when_read(monkeypatch, world, b"m", [STAYS[edit]])
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    assert {(n.kind, n.path) for n in await world.notices()} == {(NoticeKind.CHANGED, b"m")}
    assert world.run is not None
    p = world.run.progress
    assert (p.done_files, p.done_bytes, p.in_flight) == (p.total_files, p.total_bytes, 0)
    world.check_ledger()
    await world.assert_restores(1, world.root)
    assert await world.completed() == 1


@pytest.mark.anyio
@pytest.mark.parametrize(("size", "kind"), READ)
@pytest.mark.parametrize("edit", GOES)
async def test_a_file_deleted_before_it_is_read_is_reported(
    world: World, monkeypatch: pytest.MonkeyPatch, size: int, kind: StoreKind, edit: str
) -> None:
    for name in ("a", "m", "z"):
        (world.root / name).write_bytes(content(size))
    read_by(monkeypatch, world, kind)
    # A large file is opened before its first read, and the open sees the change too.
    edit_when_read(monkeypatch, world, b"m", [GOES[edit]])
    outcome = await world.upload()
    notices = [n for n in await world.notices() if n.is_error]
    assert outcome.state is JobState.INCOMPLETE
    assert [n.path for n in notices] == [b"m"]
    world.check_ledger()
    restored = await world.restore(1)
    assert sorted(os.listdir(restored)) == ["a", "z"]
    assert (await world.upload()).state is JobState.COMPLETED


@pytest.mark.anyio
@pytest.mark.parametrize(("size", "kind"), READ)
async def test_a_file_that_keeps_changing_is_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch, size: int, kind: StoreKind
) -> None:
    (world.root / "a").write_bytes(content(size))
    (world.root / "m").write_bytes(content(size, 2))
    read_by(monkeypatch, world, kind)
    versions = iter(range(100))
    edits: list[Edit] = [lambda p: p.write_bytes(content(size, 10 + next(versions)))] * 50
    edit_when_read(monkeypatch, world, b"m", edits)
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    notices = await world.notices()
    assert {(n.kind, n.path) for n in notices} == {(NoticeKind.CHANGED, b"m")}
    assert "kept changing" in notices[-1].reason
    world.check_ledger()
    restored = await world.restore(1)
    assert os.listdir(restored) == ["a"]
    assert [n.path for n in await world.notices()] == [b"m"]
    edits.clear()
    assert await world.completed() == 2
    await world.assert_restores(2, world.root)
