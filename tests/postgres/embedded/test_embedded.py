"""The life of the embedded server: first user, last user, staying, stopping."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from own_servers import MakeServer

from usenetsync_tui.errors import DatabaseStartError, UsageError
from usenetsync_tui.postgres.embedded.server import EmbeddedServer

ASK = "SELECT current_user, current_database(), current_setting('data_checksums')"


def ask(conninfo: str) -> object:
    with psycopg.connect(conninfo) as conn:
        return conn.execute(ASK).fetchone()


def wait_for_end(server: EmbeddedServer) -> None:
    deadline = threading.Event()
    for _ in range(500):
        if not server.status().running:
            return
        deadline.wait(0.02)
    pytest.fail("the server does not end")


def test_first_user_starts_it_and_last_user_stops_it(make_server: MakeServer) -> None:
    one, two = make_server(), make_server()
    assert not one.status().running
    address = one.acquire()
    assert ask(address) == ("usenetsync", "usenetsync", "on")
    pid = one.status().pid
    assert two.acquire() == address
    assert two.status().pid == pid
    assert two.status().users == (os.getpid(), os.getpid())
    one.release()
    assert ask(address) is not None
    assert two.status().users == (os.getpid(),)
    two.release()
    wait_for_end(two)
    # The next start is not confused by a server that has just ended or is about to end.
    for _ in range(3):
        assert ask(one.acquire()) is not None
        one.release()


def test_data_outlives_the_server(make_server: MakeServer) -> None:
    one = make_server()
    with psycopg.connect(one.acquire()) as conn:
        conn.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    one.release()
    with psycopg.connect(one.acquire()) as conn:
        assert conn.execute("SELECT sum(n) FROM kept").fetchone() == (500500,)


def test_it_stays_when_asked_to(make_server: MakeServer) -> None:
    one = make_server()
    one.stay(True)
    address = one.acquire()
    one.release()
    status = one.status()
    assert status.running and status.stays and status.users == ()
    assert ask(address) is not None
    one.stop()
    status = one.status()
    assert not status.running and not status.stays


def test_it_is_not_stopped_while_others_use_it(make_server: MakeServer) -> None:
    one, two = make_server(), make_server()
    address = one.acquire()
    with pytest.raises(UsageError, match=f"in use by the processes {os.getpid()}"):
        two.stop()
    assert ask(address) is not None


def test_an_open_transaction_does_not_hold_up_the_stop(make_server: MakeServer) -> None:
    one = make_server()
    with psycopg.connect(one.acquire()) as conn:
        conn.execute("CREATE TABLE unfinished ()")
        one.stop()
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")


def test_release_without_acquire_and_stop_without_server(make_server: MakeServer) -> None:
    one = make_server()
    one.release()
    one.stop()
    assert not one.status().running


@pytest.mark.slow
def test_many_processes_at_once(make_server: MakeServer, home: Path, system_folder: Path) -> None:
    script = """
import sys, psycopg
from pathlib import Path
from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres.embedded.server import EmbeddedServer
home = sys.argv[1]
server = EmbeddedServer(
    Locations.find({"USENETSYNC_HOME": home}), system_folder=Path(sys.argv[2])
)
for _ in range(3):
    with psycopg.connect(server.acquire()) as conn:
        conn.execute("SELECT 1")
    server.release()
"""
    many = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(home), str(system_folder)], stderr=subprocess.PIPE
        )
        for _ in range(5)
    ]
    for one in many:
        _, words = one.communicate(timeout=120)
        assert one.returncode == 0, words.decode()
    wait_for_end(make_server())


def test_a_killed_user_leaves_the_server_for_the_next(
    make_server: MakeServer, home: Path, system_folder: Path
) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres.embedded.server import EmbeddedServer
home = sys.argv[1]
EmbeddedServer(
    Locations.find({"USENETSYNC_HOME": home}), system_folder=Path(sys.argv[2])
).acquire()
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run(
        [sys.executable, "-c", script, str(home), str(system_folder)], check=False, timeout=60
    )
    one = make_server()
    status = one.status()
    assert status.running and status.users == ()
    one.acquire()
    assert one.status().pid == status.pid
    one.release()
    wait_for_end(one)


def test_everything_is_private(make_server: MakeServer) -> None:
    one = make_server()
    one.acquire()
    status = one.status()

    def mode(path: Path) -> int:
        return stat.S_IMODE(path.lstat().st_mode)

    assert mode(status.pgdata) == mode(status.socket_dir) == 0o700
    assert mode(status.socket_dir / ".s.PGSQL.5432") == 0o700
    home = status.pgdata.parent
    private = [status.log, home / "start.lock", home / "users.lock"]
    private += [status.pgdata / name for name in ("pg_hba.conf", "usenetsync.conf", "PG_VERSION")]
    assert {mode(file) for file in private} == {0o600}


def test_the_settings_are_in_force(make_server: MakeServer) -> None:
    one = make_server()
    with psycopg.connect(one.acquire()) as conn:
        wrong = conn.execute(
            "SELECT name, setting, error FROM pg_file_settings"
            " WHERE error IS NOT NULL OR NOT applied"
        ).fetchall()
        assert wrong == []
        rules = conn.execute("SELECT type, auth_method, options, error FROM pg_hba_file_rules")
        assert rules.fetchall() == [("local", "peer", ["map=usenetsync"], None)]
        listening = conn.execute("SHOW listen_addresses").fetchone()
        assert listening == ("",)


def test_url_and_version(make_server: MakeServer) -> None:
    one = make_server()
    one.acquire()
    assert ask(one.url()) == ("usenetsync", "usenetsync", "on")
    version = one.status().version
    assert version is not None and version.startswith("18.")


def test_the_environment_does_not_change_the_address(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for option in psycopg.pq.Conninfo.get_defaults():
        if option.envvar:
            monkeypatch.setenv(option.envvar.decode(), "127.0.0.9")
    # Variables that are no part of an address (libpq, section 34.15), and one of a future libpq.
    for name in ("PGTZ", "PGDATESTYLE", "PGGEQO", "PGSERVICEFILE", "PGDATA", "PGNEXT"):
        monkeypatch.setenv(name, "127.0.0.9")
    one = make_server()
    assert ask(one.acquire()) == ("usenetsync", "usenetsync", "on")
    assert one.status().version is not None
    assert not [name for name in os.environ if name.startswith("PG")]


def test_a_long_path_gets_a_short_socket(make_server: MakeServer, home: Path) -> None:
    long = home / ("long, and odd 'name' $(false) \\ " * 4)
    long.mkdir(mode=0o711)
    one = make_server(long)
    address = one.acquire()
    folder = one.status().socket_dir
    try:
        assert folder.parent == Path("/tmp")
        assert stat.S_IMODE(folder.lstat().st_mode) == 0o700
        assert ask(address) == ask(one.url())
        one.stop()
        # A folder of that name that another user owns is not used, even a well-meant one.
        folder.chmod(0o755)
        with pytest.raises(DatabaseStartError, match="must be a folder of mode 0700"):
            one.acquire()
        folder.rmdir()
        folder.symlink_to(home)
        with pytest.raises(DatabaseStartError, match="must be a folder of mode 0700"):
            one.acquire()
    finally:
        folder.unlink() if folder.is_symlink() else folder.rmdir()
