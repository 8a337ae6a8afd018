"""The lock of a data folder: held exactly while any process of its server lives."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from own_servers import MakeServer, children, kill, titled

from usenetsync_tui.errors import DatabaseHeldError, DatabaseStartError
from usenetsync_tui.postgres import mounts
from usenetsync_tui.postgres.embedded import holder, server_lock, starting, users
from usenetsync_tui.postgres.embedded.process_location import ProcessLocation
from usenetsync_tui.postgres.embedded.server import EmbeddedServer

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def pid_of(server: EmbeddedServer) -> int:
    pid = server.status().pid
    assert pid is not None
    return pid


def wait_until(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_is_held_from_the_start_to_the_end(make_server: MakeServer) -> None:
    one, two = make_server(), make_server()
    pgdata = one.status().pgdata
    assert not server_lock.is_held(pgdata)  # No cluster exists yet.
    one.acquire()
    two.acquire()
    assert server_lock.is_held(pgdata)
    one.release()
    assert server_lock.is_held(pgdata)
    two.stop()
    assert not server_lock.is_held(pgdata)
    with server_lock.taken(pgdata) as lock:
        assert lock is not None and server_lock.is_held(pgdata)
        with server_lock.taken(pgdata) as again:
            assert again is None
    assert not server_lock.is_held(pgdata)


@linux
def test_every_process_of_the_server_holds_it_and_we_do_not(make_server: MakeServer) -> None:
    one = make_server()
    address = one.acquire()
    locked = (one.status().pgdata / server_lock.LOCKED_FILE).stat()

    def holds(pid: int | str) -> bool:
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed since it was listed
                found = file.stat()
                if (found.st_dev, found.st_ino) == (locked.st_dev, locked.st_ino):
                    return True
        return False

    with psycopg.connect(address) as conn:
        postmaster = pid_of(one)
        family = [postmaster, *children(postmaster)]
        assert conn.info.backend_pid in family and len(family) > 5
        without = [pid for pid in family if not _holds_or_ended(holds, pid, postmaster)]
        assert not without
        assert not holds("self")


def _holds_or_ended(holds: Callable[[int], bool], pid: int, postmaster: int) -> bool:
    """Workers (vacuum, I/O) come and go; one that is still there must hold the lock."""
    with suppress(FileNotFoundError, ProcessLookupError):
        if holds(pid):
            return True
    return pid not in children(postmaster)


@linux
def test_one_stray_process_of_a_killed_server_holds_it(make_server: MakeServer) -> None:
    one = make_server()
    pgdata = one.status().pgdata
    for kind in ("checkpointer", "walwriter", "io worker", "idle"):
        with psycopg.connect(one.acquire()):
            postmaster = pid_of(one)
            stray = titled(postmaster, kind)[0]
            others = [pid for pid in children(postmaster) if pid != stray]
            os.kill(stray, signal.SIGSTOP)  # It cannot notice the postmaster's death.
            try:
                for pid in (postmaster, *others):
                    with suppress(ProcessLookupError):  # It has already noticed its parent's end.
                        kill(pid)
                time.sleep(0.3)
                assert server_lock.is_held(pgdata), kind
            finally:
                kill(stray)
            wait_until(lambda: not server_lock.is_held(pgdata))


def test_the_end_of_a_server_that_is_out_of_sight_is_waited_for(make_server: MakeServer) -> None:
    """Near its end a server has no ``postmaster.pid`` and no socket any more, only its lock."""
    server = make_server()
    server.acquire()
    server.stop()
    pgdata = server.status().pgdata
    with server_lock.taken(pgdata) as lock:
        assert lock is not None
        last = subprocess.Popen(["sleep", "1"], pass_fds=[lock])
    try:
        assert server_lock.is_held(pgdata) and not (pgdata / "postmaster.pid").exists()
        server.stop()
        assert not server_lock.is_held(pgdata)
    finally:
        assert last.wait() == 0


def test_the_holder_is_recorded(make_server: MakeServer) -> None:
    one = make_server()
    one.acquire()
    found = holder.read(one._paths())
    assert found is not None and found.where == ProcessLocation.here()
    assert found.pid == one.status().pid and str(found).startswith(f"host {found.where.host}, ")
    assert one.status().holder is None  # It runs in the same place as this process.


def test_the_lock_decides_and_not_the_record(make_server: MakeServer) -> None:
    one, two = make_server(), make_server()
    one.acquire()
    written = one.status().pgdata / holder.FILE
    for text in ("", "host\n", "host a\nroom b\nsince yesterday\n", "\0\xff" * 99):
        written.write_text(text, encoding="latin-1")
        assert two.acquire()
        assert two.status().pid == one.status().pid
        two.release()
    written.unlink()
    assert two.acquire()


def test_a_server_of_another_folder_behind_the_socket_is_not_joined(
    make_server: MakeServer,
) -> None:
    one, two = make_server(), make_server()
    one.acquire()
    pgdata = one.status().pgdata
    aside = pgdata.with_name("aside")
    pgdata.rename(aside)
    try:
        with pytest.raises(
            DatabaseStartError, match=r"^The server at .* uses another data folder than"
        ):
            two.acquire()
    finally:
        pgdata.rename(pgdata.with_name("new"))
        aside.rename(pgdata)
    assert two.acquire()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_refused(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuses(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    one = make_server()
    monkeypatch.setattr(fcntl, "flock", refuses)
    with pytest.raises(
        DatabaseStartError, match=r"^The file system .* cannot lock files .* local disk"
    ):
        one.acquire()
    monkeypatch.undo()
    assert not one.status().pgdata.exists()


def test_seats_are_counted_by_the_kernel_not_by_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "users.lock"
    path.write_bytes(b"99999999999999\n1\n-4\n7 room=a/1 host=elsewhere\n\xb2\n")
    one = users.ServerUse(path)
    here = users.User(os.getpid(), ProcessLocation.here())
    assert users.users(path) == (here,)  # The others had left, whatever was written.
    two = users.ServerUse(path)
    # Another program writes what it likes; one in another container cannot see us.
    path.write_bytes(path.read_bytes() + b"7 room=a/1 host=elsewhere\n99999999999999\n")
    assert [str(user) for user in users.users(path)] == [
        f"{here}",
        f"{here}",
        "7 on host elsewhere",
    ]
    assert not one.is_the_only_one() and not one.leave()
    assert two.is_the_only_one() and two.leave()
    assert users.users(path) == ()


NFS = "612 29 0:52 / /mnt/my\\040data rw shared:330 - nfs4 nas:/export rw,vers=4.2,{},addr=::1"
EXT4 = "29 1 0:52 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro"


@pytest.mark.parametrize(
    ("table", "kept"),
    [
        (NFS.format("local_lock=none"), False),
        (NFS.format("local_lock=posix"), False),
        (NFS.format("local_lock=flock"), True),
        (NFS.format("nolock,local_lock=all"), True),
        (f"{EXT4}\n".replace("0:52", "8:1") + NFS.format("nolock,local_lock=all"), True),
        (EXT4, False),
        ("", False),
        ("612 29\n\n-", False),
    ],
)
def test_mounts_that_keep_locks_to_themselves(table: str, kept: bool) -> None:
    assert mounts.has_local_locks_in(table, os.makedev(0, 52)) is kept
    assert not mounts.has_local_locks_in(table, os.makedev(0, 53))


def test_without_shared_locks_the_server_of_another_machine_is_respected(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_server()
    one.acquire()
    one.stop()
    monkeypatch.setattr(starting, "has_local_locks", lambda folder: True)
    written, pid_file = (one.status().pgdata / name for name in (holder.FILE, "postmaster.pid"))
    one.acquire()  # A clean end, or started here: no risk.
    one.stop()
    another = "host nas2\nroom 1234-5/99\nsince 2026-11-26T10:00:00+00:00\n"
    written.write_text(another)
    one.acquire()
    one.stop()
    written.write_text(another)
    pid_file.write_text("77\n")
    with pytest.raises(
        DatabaseHeldError, match=r"host nas2, process 77 there.*Mount it with locks"
    ):
        one.acquire()
    assert pid_file.exists() and written.read_text() == another
    pid_file.unlink()
    one.acquire()


def test_a_killed_process_may_lose_this_lock_after_the_start_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel closes its files one after the other; who starts next waits for the second."""
    path = tmp_path / "users.lock"
    killed = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(killed, fcntl.LOCK_EX)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            os.close(killed)

    monkeypatch.setattr(users.time, "sleep", wait)
    use = users.ServerUse(path)
    assert len(waits) == 2 and use.leave()
