"""Keep rules, tags and protection by the command, with the real engine and database."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_process import InProcess


def grown(run: InProcess, tree: Path, *numbers: int) -> None:
    """Upload versions; each has a file of its own, and `version` changes in all."""
    for number in numbers:
        (tree / "version").write_text(f"{number}\n")
        (tree / f"new {number}").write_bytes(bytes([number]) * 70_000)
        run("upload", tree, "-q")


def versions(run: InProcess) -> list[int]:
    return [each["version"] for each in run("snapshots", "tree", "--json").of("snapshot")]


def forgets(run: InProcess) -> list[str]:
    """The states of the jobs that forget."""
    jobs = run("jobs", "--all", "--json").of("job")
    return [job["state"] for job in jobs if job["verb"] == "forget"]


@pytest.mark.slow
def test_what_stays_and_what_goes(
    run: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    grown(run, tree, 1, 2, 3)

    # Rules typed once, after protection and a look.
    dry = run("forget", "tree", "--keep-last", "2", "--dry-run", "--json")
    assert {e["version"]: e["reasons"] for e in dry.of("verdict")} == {
        1: [],
        2: ["last"],
        3: ["newest version", "last"],
    }
    assert dry.of("forget_preview")[0]["versions"] == [1]
    assert "newest version, last" in run("forget", "tree", "--keep-last", "2", "--dry-run").out
    assert "Nothing to forget" in run("forget", "tree", "--keep-within", "30d").out
    assert "has no keep rules" in run("forget", "tree", "--policy", expect=2).err
    run("forget", "tree", "1", "--keep-last", "2", expect=2)
    run("forget", "tree", expect=2)
    run("protect", "tree", "1")
    assert "Nothing to forget" in run("forget", "tree", "--keep-last", "2", "--yes").out
    assert "version 1 is protected" in run("forget", "tree", "1", "2", "--yes", expect=2).err
    assert "version 1 is protected" in run("remove", "tree", "--yes", expect=2).err
    run("protect", "tree", "1", "--remove")
    assert versions(run) == [1, 2, 3]
    run("forget", "tree", "--keep-last", "2", "--yes", "-q")
    assert versions(run) == [2, 3]

    # Rules of the folder: the upload that makes version 4 runs them, in the same command.
    run("tag", "tree", "2", "release")
    told = run("keep", "tree", "--keep-last", "1", "--keep-tag", "release", "--json")
    assert told.of("keep")[0]["forgotten_versions"] == []
    grown(run, tree, 4)
    assert versions(run) == [2, 4]
    assert forgets(run) == ["completed", "completed"]
    for version in (2, 4):
        out = tmp_path / f"out {version}"
        run("restore", "tree", out, "--version", str(version), "-q")
        assert (out / "version").read_text() == f"{version}\n"
        assert (out / f"new {version}").read_bytes() == bytes([version]) * 70_000

    # Off, whatever the settings say; then those of the settings, when nothing changed.
    monkeypatch.setenv("USENETSYNC_KEEP_LAST", "1")
    run("keep", "tree", "--off")
    grown(run, tree, 5)
    assert versions(run) == [2, 4, 5]
    assert "last 1 (from the settings)" in run("keep", "tree", "--default").out
    run("upload", tree, "-q")
    assert versions(run) == [5]
    assert forgets(run) == ["completed"] * 3
