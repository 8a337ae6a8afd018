"""Filters as a user types them: excluded, remembered, dry runs, both versions restored."""

from __future__ import annotations

import json
import os
from pathlib import Path

from acceptance_command import Command


def _names(root: Path) -> set[str]:
    return {os.path.relpath(os.path.join(a, n), root) for a, _, ns in os.walk(root) for n in ns}


def test_both_versions_come_back(home: Path, tmp_path: Path) -> None:
    """A tree before and after an exclude, each restored whole."""
    tree, listed = tmp_path / "tree", tmp_path / "patterns"
    for name in ("a.txt", "src/x.c", "src/x.o", "build/out", "caf\udce9.o"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(os.fsencode(name))
    listed.write_text("*.o\n")
    before, command = _names(tree), Command(home)
    command("upload", tree, "--quiet")

    options = ("--exclude", "/build/", "--exclude-file", listed)
    dry = command("upload", tree, "--dry-run", "--json", *options)
    told = dry.event("dry_run")
    assert (told["added"], told["removed"], told["excluded"], told["bytes_to_post"]) == (0, 4, 3, 0)
    rows = {e["path"]: e for e in dry.events if e["event"] == "would" and e["change"] == "excluded"}
    assert rows["caf\udce9.o"]["rule_place"] == f"{listed}:1"
    assert rows["build/"]["rule"] == "/build/"
    folder = command("folders", "--json").event("folder")
    assert (folder["versions"], folder["filters"]["exclude"]) == ([1], [])

    command("upload", tree, *options, "--quiet")
    (tree / "new.o").touch()
    (tree / "new").touch()
    command("upload", tree, "--quiet")  # the choices are remembered
    for version, names in ((1, before), (3, {"a.txt", "src/x.c", "new"})):
        out = tmp_path / f"out {version}"
        command("restore", "tree", out, "--version", str(version), "--quiet")
        assert _names(out) == names

    told = command("diff", "tree", "1", "3", "--json").events
    changes = {e["path"]: (e["change"], e["rule_place"]) for e in told if e["event"] == "change"}
    assert changes["src/x.o"] == ("excluded", f"{listed}:1")
    assert changes["build/"] == ("excluded", "--exclude") and changes["new"] == ("added", None)
    assert "x excluded" in command("diff", "tree", "1", "3").out
    back = command("diff", "tree", "3", "1", "--json").event("diff")
    assert (back["added"], back["removed"], back["excluded"]) == (4, 1, 0)

    listed.unlink()
    refused = command("upload", tree, expect=1)
    assert f"--exclude-file {listed} cannot be read: No such file" in refused.out + refused.err
    cleared = command("upload", tree, "--dry-run", "--clear-filters", "--json")
    assert cleared.event("dry_run")["added"] == 5
    command("upload", tree, "--clear-filters", "--quiet")
    folder = command("folders", "--json").event("folder")
    assert not any(folder["filters"].values())


def test_wrong_filters_are_refused_before_anything_starts(home: Path, tmp_path: Path) -> None:
    for option, value, words in (
        ("--exclude", "a[", 'exclude "a[": its bracket is not closed'),
        ("--exclude-if-present", "a/b", "must have no slash"),
        ("--exclude-larger-than", "big", "Type a size such as 500M"),
    ):
        ended = Command(home)("upload", tmp_path, option, value, "--json", expect=2)
        assert words in json.loads(ended.out)["message"]
    assert not (home / "data").exists()
