"""The database's own disk is full: a clear error, nothing lost, the same command resumes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trees
from acceptance_command import Command


def _mount(folder: Path, size: str, *more: str) -> bool:
    options = ",".join([f"size={size}", "mode=711", *more])
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder])
    return done.returncode == 0


@pytest.fixture
def small_disk(home: Path) -> Iterator[Command]:
    """The command, with its home on a disk that has room for little more than a new database."""
    if os.geteuid() != 0 or not _mount(home, "260M"):
        pytest.skip("only root can mount a small disk")
    command = Command(home)
    yield command
    command.server.stop()
    subprocess.run(["umount", home], check=True)


@pytest.mark.slow
def test_the_database_s_disk_is_full(small_disk: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    trees.small_files(source, 200)
    for number in range(4):
        (source / f"large{number}").write_bytes(os.urandom(80_000_000))
    process = small_disk.start("upload", source)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "disk is full" in out + err
    assert err.count("\n") <= 1, "libraries must not write on the screen"
    assert _mount(small_disk.home, "3G", "remount")
    small_disk("upload", source)
    checked = small_disk("verify", "tree", "--body", "--json").event("verified")
    assert checked["missing"] == checked["damaged"] == 0
    small_disk("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(source, tmp_path / "out") == []
