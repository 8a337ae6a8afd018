"""`kill -9` at any moment of `adopt`: the same command then brings the folder back."""

from __future__ import annotations

import random
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import trees
from acceptance_command import Command
from news_home import configure, server_table
from scripted_server import ScriptedServer

_ROUNDS = 4


@pytest.mark.slow
def test_the_same_command_adopts_after_kills(
    usenetsync: Command, home: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rounds, rng = request.config.getoption("--kill-rounds") or _ROUNDS, random.Random(13)
    root = tmp_path / "tree"
    trees.small_files(root, 400)
    with ScriptedServer() as server:
        configure(home, server_table(server))
        for version in range(1, 4):
            (root / f"new in {version}").write_bytes(trees.content(5_000, version))
            usenetsync("upload", root)
        string = usenetsync("share", "tree", "--json").event("share")["string"]
        usenetsync.server.stop()
        shutil.rmtree(home / "data")
        (home / "config" / "key").unlink()
        usenetsync("db", "start")
        adopted = 0
        for _ in range(rounds):
            process = usenetsync.start("adopt", string, "--path", root)
            with suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0.2, 2.5))
            process.kill()
            out, err = process.communicate()
            adopted += process.returncode == 0
            assert process.returncode in (0, -9) or "backed up here already" in err, out + err
        ended = usenetsync("adopt", string, "--path", root, expect=2 if adopted else None)
        assert ended.code == 0 or "backed up here already" in ended.err
        posted = set(server.articles)
        summary = usenetsync("upload", root, "--json").event("summary")
        assert (summary["version"], summary["files"]) == (3, 0), "nothing is read again"
        usenetsync("verify", "tree", "--body")
        usenetsync("restore", "tree", tmp_path / "out")
        assert trees.compare_trees(root, tmp_path / "out") == []
        assert set(server.articles) == posted, "nothing is posted"
