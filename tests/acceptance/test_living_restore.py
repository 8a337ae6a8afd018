"""`restore` into a tree that has other files, as a user runs it: killed, asked, refused."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest
import trees
from acceptance_command import Command

_ROUNDS = 3
_FILES, _OLD, _SURPLUS = 2_200, 300, 200  # so many that processes make the new ones


def _living(root: Path, target: Path) -> dict[str, bytes]:
    """A tree with old versions of some files, and others; returns all its files."""
    target.mkdir()
    for number in range(_OLD):
        at = target / f"{number % 7}"
        at.mkdir(exist_ok=True)
        (at / f"file {number}").write_bytes(b"old %d" % number)
    (target / "large").write_bytes(b"an old large file")
    (target / "gives way").mkdir()
    (target / "gives way" / "inner").write_bytes(b"in a directory")
    (target / "other").mkdir()
    for number in range(_SURPLUS):
        (target / "other" / f"{number}").write_bytes(b"surplus")
    return {f"{p.relative_to(target)}": p.read_bytes() for p in target.rglob("*") if p.is_file()}


@pytest.mark.slow
def test_killed_it_loses_nothing(
    usenetsync: Command, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Whenever it is killed, each path has its old content or all of its new content."""
    rounds, rng = request.config.getoption("--kill-rounds") or _ROUNDS, random.Random(15)
    root, target = tmp_path / "tree", tmp_path / "target"
    for number in range(_FILES):
        at = root / f"{number % 7}"
        at.mkdir(parents=True, exist_ok=True)
        (at / f"file {number}").write_bytes(b"new %d" % number)
    (root / "large").write_bytes(trees.content(20_000_000))
    (root / "gives way").write_bytes(b"a file now")
    usenetsync("upload", root)
    new = {f"{p.relative_to(root)}": p.read_bytes() for p in root.rglob("*") if p.is_file()}
    old = _living(root, target)
    arguments = ("restore", "tree", target, "--delete", "--yes")
    for _ in range(rounds):
        _killed(usenetsync, target, rng.randrange(_FILES), *arguments)
        found = {p: p.read_bytes() for p in target.rglob("*") if p.is_file()}
        here = {f"{p.relative_to(target)}": data for p, data in found.items()}
        for path in old.keys() & new.keys():
            assert here.get(path) in (old[path], new[path]), path
        surplus = [path for path in old if path.startswith("other/")]
        if any(path not in here for path in surplus):
            assert all(here.get(path) == new[path] for path in new), "first all of the new"
        inner = [data for p, data in found.items() if p.name == "inner"]
        assert inner == [b"in a directory"] or here["gives way"] == b"a file now"
    assert usenetsync(*arguments).code == 0
    differences = trees.compare_trees(root, target)
    assert [d for d in differences if not d.startswith("b'': mtime")] == []


def _killed(usenetsync: Command, target: Path, after: int, *arguments: str | Path) -> None:
    """A restore that is killed when so many files are new, unless it ends before."""
    process = usenetsync.start(*arguments)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if sum(_is_new(path) for path in target.glob("[0-6]/*")) > after:
            break
        time.sleep(0.002)
    process.kill()
    process.communicate()


def _is_new(path: Path) -> bool:
    try:
        return path.read_bytes().startswith(b"new")
    except OSError:
        return False


def test_it_asks_and_refuses(usenetsync: Command, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "file").write_text("kept")
    usenetsync("upload", root)
    (root / "file").write_text("changed")
    (root / "new").write_text("new")

    asked = usenetsync("restore", "tree", "--in-place", "--delete", expect=2)
    assert "Add --yes" in asked.err and (root / "new").exists()
    plan = usenetsync("restore", "tree", "--in-place", "--delete", "--dry-run", "--json")
    fates = {e["path"]: e["fate"] for e in plan.events if e["event"] == "would_restore"}
    assert fates == {"file": "overwrite", "new": "delete"}
    sums = plan.event("restore_plan")["fates"]
    assert sums["delete"] == {"paths": 1, "bytes": 3} and sums["overwrite"]["paths"] == 1
    assert (root / "file").read_text() == "changed"
    done = usenetsync("restore", "tree", "--in-place", "--delete", "--yes", "--json")
    assert done.event("summary")["deleted"] == 1
    assert (root / "file").read_text() == "kept" and not (root / "new").exists()

    for wrong, words in (
        (("restore", "tree"), "--in-place"),
        (("restore", "tree", root, "--recreate"), "--recreate goes with"),
        (("restore", "tree", root / "x", "--yes"), "--yes goes with"),
        (("restore", "tree", root / "x", "--exclude", "a["), "bracket is not closed"),
    ):
        assert words in usenetsync(*wrong, expect=2).err
    shutil.rmtree(root)
    for _ in range(2):  # gone, and then empty, as an unmounted disk is
        refused = usenetsync("restore", "tree", "--in-place", expect=1)
        assert "a disk may not be mounted" in refused.err
        root.mkdir(exist_ok=True)
        assert list(root.iterdir()) == []
    usenetsync("restore", "tree", "--in-place", "--recreate")
    assert (root / "file").read_text() == "kept"
