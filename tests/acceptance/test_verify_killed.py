"""`verify`, killed with SIGKILL or interrupted: the next one continues, and reports all of it."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import trees
from acceptance_command import Command
from news_home import configure, server_table
from scripted_server import ScriptedServer

ARTICLES, SEGMENT, CONNECTIONS = 300, 8_192, 2
EVERY = ARTICLES + 6
"""And the index: two pages and a root, twice."""
UNDER_WAY = 5 * 2 * 2 * CONNECTIONS
"""Most articles under way in `--body`: four pages and the one in hand, each of two articles for
each fetcher, of which there are two a connection."""


def _stopped(
    usenetsync: Command, server: ScriptedServer, after: int, signum: signal.Signals
) -> None:
    """A verify that is ended when the server has been asked for some articles."""
    process, before = usenetsync.start("verify", "tree", "--body"), server.commands["BODY"]
    deadline = time.monotonic() + 60
    while server.commands["BODY"] < before + after:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.005)
    process.send_signal(signum)
    process.communicate()


def test_it_continues_where_it_was_killed(usenetsync: Command, home: Path, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "large").write_bytes(trees.content(ARTICLES * SEGMENT))
    with ScriptedServer() as server:
        table = server_table(server, connections=CONNECTIONS)
        configure(home, table, chunk_size=SEGMENT, padding=False)
        usenetsync("upload", root)
        posted = list(server.posted)
        assert len(posted) == EVERY
        server.latency = 0.01
        for number in (3, 150, 297):
            del server.articles[posted[number]]
        server.commands.clear()
        kill = signal.SIGKILL
        ends = ((10, kill), (60, kill), (40, signal.SIGINT), (30, kill))
        checked = [0]
        for after, signum in ends:
            _stopped(usenetsync, server, after, signum)
            checked += usenetsync.query("SELECT checked FROM sweeps")[0]
            assert checked[-1] >= checked[-2]
        assert 50 < checked[-1] < EVERY
        server.latency = 0.0
        last = usenetsync("verify", "tree", "--body", "--json")
        fetched = server.commands["BODY"]
        # It is over: the next one starts from the beginning, and finds what was posted again.
        again = usenetsync("verify", "tree", "--json").event("verified")
    found = last.event("verified")
    assert (found["checked"], found["missing"], found["damaged"]) == (EVERY, 3, 0)
    assert (found["unknown"], found["reposted"], found["lost"]) == (0, 3, [])
    assert found["continued_from"] is not None
    summary = last.event("summary")
    assert summary["notices"] == len([e for e in last.events if e["event"] == "notice"]) > 0
    assert fetched <= EVERY + len(ends) * UNDER_WAY
    jobs = usenetsync("jobs", "--json").events
    of_index = jobs[-1]["bytes"] - ARTICLES * SEGMENT
    assert jobs[-1]["files"] == 1 and 0 < of_index < 100_000
    assert (again["continued_from"], again["checked"], again["missing"]) == (None, EVERY, 0)
