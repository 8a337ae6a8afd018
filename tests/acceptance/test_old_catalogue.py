"""A catalogue that earlier releases made (`old_catalogue`): it is read, and the folder goes on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from acceptance_command import Command
from old_catalogue import BACKUP, KEY, VERSIONS, make_tree
from trees import compare_trees

pytestmark = pytest.mark.slow


def test_an_old_catalogue_is_opened_restored_and_continued(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    trees = {v: make_tree(tmp_path / "was" / str(v), v) for v in VERSIONS}
    usenetsync("db", "restore", BACKUP, "--yes")
    (home / "config").mkdir(mode=0o700, exist_ok=True)
    shutil.copyfile(KEY, home / "config" / "key")
    (home / "config" / "key").chmod(0o600)

    def restored(wanted: str, version: int, *more: str | Path) -> Path:
        out = tmp_path / "out"
        shutil.rmtree(out, ignore_errors=True)
        usenetsync("restore", wanted, out, "--version", str(version), *more)
        assert compare_trees(trees[version], out) == [], (wanted, version)
        return out

    for version in VERSIONS:
        out = restored("tree", version)
    usenetsync("verify", "tree", "--body")
    found = usenetsync("find", "only in *", "--json").events
    assert {e["path"] for e in found if e["event"] == "found"} == {f"only in {v}" for v in VERSIONS}
    changed = [e for e in usenetsync("diff", "tree", "1", "2", "--json").events
               if e["event"] == "change"]  # fmt: skip
    assert {e["change"] for e in changed} == {"added", "modified", "removed"}
    states = usenetsync("history", "tree", "large", "--json").events
    assert [e["version"] for e in states if e["event"] == "state"] == [3, 2, 1]
    usenetsync("stats", "tree")

    # It goes on elsewhere. What is there already is not posted again, and the index is.
    usenetsync("move", "tree", out)
    os.mkfifo(out / "fifo")
    trees[4] = out
    made = usenetsync("upload", out, "--json").event("summary")
    assert made["version"] == 4 and made["snapshot"]["added"] == 1
    again = usenetsync("upload", out, "--json").event("summary")
    assert (again["version"], again["files"], again["posted_bytes"]) == (4, 0, 0)
    trees[4] = tmp_path / "was" / "4"
    os.rename(out, trees[4])
    usenetsync("forget", "tree", "2", "--yes")
    string = usenetsync("share", "tree", "--json").event("share")["string"]
    address = usenetsync("db", "url").out.strip()
    restored("tree", 1)
    for version in (3, 4):  # those before 3 were made without an index
        restored(string, version, "--database", address)
