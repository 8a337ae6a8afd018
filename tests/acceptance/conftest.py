"""The real command, with a home and an embedded server of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from acceptance_command import Command
from data_folder import data_folder
from stopping_ground import Kept, kept_folder, measured


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """The data folder of a home whose database was made, migrated and stopped."""
    with data_folder("usa-") as folder:
        command = Command(folder)
        command("db", "start")
        command("folders")
        command.server.stop()
        yield folder / "data"


@contextmanager
def _command(home: Path, cluster: Path) -> Iterator[Command]:
    """`cluster` is copied: making a database takes a second of processor time."""
    command = Command(home)
    subprocess.run(["cp", "-a", cluster, home / "data"], check=True)
    command("db", "start")
    yield command
    command.server.stop()


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder with a short path that the database's user can enter."""
    with data_folder("usa-") as folder:
        yield folder


@pytest.fixture
def usenetsync(home: Path, cluster: Path) -> Iterator[Command]:
    """The command; its server stays up between calls and is stopped at the end."""
    with _command(home, cluster) as command:
        yield command


@pytest.fixture(scope="module")
def shared_usenetsync(cluster: Path) -> Iterator[Command]:
    """One home and one running server, for the many short commands of a module."""
    with data_folder("usa-") as folder, _command(folder, cluster) as command:
        yield command


@pytest.fixture
def another_usenetsync(cluster: Path) -> Iterator[Command]:
    """The same with another home, for tests long enough to run beside the others."""
    with data_folder("usa-") as folder, _command(folder, cluster) as command:
        yield command


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    """A folder on Usenet, and ways to reach no server; checks at the end that it is complete."""
    with kept_folder() as folder:
        yield folder


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """With `--every-stop`: prints the longest time to stop for each wait."""
    if not config.getoption("--every-stop"):
        return
    terminalreporter.section("seconds from a stop to the end")
    for wait, seconds in sorted(measured.items()):
        worst = f"{max(seconds):5.2f} at most, {len(seconds):3} stops"
        terminalreporter.write_line(f"{worst}  {wait}")
