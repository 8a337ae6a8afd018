"""Two screens at one engine, in pseudo-terminals; the engine is killed, the other one goes on."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
import trees
from acceptance_command import Command
from terminals import Terminal

_POSTED_TWICE = """
    SELECT count(*) FROM articles a
    WHERE NOT EXISTS (SELECT FROM segments s WHERE s.message_id = a.message_id)
"""
"""Articles that the ledger does not have: sent again under another name."""


@pytest.mark.slow
def test_the_engine_is_killed_under_a_screen(
    usenetsync: Command, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source = tmp_path / "tree"
    rounds = request.config.getoption("--kill-rounds") or 1
    for number in range(rounds):
        trees.small_files(source / f"round{number}", 1500)
        (source / f"large{number}").write_bytes(os.urandom(40_000_000))
        _killed_under_another(usenetsync, source)
    assert usenetsync.query(_POSTED_TWICE) == [(0,)]
    usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(source, tmp_path / "out") == []


def _killed_under_another(usenetsync: Command, source: Path) -> None:
    program = [sys.executable, "-m", "usenetsync_tui", "tui"]
    environment = {**usenetsync.environment, "USENETSYNC_MAX_WORKERS": "1"}
    first, second = Terminal([*program, str(source)], environment), None
    try:
        first.read_until(lambda: b"running" in first.output, 60)
        second = following = Terminal(program, environment)
        following.read_until(lambda: b"Attached to screen" in following.output, 60)
        first.process.send_signal(signal.SIGKILL)
        following.read_until(lambda: b"The engine has died" in following.output, 20)
        following.read_until(lambda: b"completed" in _states(usenetsync), 120)
        os.write(following.end, b"q")
        try:
            following.wait(5)
        except AssertionError:  # the job is over, but not yet on the screen: q has asked
            os.write(following.end, b"d")
        assert following.wait(60) == 0
        assert b"Traceback" not in following.output
    finally:
        first.close()
        if second is not None:
            second.close()


def _states(usenetsync: Command) -> bytes:
    jobs = [event for event in usenetsync("jobs", "--json").events if event["event"] == "job"]
    return str(max(jobs, key=lambda job: int(job["id"]))["state"]).encode()
