"""The real command, with a home and an embedded server of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance_command import Command


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of short path that the database's user can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="usa-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def usenetsync(home: Path) -> Iterator[Command]:
    """The command; its server stays up between calls and is stopped at the end."""
    command = Command(home)
    command("db", "start")
    yield command
    command.server.stop()
