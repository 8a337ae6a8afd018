"""Processes that help a job: what they know of us, and that each of them ends."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from usenetsync_tui import helper_process
from usenetsync_tui.disk.restored.writers import writer_process
from usenetsync_tui.helper_process import ended, started


def test_a_helper_ends_with_its_socket_and_knows_no_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("USENETSYNC_NEWS_PASSWORD", "secret")
    ours, its = socket.socketpair()
    with ours, its:
        helper = started(writer_process.__name__, stdin=its.fileno())
        its.close()
        while not (known := Path(f"/proc/{helper.pid}/environ").read_bytes()):
            pass  # the kernel has begun to run it, and no more
    ended(helper)
    assert helper.returncode == 0
    assert b"PYTHONPATH=" in known and b"USENETSYNC_" not in known and b"secret" not in known


def test_a_helper_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper_process, "_PATIENCE", 0.01)
    ours, its = socket.socketpair()
    with ours, its:
        helper = started(writer_process.__name__, stdin=its.fileno())
        ended(helper)
    assert helper.returncode == -signal.SIGKILL
