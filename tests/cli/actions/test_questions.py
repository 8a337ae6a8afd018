"""`diff`, `find`, `history`, `stats` and `cat`, on a folder whose versions change in every way."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import psycopg
import pytest
from in_process import InProcess
from trees import HOSTILE_NAMES, ORDER_NAMES

_NAMES = (*HOSTILE_NAMES[::3], *ORDER_NAMES, b"a", b"b", b"d")
_OURS = (b"kept", b"pointer")
_SIZES = (0, 1, 300, 60_000)
_VERSIONS = 4
_SAME = {"mode", "owner", "time"}
"""What `diff -rq` does not look at."""


class Changing:
    """A tree of files, symlinks and directories, some of them empty, that changes at random."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = os.fsencode(root)
        self.rng = random.Random(seed)
        os.mkdir(self.root)
        self.change(60)

    def change(self, count: int) -> None:
        """Put something in the place of so many paths, or remove them."""
        makers: list[Callable[[bytes], None]] = [
            self._file, self._file, self._link, self._link, os.mkdir, os.mkdir, lambda path: None,
        ]  # fmt: skip
        for _ in range(count):
            path = self._somewhere()
            if os.path.lexists(path) and self.rng.random() < 0.4:
                self._touch(path)
            else:
                self._remove(path)
                self.rng.choice(makers)(path)

    def _somewhere(self) -> bytes:
        """Half of the time a path that is there; never one that is too long."""
        directories, paths = [self.root], list[bytes]()
        for above, inside, others in os.walk(self.root):
            paths += [os.path.join(above, name) for name in sorted(others) if name not in _OURS]
            directories += [os.path.join(above, name) for name in sorted(inside)]
        if paths and self.rng.random() < 0.5:
            return self.rng.choice(sorted(paths))
        above = self.rng.choice([each for each in sorted(directories) if len(each) < 1_000])
        return os.path.join(above, self.rng.choice(_NAMES))

    def _remove(self, path: bytes) -> None:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)

    def _file(self, path: bytes) -> None:
        with open(path, "wb") as file:
            file.write(self.rng.randbytes(self.rng.choice(_SIZES)))

    def _link(self, path: bytes) -> None:
        os.symlink(self.rng.choice(_NAMES), path)

    def _touch(self, path: bytes) -> None:
        if not os.path.islink(path):
            os.utime(path, ns=(1, self.rng.randrange(10**18)))
            os.chmod(path, 0o755 if os.path.isdir(path) else 0o600)


@pytest.fixture
def changed(run: InProcess, tmp_path: Path) -> InProcess:
    """A folder "tree" with some versions."""
    tree = Changing(tmp_path / "tree", 7)
    for version in range(_VERSIONS):
        if version:
            tree.change(25)
        (tmp_path / "tree" / "pointer").unlink(missing_ok=True)
        (tmp_path / "tree" / "pointer").symlink_to(str(version))
        (tmp_path / "tree" / "kept").write_text(str(version))
        (tmp_path / "tree" / "kept").chmod(0o600 + version)
        run("upload", "-q", tmp_path / "tree", "--store", "shards")
    return run


def test_diff_is_what_diff_finds_and_the_others_are_what_the_lists_say(
    changed: InProcess, tmp_path: Path
) -> None:
    for version in range(1, _VERSIONS + 1):
        changed("restore", "-q", "tree", tmp_path / f"v{version}", "--version", str(version))
    kinds: set[str] = set()
    for old, new in [*combinations(range(1, _VERSIONS + 1), 2), (3, 1)]:
        ended = changed("diff", "tree", str(old), str(new), "--json")
        rows = ended.of("change")
        assert told(rows, b"v%d" % old, b"v%d" % new) == differing(tmp_path, old, new)
        kinds |= {kind for row in rows for kind in row["differs_in"]}
        (sums,) = ended.of("diff")
        for change in ("added", "modified", "removed"):
            assert sums[change] == sum(row["change"] == change for row in rows)
    assert kinds >= {"content", "mode", "time", "type", "target"}
    _history_and_find_are_what_the_lists_say(changed)
    _stats_add_up(changed, tmp_path)


def told(rows: list[dict[str, Any]], old: bytes, new: bytes) -> list[bytes]:
    """The lines that ``diff -rq --no-dereference`` prints for these rows, sorted."""
    whole: set[bytes] = set()
    """Directories that are in one tree only: `diff` does not tell what is below them."""
    lines: list[bytes] = []
    for row in rows:
        path = os.fsencode(row["path"])
        name, kinds = path.rstrip(b"/"), set(row["differs_in"])
        if row["kind"] == "directory" or row["old_kind"] == "directory":
            if row["change"] != "modified" or "type" in kinds:
                whole.add(name)
        if any(name.startswith(each + b"/") for each in whole):
            continue
        above, _, last = name.rpartition(b"/")
        if row["change"] != "modified":
            root = new if row["change"] == "added" else old
            lines.append(b"Only in %s: %s" % (b"/".join(filter(None, (root, above))), last))
        elif "type" in kinds:
            sides = (old, row["old_kind"], row["old_bytes"]), (new, row["kind"], row["bytes"])
            one, two = (b"%s/%s is a %s" % (side, name, _word(*of)) for side, *of in sides)
            lines.append(b"File %s while file %s" % (one, two))
        elif kinds - _SAME:
            what = b"Symbolic links" if row["kind"] == "symlink" else b"Files"
            verb = b" differ"
            lines.append(b"%s %s/%s and %s/%s%s" % (what, old, name, new, name, verb))
    return sorted(b"\n".join(lines).split(b"\n"))


def _word(kind: str, size: int) -> bytes:
    if kind == "file":
        return b"regular file" if size else b"regular empty file"
    return b"symbolic link" if kind == "symlink" else b"directory"


def differing(folder: Path, old: int, new: int) -> list[bytes]:
    """The lines of ``diff -rq --no-dereference``, sorted."""
    command = ["diff", "-rq", "--no-dereference", f"v{old}", f"v{new}"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "LC_ALL": "C"}, capture_output=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return sorted(done.stdout.removesuffix(b"\n").split(b"\n"))


def _history_and_find_are_what_the_lists_say(changed: InProcess) -> None:
    states: dict[str, dict[int, dict[str, Any]]] = {}
    for version in range(1, _VERSIONS + 1):
        for row in changed("files", "tree", "--version", str(version), "--json").of("file"):
            states.setdefault(row["path"], {})[version] = row
    found = changed("find", "*", "--json").of("found")
    assert {row["path"] for row in found} == {*states} - {""}
    gone = [row["gone"] for row in found]
    assert gone == sorted(gone)
    assert [row["last_version"] for row in found] == sorted(
        (row["last_version"] for row in found), reverse=True
    )
    for row in found:
        has = states[row["path"]]
        runs = [range(first, last + 1) for first, last in row["versions"]]
        assert [version for run in runs for version in run] == [*has]
        assert {key: has[row["last_version"]][key] for key in ("kind", "bytes", "mtime_ns")} == {
            key: row[key] for key in ("kind", "bytes", "mtime_ns")
        }
    for path in [*states][1::7]:
        name = path.rstrip("/")
        either = {v: row for key in (name, name + "/") for v, row in states.get(key, {}).items()}
        past = changed("history", "--json", "--", "tree", path).of("state")
        versions = [row["version"] for row in past]
        assert versions == sorted(versions, reverse=True)
        seen = {row["version"]: row for row in past}
        now: dict[str, Any] | None = None
        for version in range(1, _VERSIONS + 1):
            if version in seen:
                now = seen[version] if seen[version]["change"] != "removed" else None
            assert (now is None) == (version not in either)
            if now is not None:
                for key in ("path", "kind", "bytes", "mode", "mtime_ns"):
                    assert now[key] == either[version][key], (path, version)


def test_find_in_one_version_and_by_every_sort_of_word(run: InProcess, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    for name, size in (("big.BIN", 2_000), ("small.bin", 10), ("other.txt", 2_000)):
        (folder / name).write_bytes(b"x" * size)
    run("upload", "-q", folder, "--store", "shards")
    (folder / "small.bin").unlink()
    run("upload", "-q", folder)
    shutil.copytree(folder, tmp_path / "copy")
    run("upload", "-q", tmp_path / "copy", "--store", "shards")

    def paths(*words: str) -> list[tuple[str, str]]:
        return [(row["folder"], row["path"]) for row in run("find", *words, "--json").of("found")]

    assert paths("*.bin") == [("copy", "big.BIN"), ("tree", "big.BIN"), ("tree", "small.bin")]
    assert paths("*.bin", ">1k", "--folder", "tree") == [("tree", "big.BIN")]
    assert paths("small") == [("tree", "small.bin")]
    assert paths("*.bin", "--version", "2") == [("tree", "big.BIN")]
    assert paths("no such") == []
    assert "nothing matches" in run("find", "no such").err
    for words, problem in (
        (("x", "--folder", "tree", "--version", "9"), "There is no version 9"),
        (("is:done",), "does not take is:"),
        ((">x",), "A size is written like"),
    ):
        assert problem in run("find", *words, expect=2).err


def _stats_add_up(changed: InProcess, tmp_path: Path) -> None:
    ended = changed("stats", "tree", "--json")
    (sums,), costs = ended.of("stats"), ended.of("cost")
    versions = changed("snapshots", "tree", "--json").of("snapshot")
    assert [row["posted_bytes"] for row in costs] == [v["posted_bytes"] for v in versions][::-1]
    assert (sums["files"], sums["bytes"]) == (versions[-1]["files"], versions[-1]["bytes"])
    assert sums["all_versions_bytes"] == sum(v["bytes"] for v in versions)
    assert costs[-1]["changed_files"] == versions[0]["files"]
    assert 0 < sums["posted_bytes"] == sums["compressed_bytes"] <= sums["unique_bytes"]
    assert sums["unique_bytes"] <= sum(row["changed_bytes"] for row in costs)
    shutil.copytree(tmp_path / "tree", tmp_path / "twin", symlinks=True)
    changed("upload", "-q", tmp_path / "twin", "--store", "shards")
    *each, both = changed("stats", "--json").of("stats")
    assert [row["folder"] for row in each] == ["tree", "twin"] and both["folder"] is None
    assert both["unique_bytes"] < sum(row["unique_bytes"] for row in each)


def test_cat(run: InProcess, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    large = random.Random(1).randbytes(2_000_000)
    (folder / "large").write_bytes(large)
    (folder / os.fsdecode(b"small \xff")).write_bytes(b"1\n")
    (folder / "empty").touch()
    run("upload", "-q", folder, "--profile", "sealed", "--store", "shards")
    (folder / "large").write_bytes(b"two\n")
    run("upload", "-q", folder)
    assert run("cat", "tree", "large").out == "two\n"
    assert run("cat", "tree", os.fsdecode(b"small \xff")).out == "1\n"
    assert run("cat", "tree", "empty").out == ""
    command = [sys.executable, "-m", "usenetsync_tui", "cat", "tree", "large", "--version", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as whole:
        assert whole.stdout is not None and whole.stdout.read() == large
    assert whole.returncode == 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as left:
        assert left.stdout is not None and left.stderr is not None
        assert left.stdout.read(1) == large[:1]
        left.stdout.close()
        assert left.stderr.read() == b""
    assert left.returncode == 141


def test_cat_of_what_cannot_be_had(run: InProcess, tmp_path: Path, database: str) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "lost").write_bytes(b"l" * 90_000)
    (folder / "other").write_bytes(b"o" * 90_000)
    run("upload", "-q", folder, "--store", "shards")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DELETE FROM articles")
    ended = run("cat", "tree", "lost", expect=1)
    assert ended.out == "" and "lost: The article is missing." in ended.err
    assert 'contain "los". Did you mean "lost"' in run("cat", "tree", "los", expect=2).err
    assert "no version 7" in run("cat", "tree", "lost", "--version", "7", expect=2).err
