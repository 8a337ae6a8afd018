"""The embedded server after kills, crashes and damage."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Timer

import psycopg
import pytest
from own_servers import MakeServer, children, kill, titled

from usenetsync_tui.errors import DatabaseFullError, DatabaseStartError
from usenetsync_tui.postgres.embedded import joining, log_file, postmaster
from usenetsync_tui.postgres.embedded.server import EmbeddedServer

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def fill(conninfo: str) -> None:
    with psycopg.connect(conninfo) as conn:
        conn.execute("CREATE TABLE kept AS SELECT generate_series(1, 100000) AS n")


def total(conninfo: str) -> object:
    with psycopg.connect(conninfo) as conn:
        return conn.execute("SELECT count(*) FROM kept").fetchone()


def pid_of(server: EmbeddedServer) -> int:
    pid = server.status().pid
    assert pid is not None
    return pid


def test_postmaster_killed(make_server: MakeServer) -> None:
    one = make_server()
    fill(one.acquire())
    kill(pid_of(one))
    # The same user may acquire again, and gets a new server.
    assert total(one.acquire()) == (100000,)


@linux
def test_everything_killed(make_server: MakeServer) -> None:
    one, two = make_server(), make_server()
    address = one.acquire()
    fill(address)
    with psycopg.connect(address):
        pid = pid_of(one)
        for each in (pid, *children(pid)):
            with suppress(ProcessLookupError):  # it has already noticed its parent's end
                kill(each)
    ended_by = time.monotonic() + 60  # a killed process exists until the kernel has released it
    while one.status().running:
        assert time.monotonic() < ended_by
        time.sleep(0.01)
    assert total(two.acquire()) == (100000,)


@linux
def test_backends_that_outlive_their_postmaster_are_waited_for(make_server: MakeServer) -> None:
    one = make_server()
    address = one.acquire()
    fill(address)
    heard: list[str] = []
    with psycopg.connect(address) as conn:
        backend = conn.info.backend_pid
        os.kill(backend, signal.SIGSTOP)  # It cannot notice the postmaster's death.
        try:
            kill(pid_of(one))

            def on_wait(words: str) -> None:
                heard.append(words)
                if len(heard) == 3:
                    kill(backend)

            assert total(one.acquire(on_wait)) == (100000,)
        finally:
            if len(heard) < 3:
                kill(backend)
    assert "Waiting for the processes of the killed database to end." in heard


def test_the_server_recovers_from_a_killed_backend(make_server: MakeServer) -> None:
    one = make_server()
    address = one.acquire()
    fill(address)
    before = pid_of(one)
    with psycopg.connect(address) as conn:
        kill(conn.info.backend_pid)
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT pg_sleep(10)")
    # All connections end now and the server recovers by itself; acquire waits until it has.
    while True:
        try:
            assert total(one.acquire()) == (100000,)
            break
        except psycopg.OperationalError:
            continue
    assert pid_of(one) == before


def test_stopped_in_the_middle_of_recovery(make_server: MakeServer) -> None:
    """PostgreSQL 18.4 hangs when a fast shutdown meets the recovery after a killed backend."""
    one = make_server()
    for _ in range(6):
        address = one.acquire()
        with psycopg.connect(address) as conn:
            kill(conn.info.backend_pid)
            with pytest.raises(psycopg.OperationalError):
                conn.execute("SELECT pg_sleep(10)")
        one.release()
    one.stop()
    assert not one.status().running


@pytest.mark.slow
def test_a_server_that_does_not_end_is_ended(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "_PATIENCE_WITH_END", 0.5)
    one = make_server()
    address = one.acquire()
    fill(address)
    with psycopg.connect(address) as conn:
        backend = conn.info.backend_pid
        os.kill(backend, signal.SIGSTOP)  # The polite stop waits for it for ever.
        one.release()
        assert one.status().running
        # Five seconds later PostgreSQL itself kills processes that do not end at once.
        assert total(one.acquire()) == (100000,)


def test_a_half_made_cluster_is_made_again(make_server: MakeServer) -> None:
    one = make_server()
    pgdata = one.status().pgdata
    draft = pgdata.with_name("postgresql.draft-killed")
    draft.mkdir(parents=True)
    pgdata.parent.chmod(0o711)
    (draft / "PG_VERSION").write_text("18\n")
    fill(one.acquire())
    assert not draft.exists()


def test_a_folder_that_is_no_cluster_is_left_alone(make_server: MakeServer) -> None:
    one = make_server()
    pgdata = one.status().pgdata
    pgdata.mkdir(parents=True)
    pgdata.parent.chmod(0o711)
    (pgdata / "thesis.txt").write_text("mine")
    with pytest.raises(DatabaseStartError, match="is not a PostgreSQL data folder"):
        one.acquire()
    assert (pgdata / "thesis.txt").read_text() == "mine"
    assert one.status().users == ()


def test_a_failed_start_shows_the_logs_last_lines(make_server: MakeServer) -> None:
    one = make_server()
    one.acquire()
    one.stop()
    configuration = one.status().pgdata / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text("nonsense = 1\n" + good)
    with pytest.raises(DatabaseStartError, match="unrecognized configuration parameter") as caught:
        one.acquire()
    assert str(caught.value).startswith("The embedded PostgreSQL could not be started.")
    assert "secret" not in str(caught.value)
    assert one.status().users == ()
    configuration.write_text(good)
    one.acquire()


def test_a_pid_of_another_program_is_neither_trusted_nor_touched(make_server: MakeServer) -> None:
    one = make_server()
    one.acquire()
    one.stop()
    owner = one.status().pgdata.stat().st_uid
    bystander = subprocess.Popen(
        ["/bin/sleep", "600"], user=owner if owner != os.geteuid() else None
    )
    try:
        pid_file = one.status().pgdata / "postmaster.pid"
        lines = [bystander.pid, one.status().pgdata, 1, 5432, "/tmp", "", "  1 1", "ready   "]
        pid_file.write_text("\n".join(map(str, lines)) + "\n")
        os.chown(pid_file, owner, -1)
        assert not one.status().running
        one.stop()
        address = one.acquire()
        with psycopg.connect(address) as conn:
            conn.execute("SELECT 1")
        one.stop()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_an_empty_pid_file_does_not_matter(make_server: MakeServer) -> None:
    one = make_server()
    one.acquire()
    one.stop()
    (one.status().pgdata / "postmaster.pid").touch()
    assert not one.status().running
    one.acquire()


def test_a_wait_can_be_given_up(make_server: MakeServer) -> None:
    class GivenUp(Exception):
        pass

    def on_wait(_: str) -> None:
        raise GivenUp

    one, two = make_server(), make_server()
    address = one.acquire()
    with psycopg.connect(address) as conn:
        os.kill(conn.info.backend_pid, signal.SIGSTOP)
        try:
            kill(pid_of(one))
            with pytest.raises(GivenUp):
                two.acquire(on_wait)
            assert two.status().users == (os.getpid(),)
        finally:
            kill(conn.info.backend_pid)


def test_a_stop_waits_for_the_remains_of_a_killed_server(make_server: MakeServer) -> None:
    one = make_server()
    with psycopg.connect(one.acquire()) as conn:
        remains = conn.info.backend_pid
        os.kill(remains, signal.SIGSTOP)
        kill(pid_of(one))
        while one.status().pid is not None:
            time.sleep(0.01)  # the kernel has not released it yet
        end = Timer(0.5, os.kill, (remains, signal.SIGKILL))
        end.start()
        try:
            one.stop()
        finally:
            end.join()
    assert end.finished.is_set() and not one.status().running
    one.acquire()


def test_the_log_stays_small(tmp_path: Path) -> None:
    log = tmp_path / "postgresql.log"
    log.write_bytes(b"first\n" + b"x" * (9 << 20) + b"\nlast\n")
    offset = log.stat().st_size - 5
    assert log_file.lines_since(log, offset) == ["last"]
    log_file.bound_log(log)
    assert log.stat().st_size == 0
    assert (tmp_path / "postgresql.log.1").stat().st_size > 9 << 20
    with log_file.open_log(log) as descriptor:
        os.write(descriptor, b"new\n")
    assert log_file.lines_since(log, 1 << 30) == []
    assert log_file.lines_since(log, 0) == ["new"]


def test_the_error_names_a_full_disk(make_server: MakeServer) -> None:
    server = make_server()
    server.acquire()
    assert server.why_lost() is None
    said = 'PANIC:  could not write to file "pg_wal/xlogtemp.7": No space left on device'
    with server.status().log.open("a") as log:
        log.write(f"2026-11-26 12:00:00.000 UTC [7] {said}\n")
        log.writelines("2026-11-26 12:00:00.000 UTC [8] LOG:  it ends\n" for _ in range(40))
    why = server.why_lost()
    assert isinstance(why, DatabaseFullError)
    assert str(why).endswith('could not write to file "pg_wal/xlogtemp.7": No space left on device')
    server.release()


@linux
def test_a_recovery_that_was_killed_is_begun_again(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL 18.4 waits for ever after its recovery process was killed."""
    monkeypatch.setattr(joining, "_STUCK", 6.0)
    one = make_server()
    address = one.acquire()
    fill(address)
    postmaster = pid_of(one)
    with psycopg.connect(address) as conn:
        kill(conn.info.backend_pid)
    until = time.monotonic() + 60
    while not (startup := titled(postmaster, "startup")):
        assert time.monotonic() < until
    kill(startup[0])
    assert total(one.acquire()) == (100000,)
    assert pid_of(one) != postmaster
