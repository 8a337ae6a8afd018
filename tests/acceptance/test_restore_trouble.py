"""Restores into difficult targets: exit codes, messages and counts as a user sees them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import trees
import xxhash
from acceptance_command import Command, Ended
from file_systems import quirky, tmpfs
from quirky_fuse import Quirk

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def on_disk(target: Path) -> int:
    files = (p for p in target.rglob("*") if not p.is_dir() and p.suffix != ".part")
    return sum(not p.is_symlink() for p in files)


def summary(ended: Ended) -> dict[str, object]:
    fields: dict[str, object] = ended.event("summary")
    return fields


@needs_root
def test_a_full_disk(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    trees.small_files(source / "small", 300, median=8_000)
    for number in range(30):
        (source / f"large{number:02}").write_bytes(trees.content(400_000, number))
    usenetsync("upload", source)
    with tmpfs(tmp_path / "disk", "4m") as disk:
        out = disk / "out"
        told = usenetsync("restore", "tree", out, expect=1)
        count = on_disk(out)
        assert "No space left on device. Make room and run the same command again." in told.out
        assert f"{count:,} files restored, " in told.out
        assert told.out.count("\n") < 10
        (job,) = [e for e in usenetsync("jobs", "--json").events if e.get("verb") == "restore"]
        assert job["files"] == count
        again = usenetsync("restore", "tree", out, "--json", expect=1)
        assert summary(again)["files"] == on_disk(out)
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        whole = summary(usenetsync("restore", "tree", out, "--json"))
        assert (whole["files"], whole["missed"], whole["state"]) == (330, 0, "completed")
        assert trees.compare_trees(source, out) == []


def test_names_that_mean_the_same(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    for name in ("README", "readme", "Docs/a", "docs/A", "docs/b", "x"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    usenetsync("upload", source)
    with quirky(tmp_path / "kept", tmp_path / "mount", Quirk.FOLDS_CASE) as out:
        told = usenetsync("restore", "tree", out, expect=3)
        assert "4 files restored, " in told.out
        assert "2 files not restored" in told.out
        assert "means the same on this file system" in told.out
        assert on_disk(out) == 4
        again = summary(usenetsync("restore", "tree", out, "--json", expect=3))
        assert (again["files"], again["missed"], again["unchanged"]) == (4, 2, 4)
        jobs = [e for e in usenetsync("jobs", "--json").events if e.get("verb") == "restore"]
        listed = usenetsync("jobs", str(jobs[0]["id"])).out
        assert "unwritable" in listed and "means the same" in listed


@needs_root
def test_what_cannot_be_set(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    trees.small_files(source, 50)
    (source / "program").write_text("x")
    os.chown(source / "program", 4_242, 4_242)
    (source / "program").chmod(0o4755)
    usenetsync("upload", source)
    with quirky(tmp_path / "kept", tmp_path / "mount", Quirk.NO_CHOWN, Quirk.NO_CHMOD) as out:
        told = usenetsync("restore", "tree", out, expect=3)
        assert "51 files restored, " in told.out and "not restored" not in told.out
        assert "mode not set: Operation not supported" in told.out
        (job,) = [e for e in usenetsync("jobs", "--json").events if e.get("verb") == "restore"]
        listed = usenetsync("jobs", str(job["id"])).out
        assert "program: set-user-id bit left out: its owner could not be set" in listed
        assert on_disk(tmp_path / "kept") == 51
    usenetsync("restore", "tree", tmp_path / "out")
    status = (tmp_path / "out" / "program").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (4_242, 4_242, 0o4755)


def test_killed_over_left_over_temporary_names(usenetsync: Command, tmp_path: Path) -> None:
    source, out = tmp_path / "tree", tmp_path / "out"
    source.mkdir()
    for number in range(3):
        name = f"large{number}"
        (source / name).write_bytes(os.urandom(40_000_000))
        for more in ("", "1-"):
            left = f".usenetsync-{more}{xxhash.xxh3_64_hexdigest(name.encode())}.part"
            (source / left).write_bytes(b"left over")
    usenetsync("upload", source)
    process = usenetsync.start("restore", "tree", out)
    part = f".usenetsync-2-{xxhash.xxh3_64_hexdigest(b'large1')}.part"
    while process.poll() is None and not (out / part).exists():
        time.sleep(0.001)
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    left = [p for p in out.glob(".usenetsync-2-*.part") if p.stat().st_blocks]
    assert left, "nothing was left half-written"
    usenetsync("restore", "tree", out)
    diff = subprocess.run(["diff", "-r", source, out], capture_output=True, text=True, check=False)
    assert (diff.returncode, diff.stdout) == (0, "")
    assert trees.compare_trees(source, out) == []
