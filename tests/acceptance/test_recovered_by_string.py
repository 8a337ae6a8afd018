"""A recovery string on a bare machine: the catalogue and the source are gone, only INN is left."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trees
from acceptance_command import Command
from inn import Inn
from news_home import configure, server_table

from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.codec.recovery_string import read_string

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(Inn.available() is not None, reason=str(Inn.available())),
]
_SECOND_COPIES = (
    "SELECT s.message_id FROM segments s JOIN objects o ON o.id = s.object_id"
    " WHERE o.kind = 2 AND s.redundancy = 1 ORDER BY s.message_id"
)


@pytest.fixture
def inn() -> Iterator[Inn]:
    with Inn() as server:
        yield server


def _change(root: Path, version: int) -> None:
    """Something new, something else, and something less."""
    (root / f"new in {version}").write_bytes(trees.content(20_000, version))
    (root / "large").write_bytes(trees.content(1_700_000, version))
    (root / f"new in {version - 2}").unlink(missing_ok=True)


def _bare(home: Path, inn: Inn) -> None:
    """A machine that knows nothing but the server."""
    if (home / "data").exists():
        shutil.rmtree(home / "data")
    shutil.rmtree(home / "config")
    configure(home, server_table(inn), newsgroup=inn.newsgroup)


def _go_on(usenetsync: Command, root: Path, string: str, inn: Inn) -> None:
    """Adopt the folder, bring it back, change one file: nothing else is read or posted."""
    usenetsync("adopt", string, "--path", root)
    assert usenetsync("restore", "tree", root, "--json").event("summary")["state"] == "completed"
    there = inn.message_ids()
    (root / "large").write_bytes(trees.content(1_700_000, 6))
    ended = usenetsync("upload", root, "--json", expect=None).event("summary")
    assert (ended["version"], ended["files"], ended["bytes"]) == (6, 1, 1_700_000)
    # Three segments; and of the delta a page of files, a page of objects and the root, twice each.
    assert len(inn.message_ids() - there) == 3 + 6


def test_every_version_comes_back_by_its_string(
    usenetsync: Command, home: Path, tmp_path: Path, inn: Inn
) -> None:
    root = trees.hostile_tree(tmp_path / "tree", deep=8)  # cp takes no longer paths
    configure(home, server_table(inn), newsgroup=inn.newsgroup)
    kept = {}
    for version in range(1, 6):
        _change(root, version)
        usenetsync("upload", root, expect=None)
        kept[version] = tmp_path / f"kept {version}"
        subprocess.run(["cp", "-a", root, kept[version]], check=True)
    passphrase = tmp_path / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_text("correct horse battery staple 7\n")
    string = usenetsync("share", "tree", "--json").event("share")["string"]
    options = ("--passphrase-file", passphrase)
    wrapped = usenetsync("share", "tree", *options, "--json").event("share")["string"]
    second = [bytes(row[0]) for row in usenetsync.query(_SECOND_COPIES)]
    usenetsync.server.stop()
    shutil.rmtree(root)
    _bare(home, inn)

    def restored(version: int, text: str, *more: str | Path) -> None:
        out = tmp_path / "out"
        usenetsync("restore", text, out, "--version", str(version), *more)
        assert trees.compare_trees(kept[version], out) == []
        shutil.rmtree(out)

    restored(1, string)
    restored(3, wrapped, *options)
    restored(5, string)
    _go_on(usenetsync, root, string, inn)
    kept[6] = tmp_path / "kept 6"
    subprocess.run(["cp", "-a", root, kept[6]], check=True)
    second += [bytes(row[0]) for row in usenetsync.query(_SECOND_COPIES)]
    usenetsync.server.stop()
    _bare(home, inn)
    # One copy in five of the index is lost, then all of the newest root.
    keys = IndexKeys(read_string(string).value)
    wire_id = keys.headers([inn.newsgroup]).wire_id
    for name in second[::5]:
        inn.forget(f"<{wire_id(name)}>")
    listed = usenetsync("snapshots", string, "--json").events
    assert [e["version"] for e in listed if e["event"] == "snapshot"] == [1, 2, 3, 4, 5, 6]
    restored(1, string)
    restored(6, string)
    for copy in range(2):
        inn.forget(f"<{wire_id(keys.root_name(6, 0, copy))}>")
    out = tmp_path / "out"
    ended = usenetsync("restore", string, out)
    assert "newest version of tree that was found is 5" in ended.err
    assert trees.compare_trees(kept[5], out) == []
    assert string not in ended.out + ended.err
    assert not (home / "data" / "recoveries").exists()
    assert not (home / "data" / "postgresql").exists()
