"""Large uploads to Usenet, with the real command: processes read the files, lanes send them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import trees
from acceptance_command import Command
from certificates import Authority
from helper_processes import await_ends, helpers_of
from news_home import configure, server_table
from scripted_server import ScriptedServer
from worlds import LEDGER

from usenetsync_tui.pipeline.upload.slice_readers.readers import MANY


@pytest.mark.slow
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain TCP", "TLS"])
@pytest.mark.parametrize("profile", ["plain", "sealed"])
def test_what_processes_read_and_send_comes_back_after_a_kill(
    usenetsync: Command, home: Path, tmp_path: Path, profile: str, encrypted: bool
) -> None:
    root, out = tmp_path / "tree", tmp_path / "out"
    root.mkdir()
    (root / "large").write_bytes(os.urandom(MANY))
    (root / "odd").write_bytes(os.urandom(3_000_001))
    tls, secure = None, {}
    if encrypted:
        authority = Authority(tmp_path)
        tls = authority.context("127.0.0.1")
        secure = {"tls": "implicit", "ca_file": str(authority.ca_file)}
    with ScriptedServer(tls=tls) as server:
        configure(home, server_table(server, timeout=30, **secure), check_delays=[0.2, 0.5])
        process = usenetsync.start("upload", root, "--profile", profile, "--json")
        readers = senders = list[int]()
        deadline = time.monotonic() + 120
        while not (readers and senders) or len(server.posted) < 20:
            assert process.poll() is None, "it ended before it was killed"
            assert time.monotonic() < deadline
            readers = helpers_of(process.pid, "slice_readers")
            senders = helpers_of(process.pid, "sending")
            time.sleep(0.01)
        process.kill()
        process.communicate()
        await_ends(readers + senders)
        usenetsync("upload", root)
        assert len(server.posted) == len(set(server.posted))
        for what, sql in LEDGER.items():
            assert usenetsync.query(sql) == [], what
        checked = usenetsync("verify", "tree", "--body", "--json").event("verified")
        assert checked["missing"] == checked["damaged"] == 0
        usenetsync("restore", "tree", out)
        assert trees.compare_trees(root, out) == []
