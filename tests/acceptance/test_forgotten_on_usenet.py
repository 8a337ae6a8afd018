"""Forgetting and removing where nothing can be deleted: on a server, killed in between."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
import trees
from acceptance_command import Command
from news_home import configure, server_table
from scripted_server import ScriptedServer

pytestmark = pytest.mark.slow
_LEFT = "SELECT count(*) FROM forgotten_versions WHERE NOT erased"
_TABLES = (
    *("folders", "snapshots", "files", "objects", "segments", "aliases", "realms", "jobs"),
    *("forgotten_objects", "forgotten_versions", "index_pages", "sweeps", "owner_names"),
)
_ONE_BY_ONE = {"USENETSYNC_BATCH_SIZE": "1"}


def _killed(usenetsync: Command, *arguments: str) -> None:
    """Kill a command when it has begun to delete."""
    sums = "SELECT sum(n_tup_del) FROM pg_stat_user_tables WHERE relname IN ('files', 'segments')"
    with usenetsync.start(*arguments, **_ONE_BY_ONE) as process:
        before, deadline = usenetsync.query(sums), time.monotonic() + 60
        while usenetsync.query(sums) == before and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()


def test_what_is_kept_is_whole_and_what_is_gone_is_not_offered(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root, kept, out = tmp_path / "tree", dict[int, Path](), tmp_path / "out"
    root.mkdir()
    with ScriptedServer() as server:
        configure(home, server_table(server), chunk_size=20_000)
        for version in range(1, 4):
            (root / "large").write_bytes(trees.content(50_000, version))
            (root / f"only in {version}").write_bytes(trees.content(300, version))
            (root / f"only in {version - 1}").unlink(missing_ok=True)
            usenetsync("upload", root)
            kept[version] = tmp_path / f"kept {version}"
            shutil.copytree(root, kept[version])
            shutil.copystat(root, kept[version])
        string = usenetsync("share", "tree", "--json").event("share")["string"]
        on_server = {*server.articles}
        _killed(usenetsync, "forget", "tree", "2", "--yes")
        usenetsync("forget", "tree", "2", "--yes")
        assert usenetsync.query(_LEFT) == [(0,)]

        listed = usenetsync("snapshots", string, "--json").events
        assert [e["version"] for e in listed if e["event"] == "snapshot"] == [1, 3]
        for wanted, version in (("tree", 1), (string, 1), (string, 3)):
            usenetsync("restore", wanted, out, "--version", str(version))
            assert trees.compare_trees(kept[version], out) == []
            shutil.rmtree(out)
        for wanted in ("tree", string):
            ended = usenetsync("restore", wanted, out, "--version", "2", expect=2)
            assert "ersion 2" in ended.err and "was forgotten" in ended.err
        before = server.commands["BODY"] + server.commands["STAT"]
        usenetsync("verify", "tree")
        asked = server.commands["BODY"] + server.commands["STAT"] - before
        ((rows,),) = usenetsync.query("SELECT count(*) FROM segments")
        assert asked == rows < len(server.articles), "what is forgotten is not checked any more"

        _killed(usenetsync, "remove", "tree", "--yes")
        usenetsync("remove", "tree", "--yes", expect=None)  # 2: it was over before the kill
        for table in _TABLES:
            assert usenetsync.query(f"SELECT count(*) FROM {table}") == [(0,)], table
        assert "stay on Usenet, unread" in usenetsync("db", "status").out
        assert (root / "large").exists()
        assert on_server <= {*server.articles}, "nothing is deleted on a server"
