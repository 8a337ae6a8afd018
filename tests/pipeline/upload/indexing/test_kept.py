"""Paths that the walk could not examine: the catalogue keeps what it knows of them."""

from __future__ import annotations

import errno
import os

import pytest
from guarded import fill
from trees import as_nobody
from worlds import World

from usenetsync_tui.disk.source import sorted_names
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.pipeline.upload.indexing import kept
from usenetsync_tui.pipeline.upload.indexing.kept import KeptPaths, _is_ahead


def test_a_kept_path_stands_for_what_is_below_it() -> None:
    paths = KeptPaths()
    assert b"a" not in paths
    paths.add([b"a", b"b/", b"c/d"])
    for path in (b"a", b"a/", b"a/x", b"a/x/y", b"b/", b"b/x", b"c/d", b"c/d/", b"c/d/x"):
        assert path in paths, path
    for path in (b"", b"a-", b"ab", b"b", b"b-/x", b"c/", b"c/da", b"c/d-/x", b"d"):
        assert path not in paths, path
    paths.add([b""])
    assert b"anything/at all" in paths


def test_kept_paths_behind_the_walk_are_forgotten() -> None:
    paths = KeptPaths()
    paths.add([b"a", b"b/", b"c"])
    paths.pass_by(b"a/z")
    assert b"a/zz" in paths  # names such as a- sort between them
    paths.pass_by(b"b")
    assert b"a" not in paths
    assert b"b/x" in paths
    paths.pass_by(b"b0")
    assert b"b/x" not in paths
    paths.pass_by(None)
    assert b"c" not in paths


@pytest.mark.anyio
async def test_directories_that_cannot_be_searched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `chmod -R 644` leaves them: many paths are kept, and each is examined a few times."""
    looks = 0

    def is_ahead(path: bytes, key: bytes) -> bool:
        nonlocal looks
        looks += 1
        return _is_ahead(path, key)

    files, sub = 6_000, world.root / "sub"
    fill(sub, files)
    fill(world.root, 3)
    await world.connect()
    await world.completed()
    for folder in (*world.root.resolve().parents, world.root):
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(0o755)
    sub.chmod(0o644)
    monkeypatch.setattr(kept, "_is_ahead", is_ahead)
    with as_nobody():
        outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    assert world.run is not None and world.run.progress.errors == files
    assert not world.query("SELECT FROM files WHERE last_version IS NOT NULL AND kind = 0")
    assert looks <= 2 * files


@pytest.mark.anyio
@pytest.mark.parametrize("trouble", ["gives no types", "fails"])
async def test_a_directory_that_is_not_listed_as_one(
    world: World, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """A file system that gives no types, and fails when asked for one."""
    fill(world.root / "sub" / "deeper", 20)
    fill(world.root, 3)
    await world.completed()
    look = os.stat

    def failing(path: object, *args: object, **kwargs: object) -> os.stat_result:
        if path == b"sub" and trouble == "fails":
            raise OSError(errno.EIO, "Input/output error")
        return look(path, *args, **kwargs)  # type: ignore[call-overload, no-any-return]

    def names(chunk: list[os.DirEntry[str]]) -> set[bytes]:
        return {os.fsencode(entry.name) for entry in chunk}

    monkeypatch.setattr(sorted_names, "_keys", names)
    monkeypatch.setattr(os, "stat", failing)
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    assert [n.path for n in await world.notices()] == [b"sub"]
    assert not world.query("SELECT FROM files WHERE last_version IS NOT NULL")
    monkeypatch.undo()
    assert (await world.upload()).message == "nothing changed since version 1"


@pytest.mark.anyio
@pytest.mark.parametrize("code", [errno.ESTALE, errno.EIO, errno.ENOTCONN, errno.EHOSTDOWN])
@pytest.mark.parametrize("call", ["scandir", "stat"])
async def test_a_file_system_that_fails_while_it_is_walked(
    world: World, monkeypatch: pytest.MonkeyPatch, code: int, call: str
) -> None:
    fill(world.root / "sub" / "deeper", 150)
    fill(world.root, 3)
    await world.completed()
    real, folder = getattr(os, call), (world.root / "sub").stat().st_ino

    def failing(what: object, *args: object, **kwargs: object) -> object:
        if call == "scandir" and isinstance(what, int) and os.fstat(what).st_ino == folder:
            raise OSError(code, os.strerror(code))
        if call == "stat" and isinstance(what, bytes) and b"file0" in what and kwargs.get("dir_fd"):
            raise OSError(code, os.strerror(code))
        return real(what, *args, **kwargs)

    monkeypatch.setattr(os, call, failing)
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    assert not world.query("SELECT FROM files WHERE last_version IS NOT NULL")
    monkeypatch.undo()
    assert (await world.upload()).message == "nothing changed since version 1"


@pytest.mark.anyio
async def test_a_root_that_fails_is_no_empty_folder(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world.root, 3)
    await world.completed()
    real, folder = os.scandir, world.root.stat().st_ino

    def failing(what: object) -> object:
        if isinstance(what, int) and os.fstat(what).st_ino == folder:
            raise OSError(errno.EIO, "Input/output error")
        return real(what)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", failing)
    outcome = await world.upload()
    assert outcome.state is JobState.FAILED
    assert "Input/output error" in outcome.message
