"""A folder is uploaded into the shards and restored: real trees, hostile trees, versions."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import trees
from acceptance_command import Command


def _diff(a: Path, b: Path) -> str:
    done = subprocess.run(
        ["diff", "-r", "--no-dereference", a, b], capture_output=True, text=True, errors="replace"
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_standard_library_of_python(usenetsync: Command, tmp_path: Path) -> None:
    library = Path(sysconfig.get_path("stdlib"))
    source = tmp_path / "library"
    # A copy, because other programs write byte code into the real one meanwhile.
    ignored = ["--exclude=site-packages", "--exclude=__pycache__"]
    packed = subprocess.run(["tar", "-C", library, *ignored, "-c", "."], stdout=-1, check=True)
    source.mkdir()
    subprocess.run(["tar", "-C", source, "-x"], input=packed.stdout, check=True)
    usenetsync("upload", source)
    usenetsync("restore", source, tmp_path / "out")
    assert _diff(source, tmp_path / "out") == ""
    assert trees.compare_trees(source, tmp_path / "out") == []


def test_a_git_checkout(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "checkout"
    subprocess.run(["git", "init", "-q", source], check=True)
    for number in range(200):
        (source / f"file{number}.py").write_text(f"print({number})\n" * number)
    (source / "link").symlink_to("file1.py")
    author = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    subprocess.run(["git", "-C", source, "add", "."], check=True)
    subprocess.run(["git", "-C", source, *author, "commit", "-qm", "one"], check=True)
    usenetsync("upload", source)
    usenetsync("restore", "checkout", tmp_path / "out")
    assert _diff(source, tmp_path / "out") == ""
    assert trees.compare_trees(source, tmp_path / "out") == []
    clean = subprocess.run(["git", "-C", tmp_path / "out", "fsck"], capture_output=True)
    assert clean.returncode == 0


def test_a_hostile_tree(usenetsync: Command, tmp_path: Path) -> None:
    source = trees.hostile_tree(tmp_path / "hostile")
    done = usenetsync("upload", source, "--json")
    kinds = {e["kind"] for e in done.events if e["event"] == "notice"}
    assert kinds <= {"skipped"}
    usenetsync("restore", "hostile", tmp_path / "out")
    assert trees.compare_trees(source, tmp_path / "out") == []
    again = usenetsync("upload", source, "--json").event("summary")
    assert again["files"] == again["posted_bytes"] == 0
    assert again["version"] == 1
    listed = usenetsync("files", "hostile").out
    assert "\x1b" not in listed and "\x9b" not in listed


def test_versions(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    trees.small_files(source, 10_000)
    usenetsync("upload", source)
    first = tmp_path / "first"
    usenetsync("restore", "tree", first)
    files = sorted(p for p in source.rglob("*") if p.is_file())
    for number in (5, 5000, 9999):
        files[number].write_bytes(b"changed" * (number + 1))
    second = usenetsync("upload", source, "--json").event("summary")
    assert second["version"] == 2
    assert second["files"] == 3
    assert second["bytes"] == sum(files[n].stat().st_size for n in (5, 5000, 9999))
    usenetsync("restore", "tree", tmp_path / "old", "--version", "1")
    assert trees.compare_trees(first, tmp_path / "old") == []
    usenetsync("restore", "tree", tmp_path / "new")
    assert trees.compare_trees(source, tmp_path / "new") == []
    # A version costs only what changed.
    posted = [e["posted_bytes"] for e in usenetsync("snapshots", "tree", "--json").events]
    assert posted[1] < posted[0] / 50


def test_an_unchanged_tree_is_not_opened(usenetsync: Command, tmp_path: Path) -> None:
    source, seen = tmp_path / "tree", tmp_path / "seen"
    trees.small_files(source, 500)
    usenetsync.program = (sys.executable, str(Path(__file__).parents[1] / "support" / "watched.py"))
    usenetsync("upload", source, WATCH=str(seen))
    assert seen.read_text().count("b'f0") == 500
    seen.unlink()
    again = usenetsync("upload", source, "--json", WATCH=str(seen)).event("summary")
    assert again["unchanged"] >= 500 and again["posted_bytes"] == 0
    assert again["version"] == 1
    assert "d000" in seen.read_text()
    assert seen.read_text().count("b'f0") == 0


def test_a_restore_is_resumed_and_keeps_what_is_right(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    trees.small_files(source, 300)
    (source / "big").write_bytes(os.urandom(3_000_000))
    usenetsync("upload", source)
    out = tmp_path / "out"
    usenetsync("restore", "tree", out)
    paths = sorted(p for p in out.rglob("*") if p.is_file())
    kept = {p: p.stat().st_ino for p in paths[10:]}
    paths[0].unlink()
    paths[1].write_bytes(b"wrong")
    paths[2].chmod(0o600)
    os.utime(paths[3], ns=(1, 1))
    usenetsync("restore", "tree", out)
    assert trees.compare_trees(source, out) == []
    assert {p: p.stat().st_ino for p in kept} == kept


def test_a_part_of_a_folder(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    for name in ("a/x", "a/b/y", "ab/z", "a.txt"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    usenetsync("upload", source)
    usenetsync("restore", "tree", tmp_path / "out", "--path", "a")
    found = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*"))
    assert found == ["a", "a/b", "a/b/y", "a/x"]


def test_times_no_64_bits_can_hold(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    source.mkdir()
    for year, seconds in (("1902", -2_145_916_800), ("2400", 13_569_465_600)):
        (source / year).write_text(year)
        os.utime(source / year, ns=(0, seconds * 10**9 + 5))
    os.utime(source, ns=(0, 13_569_465_600 * 10**9))
    usenetsync("upload", source)
    assert usenetsync("upload", source, "--json").event("summary")["files"] == 0
    usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(source, tmp_path / "out") == []
