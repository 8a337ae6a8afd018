"""Promise 6: a file that changes while we read it affects only itself, and is reported."""

from __future__ import annotations

import json
import os
from pathlib import Path

import trees
from acceptance_command import Command, Ended


def _upload_and_meddle(usenetsync: Command, source: Path, meddle: list[tuple[str, str]]) -> Ended:
    """Upload slowly; once the upload reads the first large file, change the others."""
    slowly = {"USENETSYNC_MAX_WORKERS": "1", "USENETSYNC_CHUNK_SIZE": "100000"}
    process = usenetsync.start("upload", source, "--json", "--compression", "lzma", **slowly)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        event = json.loads(line)
        if event["event"] == "progress" and event["scanned"] and event["current"] > 0:
            break
    assert process.poll() is None, "the upload was over before anything could be done to it"
    for what, name in meddle:
        _do(what, source / name)
    out, err = process.communicate(timeout=120)
    assert err == ""
    return Ended(process.returncode, "".join(lines) + out, err)


def _do(what: str, path: Path) -> None:
    match what:
        case "truncate":
            os.truncate(path, path.stat().st_size // 2)
        case "grow":
            with path.open("ab") as file:
                file.write(b"more")
        case "replace":
            other = path.with_name("other")
            other.write_bytes(b"another file")
            other.rename(path)
        case "delete":
            path.unlink()


def _tree(root: Path) -> Path:
    root.mkdir()
    (root / "a-large").write_bytes(os.urandom(24_000_000))  # more than is read ahead
    for number in range(50):
        (root / f"keep{number}").write_bytes(os.urandom(1000))
    for name in ("deleted", "grown", "replaced", "truncated"):
        (root / name).write_bytes(os.urandom(2000))
        (root / f"large-{name}").write_bytes(os.urandom(1_000_000))
    return root


def test_truncated_grown_replaced_deleted(usenetsync: Command, tmp_path: Path) -> None:
    source = _tree(tmp_path / "tree")
    things = ("truncate", "grow", "replace", "delete")
    meddle = [
        (what, prefix + name)
        for what, name in zip(things, ("truncated", "grown", "replaced", "deleted"), strict=True)
        for prefix in ("", "large-")
    ]
    done = _upload_and_meddle(usenetsync, source, meddle)
    assert done.code == 3
    told = {e["path"]: e["kind"] for e in done.events if e["event"] == "notice"}
    assert told == {
        "truncated": "changed",
        "large-truncated": "changed",
        "grown": "changed",
        "large-grown": "changed",
        "replaced": "changed",
        "large-replaced": "changed",
        "deleted": "vanished",
        "large-deleted": "vanished",
    }
    # The version holds each file as it was when read completely, and everything else.
    usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(source, tmp_path / "out") == [] or _only_root(source, tmp_path)
    assert usenetsync("upload", source, "--json").event("summary")["state"] == "completed"


def _only_root(source: Path, tmp_path: Path) -> bool:
    """Deleting and replacing entries has changed the mtime of the folder itself."""
    differences = trees.compare_trees(source, tmp_path / "out")
    return len(differences) == 1 and "mtime" in differences[0]


def test_truncated_while_the_upload_reads_it(usenetsync: Command, tmp_path: Path) -> None:
    source = _tree(tmp_path / "tree")
    done = _upload_and_meddle(usenetsync, source, [("truncate", "a-large")])
    assert done.code == 3
    (notice,) = [e for e in done.events if e["event"] == "notice"]
    assert (notice["path"], notice["kind"]) == ("a-large", "changed")
    usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(source, tmp_path / "out") == []
