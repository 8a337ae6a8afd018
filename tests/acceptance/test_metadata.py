"""Owners, ACLs, extended attributes, hard links, holes and special files, there and back again."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from acceptance_command import Command
from metadata_trees import linked, needs_all, told, tree_with_metadata

_AS_BEFORE = (
    "UPDATE files SET xattrs = NULL, link_set = NULL RETURNING 1",
    "UPDATE files SET ctime_ns = 0 WHERE kind = 1 RETURNING 1",
    "UPDATE folders SET metadata_since = NULL RETURNING 1",
)
"""The rows as a program wrote them that kept neither attributes nor links."""
_OBJECTS = "SELECT id FROM objects WHERE kind <> 2 ORDER BY id"
_ANOTHER_NUMBER = """
UPDATE owner_names SET name = 'nobody' WHERE number = 1 AND NOT is_group RETURNING 1
"""


@needs_all
def test_all_of_it_comes_back(usenetsync: Command, tmp_path: Path) -> None:
    tree, out = tree_with_metadata(tmp_path / "tree"), tmp_path / "out"
    before, names = told(tree), linked(tree)
    made = usenetsync("upload", tree, "--store", "shards", "--json").event("summary")
    assert made["bytes"] < 1_000_000, "only the bytes between the holes are read"
    usenetsync("restore", tree, out)
    for tool, lines in told(out).items():
        assert lines == before[tool], tool
    assert linked(out) == names
    again = usenetsync("restore", tree, out, "--json").event("summary")
    assert again["unchanged"] == again["files"] > 8
    _parts(usenetsync, tree, tmp_path / "part")
    usenetsync.query(_ANOTHER_NUMBER)
    _owners(usenetsync, tree, out)
    shutil.rmtree(out)

    for statement in _AS_BEFORE:
        usenetsync.query(statement)
    assert "nothing changed" in usenetsync("upload", tree).out
    assert told(tree)["find"] == before["find"]
    # An ACL of a directory changes, and a file gets an attribute: no byte is posted.
    subprocess.run(["setfacl", "-m", "u:1:rwx", tree / "b/c"], check=True)
    os.setxattr(tree / "a/program", "user.new", b"1")
    objects = usenetsync.query(_OBJECTS)
    assert usenetsync("upload", tree, "--json").event("summary")["version"] == 2
    assert usenetsync.query(_OBJECTS) == objects
    differs = [e for e in usenetsync("diff", tree, "1", "--json").events if e["event"] == "change"]
    wanted = {"a/program": ["attributes"], "b/c/": ["mode", "attributes"]}
    assert {e["path"]: e["differs_in"] for e in differs} == wanted

    string = usenetsync("share", tree, "--json").event("share")["string"]
    url = usenetsync("db", "url").out.strip()
    for version, then in ((1, before), (2, told(tree))):
        usenetsync("restore", string, out, "--version", str(version), "--database", url,
                   "--numeric-ids")  # fmt: skip
        assert (told(out), linked(out)) == (then, names)
        shutil.rmtree(out)


def _parts(usenetsync: Command, tree: Path, part: Path) -> None:
    """The first name of a file is not restored: its content comes once, under another name."""
    usenetsync("restore", tree, part, "--path", "b")
    assert linked(part) == {frozenset({"b/c/also", "b/other"})}
    assert (part / "b/large too").read_bytes() == (tree / "a/large").read_bytes()
    listed = {e["path"]: e["kind"] for e in usenetsync("files", tree, "--json").events}
    assert {"FIFO", "socket", "block device", "character device"} < {*listed.values()}


def _owners(usenetsync: Command, tree: Path, out: Path) -> None:
    """A user whose name has another number here, as on another machine."""
    usenetsync("restore", tree, out)
    assert (out / "b/null").stat().st_uid == 65_534
    usenetsync("restore", tree, out, "--numeric-ids")
    assert (out / "b/null").stat().st_uid == 1
