"""Containers, servers and users that start, end and are killed at random: nothing is lost."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from containers import Container, container, needs_containers, servers_at
from own_servers import MakeServer, children, kill, needs_root, titled
from users_elsewhere import UserElsewhere

pytestmark = [needs_root, needs_containers, pytest.mark.slow]

STEPS = 150
MOST_USERS = 3


class World:
    """Two containers, some users in them, and a table that must have every row they committed."""

    def __init__(self, home: Path, system_folder: Path, rng: random.Random) -> None:
        self._places = home, system_folder
        self._rng = rng
        self._containers: list[Container] = []
        self._users: list[tuple[UserElsewhere, Container]] = []
        self.tried: set[int] = set()
        self.kept: set[int] = set()
        self.pgdata = home / "data" / "postgresql"

    def close(self) -> None:
        for each in self._containers:
            each.kill()
        for user, _ in self._users:
            user.ended()

    def step(self) -> None:
        """Do one thing at random."""
        while len(self._containers) < 2:
            name = f"c{self._rng.randrange(100)}"
            own_ipc = self._rng.random() < 0.7
            made = Container(name, own_ipc=own_ipc, processes=self._rng.randrange(200))
            self._containers.append(made)
        happenings = [self.come] * 4 + [self.write] * 10 + [self.go] * 2
        happenings += [self.kill_user, self.kill_server, self.kill_backend, self.kill_container]
        self._rng.choice(happenings)()
        if self.pgdata.exists():
            assert len(servers_at(self.pgdata)) <= 1

    def come(self) -> None:
        if len(self._users) < MOST_USERS:
            where = self._rng.choice(self._containers)
            user = UserElsewhere(where, *self._places)
            self._users.append((user, where))
            assert user.said() == "in"

    def write(self) -> None:
        if self._users:
            at = self._rng.randrange(len(self._users))
            user, _ = self._users[at]
            number = len(self.tried)
            self.tried.add(number)
            wrote = [
                user.ask("CREATE TABLE IF NOT EXISTS kept (n int)"),
                user.ask(f"INSERT INTO kept VALUES ({number})"),
            ]
            if wrote == ["done", "done"]:
                self.kept.add(number)
            else:  # It has lost the server, and leaves.
                del self._users[at]
                assert user.leave() == 0

    def go(self) -> None:
        if self._users:
            user, _ = self._users.pop(self._rng.randrange(len(self._users)))
            assert user.leave() == 0

    def kill_user(self) -> None:
        if self._users:
            user, _ = self._users.pop(self._rng.randrange(len(self._users)))
            user.kill()

    def kill_server(self) -> None:
        for postmaster in servers_at(self.pgdata) if self.pgdata.exists() else []:
            others = children(postmaster) if self._rng.random() < 0.5 else []
            for pid in (postmaster, *others):
                with suppress(ProcessLookupError):  # It has already noticed its parent's end.
                    kill(pid)

    def kill_backend(self) -> None:
        for postmaster in servers_at(self.pgdata) if self.pgdata.exists() else []:
            # PostgreSQL 18.4 waits for ever after its recovery process was killed, and in another
            # container no user can end it (test_a_recovery_that_was_killed_is_begun_again).
            candidates = set(children(postmaster)) - set(titled(postmaster, "startup"))
            if candidates:
                with suppress(ProcessLookupError):  # The server is ending.
                    kill(self._rng.choice(sorted(candidates)))

    def kill_container(self) -> None:
        killed = self._containers.pop(self._rng.randrange(2))
        killed.kill()
        for user, _ in [(user, where) for user, where in self._users if where is killed]:
            user.ended()
        self._users = [(user, where) for user, where in self._users if where is not killed]


@pytest.fixture
def world(home: Path, system_folder: Path, make_server: MakeServer) -> Iterator[World]:
    seed = int(os.environ.get("USENETSYNC_TEST_SEED", "14"))
    made = World(home, system_folder, random.Random(seed))
    yield made
    made.close()


def test_nothing_is_lost_and_no_second_server_runs(
    world: World, home: Path, system_folder: Path, make_server: MakeServer
) -> None:
    for _ in range(STEPS):
        world.step()
    world.close()
    with ExitStack() as stack:
        last = stack.enter_context(container("last", own_ipc=True, processes=50))
        user = UserElsewhere(last, home, system_folder)
        assert user.said() == "in"
        found = user.ask("SELECT string_agg(n::text, ' ') FROM kept")
        numbers = [int(word) for word in found.strip("[(',)]").split()]
        assert user.leave() == 0
    assert len(numbers) == len(set(numbers))
    assert world.kept <= set(numbers) <= world.tried
    assert len(world.kept) >= 10  # The run must contain more than kills.
    assert "PANIC" not in make_server().status().log.read_text()
