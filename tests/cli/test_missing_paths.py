"""A path that a version does not have is named, with the version and the nearest path it has."""

from __future__ import annotations

import os
from pathlib import Path

from in_process import InProcess

LINES = {
    "sumer": ' Did you mean "summer"?',
    "SUMMER/beach.JPG": ' Did you mean "summer"?',
    "summer/beech.jpg": ' Did you mean "summer/beach.jpg"?',
    "summer/beach.jpg/x": ' Did you mean "summer/beach.jpg"?',
    "summer/./beach.jpg": ' Did you mean "summer/beach.jpg"?',
    "many/nmae 2900": ' Did you mean "many/name 2900"?',
    "summer/zzz/zzz/zzz": ' Did you mean "summer"?',
    "zzz": "",
}


def test_restore_names_the_path_the_version_and_the_nearest(run: InProcess, tmp_path: Path) -> None:
    tree, target = tmp_path / "tree", tmp_path / "out"
    (tree / "summer").mkdir(parents=True)
    (tree / "summer" / "beach.jpg").write_text("sand")
    (tree / "many").mkdir()
    for number in range(2_000, 3_100):
        (tree / "many" / f"name {number}").touch()
    run("upload", "-q", tree)
    for path, hint in LINES.items():
        words = f'Version 1 of "tree" does not contain "{path}".{hint}'
        assert (
            run("restore", tree, target, "--path", path, expect=2).err == f"usenetsync: {words}\n"
        )
    (error,) = run("restore", tree, target, "--path", "zzz", "--json", expect=2).of("error")
    assert error["kind"] == "UnknownPathError"
    said = run("restore", tree, target, "--path", os.fsdecode(b"\xff"), expect=2).err
    assert said.endswith('does not contain "\\xff".\n')
    assert not target.exists()
    # No job was begun.
    assert {job["verb"] for job in run("jobs", "--json").of("job")} == {"upload"}
    # A path as it is copied from the screen, or typed with its folder.
    run("restore", "-q", tree, target, "--path", tree / "summer" / "beach.jpg")
    assert (target / "summer" / "beach.jpg").read_text() == "sand"


def test_a_missing_version_is_named_alone(run: InProcess, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    run("upload", "-q", tree)
    for verb in (["files", tree], ["restore", tree, tmp_path / "out"]):
        said = run(*verb, "--version", "9", expect=2).err
        assert said == "usenetsync: There is no version 9. Versions: 1.\n"
