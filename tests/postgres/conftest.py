"""Servers of one test, to be killed and broken."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_servers import MakeServer

from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres.embedded.server import EmbeddedServer


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder with a short path that other users can enter."""
    folder = Path(tempfile.mkdtemp(prefix="us-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def system_folder(short_folder: Path) -> Path:
    """In place of /var/lib/usenetsync; one for all tests, so the binaries are copied once."""
    return short_folder / "system"


@pytest.fixture
def make_server(home: Path, system_folder: Path) -> Iterator[MakeServer]:
    """Creates one process's view of the server of ``home``; stops all of them at the end."""
    made: list[EmbeddedServer] = []

    def make(folder: Path = home, system_folder: Path = system_folder) -> EmbeddedServer:
        locations = Locations.find({"USENETSYNC_HOME": str(folder)})
        made.append(EmbeddedServer(locations, system_folder=system_folder))
        return made[-1]

    yield make
    for one in made:
        one.release()
    for one in made:
        one.stop()
