"""The screen over the real engine, in a pseudo-terminal and in tmux."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trees
from acceptance_command import Command
from terminals import Terminal, is_clean


def _tree(root: Path) -> Path:
    trees.small_files(root, 3000)
    (root / "large").write_bytes(os.urandom(40_000_000))
    return root


@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_leaves_clean_and_resumable(
    usenetsync: Command, tmp_path: Path, signum: signal.Signals
) -> None:
    source = _tree(tmp_path / "tree")
    program = [sys.executable, "-m", "usenetsync_tui", "tui", str(source)]
    terminal = Terminal(program, {**usenetsync.environment, "USENETSYNC_MAX_WORKERS": "1"})
    try:
        terminal.read_until(lambda: b"running" in terminal.output and b"d000/" in terminal.output)
        terminal.process.send_signal(signum)
        assert terminal.wait(60) == 128 + signum
        if signum != signal.SIGHUP:  # after a hang-up there is no terminal to restore
            assert is_clean(terminal)
        assert b"Traceback" not in terminal.output
    finally:
        terminal.close()
    job = usenetsync("jobs", "--json").event("job")
    assert job["state"] in ("queued", "completed")
    usenetsync("upload", source)
    usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(source, tmp_path / "out") == []


def test_q_drains(usenetsync: Command, tmp_path: Path) -> None:
    source = _tree(tmp_path / "tree")
    program = [sys.executable, "-m", "usenetsync_tui", "tui", str(source)]
    terminal = Terminal(program, usenetsync.environment)
    try:
        terminal.read_until(lambda: b"done" in terminal.output and b"d000/" in terminal.output)
        before = len(terminal.output)
        os.write(terminal.end, b"q")

        def answered() -> bool:
            return terminal.process.poll() is not None or b"Drain" in terminal.output[before:]

        terminal.read_until(answered, 60)
        if terminal.process.poll() is None:
            os.write(terminal.end, b"d")
        assert terminal.wait(60) == 0
        assert is_clean(terminal)
    finally:
        terminal.close()
    of_status = "SELECT count(*) FROM segments s JOIN objects o ON o.id = s.object_id WHERE"
    # Pages of the index that were planned before `d` and not begun wait for the next upload.
    of_files = "s.status = 0 AND o.kind <> 2"
    assert usenetsync.query(f"{of_status} s.status = 1 OR ({of_files})") == [(0,)]
    usenetsync("upload", source)
    assert usenetsync.query(f"{of_status} s.status IN (0, 1)") == [(0,)]
    usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(source, tmp_path / "out") == []


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_in_tmux(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    trees.small_files(source, 200)
    (source / "esc\x1b]0;title\x07").write_text("x")
    tmux = ["tmux", "-L", f"usenetsync-test-{os.getpid()}", "-f", "/dev/null"]
    program = f"{sys.executable} -m usenetsync_tui tui {source}"
    start = ["new-session", "-d", "-x", "80", "-y", "24", program]
    subprocess.run(
        [*tmux, *start],
        check=True,
        env=usenetsync.environment | {"TERM": "xterm", "SHELL": "/bin/sh"},
    )
    try:
        _wait_for(tmux, "done")
        subprocess.run([*tmux, "send-keys", "2"], check=True)
        screen = _wait_for(tmux, "d000/")
        assert all(len(line) <= 80 for line in screen.splitlines())
        subprocess.run([*tmux, "send-keys", "G"], check=True)
        _wait_for(tmux, "100%")
        _wait_for(tmux, "idle")  # otherwise it asks how to quit
        subprocess.run([*tmux, "send-keys", "q"], check=True)
        deadline = time.monotonic() + 60
        while subprocess.run([*tmux, "has-session"], capture_output=True).returncode == 0:
            assert time.monotonic() < deadline, "q did not end it:\n" + _capture(tmux)
            time.sleep(0.1)
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True)


def _capture(tmux: list[str]) -> str:
    seen = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, check=True)
    return seen.stdout.decode()


def _wait_for(tmux: list[str], words: str) -> str:
    deadline = time.monotonic() + 60
    while True:
        screen = _capture(tmux)
        if words in screen:
            return screen
        assert time.monotonic() < deadline, screen
        time.sleep(0.1)
