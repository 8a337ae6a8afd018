"""A killed start, and files damaged meanwhile: the next start repairs them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from own_servers import MakeServer, children, kill

from usenetsync_tui.errors import DatabaseStartError, UsageError
from usenetsync_tui.postgres.embedded import joining, starting
from usenetsync_tui.postgres.embedded.server import EmbeddedServer

KILLS = 25

START = """
import os, signal, subprocess, sys
from pathlib import Path
from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres.embedded.server import EmbeddedServer
if len(sys.argv) > 3:
    communicate = subprocess.Popen.communicate
    def and_die(process, *arguments, **options):
        found = communicate(process, *arguments, **options)
        if "-D" in process.args:
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    subprocess.Popen.communicate = and_die
print("begins", flush=True)
locations = Locations.find({"USENETSYNC_HOME": sys.argv[1]})
EmbeddedServer(locations, system_folder=Path(sys.argv[2])).acquire()
"""


def starter(home: Path, system_folder: Path, *more: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-c", START, str(home), str(system_folder), *more]
    return subprocess.Popen(argv, stdout=subprocess.PIPE)


def count(conninfo: str) -> object:
    with psycopg.connect(conninfo) as conn:
        return conn.execute("SELECT count(*) FROM kept").fetchone()


def fill(conninfo: str) -> None:
    with psycopg.connect(conninfo) as conn:
        conn.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")


def test_killed_when_the_server_was_just_launched(
    make_server: MakeServer, home: Path, system_folder: Path
) -> None:
    one = make_server()
    fill(one.acquire())
    one.stop()
    for _ in range(3):
        with starter(home, system_folder, "and die") as killed:
            assert killed.wait(timeout=60) == -signal.SIGKILL
        # It may not even have written its lock file.
        assert count(one.acquire()) == (1000,)
        one.stop()


@pytest.mark.slow
def test_killed_at_any_moment(make_server: MakeServer, home: Path, system_folder: Path) -> None:
    seed = int(os.environ.get("USENETSYNC_TEST_SEED", "9"))
    rng = random.Random(seed)
    one = make_server()
    fill(one.acquire())
    took = 0.5
    for number in range(KILLS):
        if rng.random() < 0.5:
            one.stop()
        else:
            _kill_server(one, rng)
        with starter(home, system_folder) as killed:
            assert killed.stdout is not None
            killed.stdout.readline()
            time.sleep(rng.uniform(0.0, took))
            killed.kill()
            killed.communicate()
        began = time.monotonic()
        assert count(one.acquire()) == (1000,), f"seed {seed}, kill {number}"
        took = min(max(0.2, time.monotonic() - began), 1.0)
    assert "PANIC" not in one.status().log.read_text()


@pytest.mark.slow
def test_the_very_first_start_killed_at_any_moment(
    make_server: MakeServer, home: Path, system_folder: Path
) -> None:
    rng = random.Random(int(os.environ.get("USENETSYNC_TEST_SEED", "9")))
    for number in range(10):
        folder = home / str(number)
        folder.mkdir()
        folder.chmod(0o711)
        for _ in range(2):
            with starter(folder, system_folder) as killed:
                assert killed.stdout is not None
                killed.stdout.readline()
                time.sleep(rng.uniform(0.0, 2.0))
                killed.kill()
                killed.communicate()
        one = make_server(folder)
        fill(one.acquire())
        one.stop()
        assert count(one.acquire()) == (1000,)
        one.stop()


def test_a_database_that_a_killed_start_still_makes_is_not_made_twice(
    make_server: MakeServer,
) -> None:
    """The server goes on with what a client asked that is no more; here, with all of them."""
    conninfo, together = make_server().acquire(), threading.Barrier(4)

    def connected() -> psycopg.Connection:
        return psycopg.connect(conninfo, dbname="postgres", autocommit=True)

    def made(_: int) -> bool:
        with connected() as conn:
            together.wait()
            return starting._has_database(conn)

    for _ in range(5):
        with connected() as conn:
            conn.execute("DROP DATABASE usenetsync")
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(made, range(4))) == [True] * 4


def _kill_server(server: EmbeddedServer, rng: random.Random) -> None:
    """The postmaster, and perhaps all its processes, by ``kill -9``."""
    pid = server.status().pid
    assert pid is not None
    for each in (pid, *(children(pid) if rng.random() < 0.5 else ())):
        with suppress(ProcessLookupError):  # It has already noticed its parent's end.
            kill(each)
    server.release()


ABSURD = [
    b"99999999999999",
    b"4194305",
    b"2147483648",
    b"18446744073709551617",
    b"0",
    b"1",
    b"-1",
    b"-99999",
    b"\xd9\xa3",  # An Arabic digit.
    b"\xc2\xb2",  # A digit for isdigit(), but no number.
    b"12 34",
    b"",
    b"\n\n\n",
    b"\0" * 5000,
    b"9" * 100_000,
    b"\xff\xfe" * 50,
    str(os.getpid()).encode(),
]


def test_absurd_process_ids_left_behind(make_server: MakeServer) -> None:
    one = make_server()
    fill(one.acquire())
    one.stop()
    folder = one.status().pgdata
    socket_lock = one.status().socket_dir / ".s.PGSQL.5432.lock"
    for content in ABSURD:
        for file in (folder / "postmaster.pid", socket_lock):
            file.write_bytes(content + b"\nand more\n" * 9)
        status = one.status()
        assert not status.running and status.pid is None, content
        assert count(one.acquire()) == (1000,), content
        one.stop()
        assert not one.status().running, content


def test_absurd_process_ids_under_a_running_server(make_server: MakeServer) -> None:
    one, two = make_server(), make_server()
    fill(one.acquire())
    pid = one.status().pid
    pid_file = one.status().pgdata / "postmaster.pid"
    for content in ABSURD:
        pid_file.write_bytes(content + b"\nand more\n" * 9)
        status = two.status()
        assert status.running and status.pid == pid, content
        assert count(two.acquire()) == (1000,), content
        two.release()
    one.stop()
    assert not two.status().running


def test_a_folder_in_the_place_of_the_lock_file_is_named(make_server: MakeServer) -> None:
    one = make_server()
    one.acquire()
    one.stop()
    (in_the_way := one.status().pgdata / "postmaster.pid").mkdir()
    with pytest.raises(DatabaseStartError, match=r"Is a directory: .*postmaster\.pid"):
        one.acquire()
    in_the_way.rmdir()
    one.acquire()


def test_a_failed_stop_is_not_called_a_failed_start(make_server: MakeServer) -> None:
    one = make_server()
    one.acquire()
    lock = one.status().pgdata.with_name("start.lock")
    lock.unlink()
    lock.mkdir()
    with pytest.raises(
        DatabaseStartError, match=r"^The .* could not be stopped\. .*Is a directory"
    ):
        one.stop()
    lock.rmdir()
    one.stop()
    assert not one.status().running


def _remove_socket(folder: Path) -> None:
    (folder / ".s.PGSQL.5432").unlink()


def _remove_folder(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def _empty_folder_instead(folder: Path) -> None:
    _remove_folder(folder)
    folder.mkdir(mode=0o700)


def _file_instead(folder: Path) -> None:
    _remove_folder(folder)
    folder.touch()


def test_the_socket_removed_under_a_running_server(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "_SILENCE_WITHOUT_SOCKET", 0.3)
    one, two = make_server(), make_server()
    fill(one.acquire())
    folder = one.status().socket_dir
    owner = folder.stat().st_uid
    for remove in (_remove_socket, _remove_folder, _empty_folder_instead, _file_instead):
        remove(folder)
        # A user of the server must not lose it.
        with pytest.raises(DatabaseStartError, match="its socket was removed"):
            two.acquire()
        with pytest.raises(UsageError, match="in use by"):
            two.stop()
        one.release()
        if folder.is_file():
            with pytest.raises(DatabaseStartError, match="must be a folder of mode 0700"):
                two.acquire()
            folder.unlink()
        elif folder.is_dir():
            os.chown(folder, owner, -1)
        assert count(two.acquire()) == (1000,), remove
        two.release()
        assert count(one.acquire()) == (1000,)


def test_a_server_that_stays_without_socket_is_stopped(make_server: MakeServer) -> None:
    one = make_server()
    one.stay(True)
    fill(one.acquire())
    one.release()
    _remove_folder(one.status().socket_dir)
    assert one.status().running
    one.stop()
    assert not one.status().running
    assert count(one.acquire()) == (1000,)
