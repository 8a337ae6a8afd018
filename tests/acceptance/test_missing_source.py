"""Promise 12, with the real command: a missing source is not an empty one."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance_command import Command
from file_systems import away, ext4
from trees import compare_trees, small_files


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with ext4(tmp_path / "disk") as place:
        (place / "lost+found").rmdir()
        yield place


def nothing_new(usenetsync: Command, folder: Path) -> None:
    summary = usenetsync("upload", folder, "--json").event("summary")
    assert summary["message"].startswith("nothing changed since version"), summary
    assert (summary["files"], summary["bytes"]) == (0, 0)


def restored(usenetsync: Command, folder: Path, *options: str) -> Path:
    target = folder.with_name("restored")
    shutil.rmtree(target, ignore_errors=True)
    usenetsync("restore", folder, target, *options)
    return target


@pytest.mark.slow
def test_an_unmounted_disk_is_refused_with_figures(usenetsync: Command, disk: Path) -> None:
    small_files(disk, 200)
    usenetsync("upload", disk)
    copy = disk.with_name("copy")
    shutil.copytree(disk, copy, symlinks=True)
    usenetsync.query("DELETE FROM mounts RETURNING 1")  # as an earlier program left it
    with away(disk):
        ended = usenetsync("upload", disk, expect=1)
        assert "is empty; version 1 holds 200 files" in ended.out
        assert "Nothing was removed" in ended.out
        assert "--allow-shrink" in ended.out
        summary = usenetsync("upload", disk, "--json", expect=1).event("summary")
        assert summary["state"] == "failed"
        assert summary["refusal"] == {
            "kind": "empty",
            "version": 1,
            "files": 200,
            "missing": 200,
            "detail": "",
        }
        assert [s["version"] for s in usenetsync("snapshots", disk, "--json").events] == [1]
        assert not [d for d in compare_trees(copy, restored(usenetsync, disk)) if "mtime" not in d]
    nothing_new(usenetsync, disk)
    with away(disk):
        summary = usenetsync("upload", disk, "--json", expect=1).event("summary")
        assert summary["refusal"]["kind"] == "another_file_system"
        assert usenetsync("upload", disk, "--allow-shrink").out.startswith("✓")
    summary = usenetsync("upload", disk, "--json", expect=1).event("summary")
    assert "ext4" in summary["message"]


@pytest.mark.slow
def test_a_missing_folder(usenetsync: Command, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    small_files(folder, 10)
    usenetsync("upload", folder)
    folder.rename(tmp_path / "elsewhere")
    ended = usenetsync("upload", folder, expect=1)
    assert "mount it and upload again" in ended.err
    error = usenetsync("upload", folder, "--json", expect=1).event("error")
    assert error["kind"] == "SourceGoneError"
    usenetsync("upload", folder, "--allow-shrink", expect=1)


@pytest.mark.slow
def test_most_files_are_deleted_on_purpose(usenetsync: Command, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    small_files(folder, 110)
    usenetsync("upload", folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files[:60]:
        path.unlink()
    assert "60 of the 110 files of version 1 are gone" in usenetsync("upload", folder, expect=1).out
    usenetsync("upload", folder, "--allow-shrink")
    assert not compare_trees(folder, restored(usenetsync, folder))


@pytest.mark.slow
def test_a_mount_point_inside_is_kept_as_it_was(usenetsync: Command, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    small_files(folder / "own", 20)
    with ext4(folder / "disk", image=tmp_path / "disk.image") as disk:
        small_files(disk, 150)
        usenetsync("upload", folder)
        with away(disk):
            (folder / "own" / "new").write_bytes(b"new")
            ended = usenetsync("upload", folder, "--json", expect=3)
            (notice,) = [e for e in ended.events if e["event"] == "notice"]
            assert (notice["kind"], notice["path"]) == ("guarded", "disk/")
            assert ended.event("summary")["refusal"] is None
        nothing_new(usenetsync, folder)
        assert len([p for p in restored(usenetsync, folder).rglob("*") if p.is_file()]) == 171


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.3])
def test_killed_in_the_middle_of_such_a_run(usenetsync: Command, disk: Path, delay: float) -> None:
    """The walk must pass what is below the mount point before the planner can judge it."""
    small_files(disk, 3_000)
    (disk / "kept here too").write_bytes(b"on the disk")
    usenetsync("upload", disk)
    usenetsync.query("DELETE FROM mounts RETURNING 1")
    before = usenetsync.query("SELECT * FROM files ORDER BY path_key")
    with away(disk):
        small_files(disk, 1_000, seed=2)  # the same names
        process = usenetsync.start("upload", disk)
        while not usenetsync.query("SELECT 1 FROM snapshots WHERE state = 0"):
            assert process.poll() is None, "it was done too soon"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        usenetsync("upload", disk, expect=1)
    nothing_new(usenetsync, disk)
    assert usenetsync.query("SELECT * FROM files ORDER BY path_key") == before


def interrupted(usenetsync: Command, folder: Path) -> None:
    """Kill an upload while it builds a version."""
    process = usenetsync.start("upload", folder)
    deadline = time.monotonic() + 60
    while not usenetsync.query("SELECT 1 FROM files WHERE state = 1 AND first_version = 2 LIMIT 1"):
        assert time.monotonic() < deadline
        assert process.poll() is None, "it was done too soon"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert usenetsync.query("SELECT state FROM snapshots ORDER BY version") == [(1,), (0,)]


@pytest.mark.slow
def test_the_newest_version_is_the_newest_finished_one(usenetsync: Command, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    small_files(folder, 30)
    usenetsync("upload", folder, "--profile", "plain")
    first = usenetsync("files", folder).out
    for number in range(40):
        (folder / f"large{number}").write_bytes(bytes([number]) * 20_000_000)
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", folder, copy], check=True)
    interrupted(usenetsync, folder)
    assert usenetsync("files", folder).out == first
    assert usenetsync("files", folder, "--version", "1").out == first
    for words in (
        ("files", folder, "--version", "2"),
        ("restore", folder, tmp_path / "target", "--version", "2"),
        ("nzb", folder, "-o", tmp_path / "two.nzb", "--version", "2"),
    ):
        assert "Version 2 is not finished yet" in usenetsync(*words, expect=2).err
    found = usenetsync("folders", "--json").events
    assert [f["versions"] for f in found] == [[1]]
    assert len([p for p in restored(usenetsync, folder).rglob("*") if p.is_file()]) == 30
    states = [s["state"] for s in usenetsync("snapshots", folder, "--json").events]
    assert states == ["complete", "building"]


@pytest.mark.slow
def test_a_home_is_uploaded_without_our_own_files(home: Path, tmp_path: Path) -> None:
    """The password, key, data and log of the program are in the uploaded folder."""
    usenetsync = Command(home / "user" / ".usenetsync")
    config = home / "user" / ".usenetsync" / "config"
    for folder in (home / "user", config.parent):
        folder.mkdir(mode=0o711)
    config.mkdir(mode=0o700)
    key = home / "user" / "keys" / "usenetsync.key"
    key.parent.mkdir(mode=0o700)
    (config / "config.toml").touch(mode=0o600)
    (config / "config.toml").write_text(f'passphrase = "the-passphrase"\nkey_file = "{key}"\n')
    key.touch(mode=0o600)
    key.write_text("the-key-of-keys\n")
    (home / "user" / "photo").write_bytes(b"a photo")
    try:
        ended = usenetsync("upload", home / "user", "--profile", "plain")
        posted = [bytes(p) for (p,) in usenetsync.query("SELECT payload FROM articles")]
        assert any(b"a photo" in payload for payload in posted)
        for secret in (b"the-passphrase", b"the-key-of-keys"):
            assert not any(secret in payload for payload in posted)
        for what in ("configuration", "key file", "database"):
            assert what in ended.out
        ended = usenetsync("upload", home / "user", "--include-own-files")
        posted = [bytes(p) for (p,) in usenetsync.query("SELECT payload FROM articles")]
        for secret in (b"the-passphrase", b"the-key-of-keys"):
            assert any(secret in payload for payload in posted)
    finally:
        usenetsync.server.stop()
