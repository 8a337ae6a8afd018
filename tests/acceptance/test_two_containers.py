"""Two containers share one USENETSYNC_HOME: one server, nothing lost (FAULTS A14)."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trees
from acceptance_command import Command, Ended
from containers import Container, container, needs_containers, servers_at
from data_folder import data_folder

pytestmark = [needs_containers, pytest.mark.slow]

IN_THE_WAY = ("CatalogueHeldError", "DatabaseHeldError")


class Sharing:
    """The command in a container, and the largest number of servers at once."""

    def __init__(self, home: Path, inside: Container) -> None:
        self.inside = inside
        self._command = Command(home)
        self._command.program = tuple(inside.argv(Command.program))
        self._pgdata = self._command.server.status().pgdata
        self.most_servers = 0

    def begin(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start it, and return when it has printed its first line."""
        process = self._command.start(*arguments, "--json")
        assert process.stdout is not None
        process.stdout.readline()
        self._count()
        return process

    def __call__(self, *arguments: str | Path) -> Ended:
        """Run it to its end, whatever the exit code."""
        process = self._command.start(*arguments, "--json")
        while True:
            self._count()
            try:
                out, err = process.communicate(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
            return Ended(process.returncode, out, err)

    def _count(self) -> None:
        if self._pgdata.exists():
            self.most_servers = max(self.most_servers, len(servers_at(self._pgdata)))


@pytest.fixture
def home() -> Iterator[Path]:
    """On the disk: each container has a /dev/shm of its own."""
    with data_folder("usa-", in_memory=False) as folder:
        yield folder


@pytest.fixture
def both(home: Path) -> Iterator[tuple[Sharing, Sharing]]:
    """With shared memory of their own: with a shared one PostgreSQL itself stops the second."""
    with ExitStack() as stack:
        made = [
            stack.enter_context(container(name, own_ipc=True, processes=60))
            for name in ("one", "two")
        ]
        yield Sharing(home, made[0]), Sharing(home, made[1])
    Command(home).server.stop()


def _grow(root: Path, rng: random.Random) -> None:
    """New and changed files: some seconds of work."""
    root.mkdir(exist_ok=True)
    for _ in range(500):
        (root / f"{rng.randrange(4000):04}.txt").write_bytes(rng.randbytes(rng.randrange(6000)))
    for _ in range(40):
        size = rng.randrange(500_000, 3_000_000)
        (root / f"large{rng.randrange(90):02}").write_bytes(rng.randbytes(size))


def test_uploads_in_both(both: tuple[Sharing, Sharing], home: Path, tmp_path: Path) -> None:
    one, two = both
    rng = random.Random(14)
    first, second = tmp_path / "first", tmp_path / "second"
    for root in (first, second):
        _grow(root, rng)
    working = one.begin("upload", first)
    meanwhile = two("upload", second)
    assert meanwhile.code == 0 or meanwhile.event("error")["kind"] in IN_THE_WAY, meanwhile
    looked = two("folders")
    assert looked.code == 0, looked
    out, err = working.communicate(timeout=300)
    assert working.returncode == 0, (out, err)
    assert two("upload", second).code == 0
    # Both again; this time the test kills the container of the first while it works.
    for root in (first, second):
        _grow(root, rng)
    working = one.begin("upload", first)
    time.sleep(rng.uniform(0.2, 1.0))
    one.inside.kill()
    working.communicate(timeout=60)
    for root in (first, second):
        ended = two("upload", root)
        assert ended.code == 0, ended
    for root in (first, second):
        assert two("verify", root.name, "--body").code == 0
        assert two("restore", root.name, tmp_path / "out" / root.name).code == 0
        assert trees.compare_trees(root, tmp_path / "out" / root.name) == []
    listed = two("snapshots", "second")
    assert [e["version"] for e in listed.events if "version" in e] in ([1, 2], [2, 1])
    assert max(one.most_servers, two.most_servers) == 1
    log = (home / "log" / "postgresql.log").read_text()
    assert "PANIC" not in log and "already exists" not in log
