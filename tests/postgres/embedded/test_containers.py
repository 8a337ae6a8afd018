"""One postmaster per data folder, even if its users cannot see each other's processes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from containers import Container, container, needs_containers, servers_at, wait_until_gone
from own_servers import MakeServer, needs_root
from users_elsewhere import UserElsewhere

from usenetsync_tui.errors import DatabaseHeldError, UsageError
from usenetsync_tui.postgres.embedded import joining, server_lock, service_user
from usenetsync_tui.postgres.embedded.server import EmbeddedServer

pytestmark = [needs_root, needs_containers]

Sit = Callable[..., UserElsewhere]


@pytest.fixture
def two(request: pytest.FixtureRequest) -> Iterator[tuple[Container, Container]]:
    """Two containers; with the parameter, each has its own System V IPC and /dev/shm too.

    In the second container, the process ids of the first belong to other programs.
    """
    own_ipc = getattr(request, "param", True)
    with ExitStack() as stack:
        one = stack.enter_context(container("one", own_ipc=own_ipc))
        two = stack.enter_context(container("two", own_ipc=own_ipc, processes=120))
        yield one, two


@pytest.fixture
def sit(
    home: Path,
    system_folder: Path,
    two: tuple[Container, Container],
    make_server: MakeServer,  # so that all users leave before it is stopped
) -> Iterator[Sit]:
    """Prepares a process in a container to use the server of ``home``."""
    made: list[UserElsewhere] = []

    def sit(inside: Container | None, folder: Path = home) -> UserElsewhere:
        made.append(UserElsewhere(inside, folder, system_folder))
        return made[-1]

    yield sit
    for user in made:
        user.ended()


both = pytest.mark.parametrize("two", [False, True], indirect=True, ids=["ipc-shared", "ipc-own"])


def starts(server: EmbeddedServer) -> int:
    """How often a server was started, according to the log."""
    return server.status().log.read_text().count("starting PostgreSQL")


@both
def test_the_second_joins_the_firsts_server(
    two: tuple[Container, Container], sit: Sit, make_server: MakeServer
) -> None:
    one = sit(two[0])
    assert one.said() == "in"
    other = sit(two[1])
    assert other.said() == "in"
    status = make_server().status()
    assert len(servers_at(status.pgdata)) == 1
    assert status.running and status.holder is not None and "host one" in status.holder
    assert status.users == () and len(status.users_elsewhere) == 2
    assert one.ask("CREATE TABLE kept AS SELECT 1 AS n") == "done"
    assert other.ask("INSERT INTO kept VALUES (2)") == "done"
    assert one.leave() == 0
    # The last user stops it, though its signals do not reach the server.
    assert other.ask("INSERT INTO kept VALUES (3)") == "done"
    assert other.leave() == 0
    wait_until_gone(status.pgdata)
    assert starts(make_server()) == 1
    again = sit(two[1])
    assert again.said() == "in"
    assert again.ask("SELECT sum(n) FROM kept") == "[(6,)]"
    assert again.leave() == 0


@both
def test_both_begin_at_once(
    two: tuple[Container, Container], sit: Sit, make_server: MakeServer
) -> None:
    users = [sit(each) for each in (*two, *two)]
    assert [user.said() for user in users] == ["in"] * 4
    assert len(servers_at(make_server().status().pgdata)) == 1
    assert [user.leave() for user in users] == [0] * 4
    assert starts(make_server()) == 1, make_server().status().log.read_text()


@both
def test_the_next_container_takes_over_after_a_kill(
    two: tuple[Container, Container], sit: Sit, make_server: MakeServer
) -> None:
    one = sit(two[0])
    assert one.said() == "in"
    other = sit(two[1])
    assert other.said() == "in"
    assert one.ask("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n") == "done"
    two[0].kill()
    one.ended()
    # The process id in postmaster.pid belongs to another program here.
    third = sit(two[1])
    assert third.said() == "in"
    assert third.ask("SELECT count(*) FROM kept") == "[(1000,)]"
    assert len(servers_at(make_server().status().pgdata)) == 1
    assert starts(make_server()) == 2
    assert other.ask("SELECT 1") in ("OperationalError", "AdminShutdown")
    assert third.leave() == 0
    other.leave()


def test_the_error_names_the_server_that_ended_with_its_container(
    two: tuple[Container, Container], sit: Sit, make_server: MakeServer
) -> None:
    one = sit(two[0])
    assert one.said() == "in"
    here = make_server()
    here.acquire()
    assert here.why_lost() is None
    two[0].kill()
    one.ended()
    assert re.search(r"ended with its container.*host one,", str(here.why_lost()))
    here.acquire()
    assert here.why_lost() is None


@pytest.mark.parametrize(
    "lost",
    [
        "start.lock",
        "users.lock",
        "socket/.s.PGSQL.5432.lock",
        "postgresql/postmaster.pid",
        "postgresql/usenetsync.holder",
    ],
)
def test_deleting_a_file_does_not_allow_a_second_server(
    two: tuple[Container, Container], sit: Sit, make_server: MakeServer, lost: str
) -> None:
    one = sit(two[0])
    assert one.said() == "in"
    (make_server().folders[0] / lost).unlink()
    other = sit(two[1])
    assert other.said() == "in"
    assert len(servers_at(make_server().status().pgdata)) == 1
    assert starts(make_server()) == 1
    assert other.leave() == 0
    assert one.leave() == 0


def test_where_the_socket_does_not_reach_the_holder_is_named(
    two: tuple[Container, Container],
    sit: Sit,
    make_server: MakeServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(joining, "_SILENCE_ELSEWHERE", 0.5)
    server = make_server()
    server.stay(True)
    one = sit(two[0])
    assert one.said() == "in"
    folder = server.folders[0] / "socket"
    folder.rename(folder.with_name("aside"))
    try:
        with pytest.raises(DatabaseHeldError, match=r"host one, process \d+ there, since 20") as it:
            server.acquire()
        assert it.value.exit_code == 1
        assert server.status().running and server.status().users == ()
        with pytest.raises(UsageError, match=r"processes \d+ on host one"):
            server.stop()
        assert one.leave() == 0
        with pytest.raises(DatabaseHeldError, match="Stop it where it runs"):
            server.stop()
    finally:
        folder.with_name("aside").rename(folder)
    assert starts(server) == 1
    server.stop()
    assert servers_at(server.status().pgdata) == []


def test_another_path_to_the_same_folder(
    two: tuple[Container, Container], sit: Sit, make_server: MakeServer, home: Path
) -> None:
    (seen_from_two := home.with_name(f"{home.name}-seen-from-two")).mkdir()
    try:
        mount = ["mount", "--bind", str(home), str(seen_from_two)]
        subprocess.run(two[1].argv(mount), check=True)
        one = sit(two[0])
        assert one.said() == "in"
        other = sit(two[1], seen_from_two)
        assert other.said() == "in"
        assert one.ask("CREATE TABLE kept ()") == "done"
        assert other.ask("SELECT count(*) FROM kept") == "[(0,)]"
        assert len(servers_at(make_server().status().pgdata)) == 1
        assert one.leave() == 0 and other.leave() == 0
        wait_until_gone(make_server().status().pgdata)
    finally:
        two[1].kill()
        seen_from_two.rmdir()


def test_another_id_of_the_servers_user(
    two: tuple[Container, Container], sit: Sit, make_server: MakeServer, home: Path
) -> None:
    one = sit(two[0])
    assert one.said() == "in"
    (accounts := home / "passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nusenetsync:x:64001:64001::/nonexistent:/bin/false\n"
    )
    mount = ["mount", "--bind", str(accounts), "/etc/passwd"]
    subprocess.run(two[1].argv(mount), check=True)
    other = sit(two[1])
    assert other.said() == "in"
    assert other.leave() == 0
    pgdata = make_server().status().pgdata
    before = pgdata.stat().st_uid
    two[0].kill()
    one.ended()
    assert "Run usenetsync as the user it belongs to" in sit(two[1]).said()
    assert pgdata.stat().st_uid == before and servers_at(pgdata) == []
    assert make_server().acquire()


def test_a_server_of_an_earlier_program_has_no_lock_and_is_joined(
    two: tuple[Container, Container],
    sit: Sit,
    make_server: MakeServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service_user.subprocess, "Popen", _without_descriptors)
    earlier = make_server()
    earlier.acquire()
    monkeypatch.undo()
    pgdata = earlier.status().pgdata
    assert not server_lock.is_held(pgdata)
    (pgdata / "usenetsync.holder").unlink()
    elsewhere = sit(two[0])
    assert elsewhere.said() == "in"
    here = make_server()
    here.acquire()
    assert len(servers_at(pgdata)) == 1
    earlier.release()
    here.release()
    assert elsewhere.leave() == 0
    wait_until_gone(pgdata)
    assert starts(here) == 1


def _without_descriptors(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
    return _popen(*arguments, **{**options, "pass_fds": ()})  # type: ignore[call-overload]


_popen = subprocess.Popen
