"""The command on a fresh copy of the catalogue, in a home of its own."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from in_process import InProcess


@pytest.fixture
def run(
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[InProcess]:
    """The command, run in this process."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("USENETSYNC_HOME", str(home))
    monkeypatch.setenv("USENETSYNC_DATABASE_URL", database)
    monkeypatch.setattr(sys, "argv", ["usenetsync"])
    handlers = logging.root.handlers[:]
    yield InProcess(home, capsys)
    for handler in set(logging.root.handlers) - set(handlers):
        handler.close()
    logging.root.handlers[:] = handlers
