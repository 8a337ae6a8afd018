"""The embedded PostgreSQL: started by its first user, stopped by its last.

Any number of processes share one server. Each holds a seat (``users.py``); decisions about
starting and stopping are made one at a time, under the start lock. A process that is killed
leaves the server running for the next one. All calls block: call them in a thread.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from usenetsync_tui.errors import (
    DatabaseFullError,
    DatabaseHeldError,
    DatabaseStartError,
    UsageError,
    UsenetSyncError,
)
from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres import cluster, log_file, server_lock, users
from usenetsync_tui.postgres.binaries import Binaries, find_binaries
from usenetsync_tui.postgres.joining import SocketLostError, join
from usenetsync_tui.postgres.major_version import check_version, cluster_version
from usenetsync_tui.postgres.places import (
    PORT,
    SYSTEM_FOLDER,
    ServerPlaces,
    create_own,
    create_private,
    find_places,
)
from usenetsync_tui.postgres.postmaster import OnWait, Postmaster
from usenetsync_tui.postgres.service_user import Account, server_account

DATABASE = "usenetsync"
_MOST_STARTS = 5
_PATIENCE_TO_LEAVE = 10.0


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """The embedded server at one moment."""

    running: bool
    pid: int | None
    """Its process id; None when it does not run, or runs where we see no process of it."""

    holder: str | None
    """Who started it, when that was in another container (process namespace)."""

    version: str | None
    """Of the running server, else of the cluster; None when there is no cluster yet."""

    pgdata: Path
    socket_dir: Path
    log: Path
    users: tuple[int, ...]
    """Ids of the processes that use it."""

    users_elsewhere: tuple[str, ...]
    """Those in other containers: process id and host."""

    stays: bool
    """Whether it runs on when nobody uses it."""


class EmbeddedServer:
    """The server of ``locations``, as one process sees it."""

    def __init__(self, locations: Locations, *, system_folder: Path = SYSTEM_FOLDER) -> None:
        """``system_folder`` is where root's server puts what its user must reach."""
        self._locations = locations
        self._system_folder = system_folder
        self._seat: users.Seat | None = None
        self._log_size = 0
        """When we began to use it."""

    def acquire(self, on_wait: OnWait | None = None) -> str:
        """Use the server, starting it when it does not run; returns its conninfo.

        Called again it looks after the server, and starts it when it was killed. Crash
        recovery is waited for as long as it takes; ``on_wait`` is told each second what we
        wait for, and ends the wait by raising. Raises ``DatabaseStartError``.
        """
        with _as_start_errors():
            self._locations.create()
            places = self._places()
            create_own(places.home)
            with users.start_lock(places.start_lock, on_wait=on_wait):
                seat = self._seat or users.Seat(places.users_lock)
                try:
                    self._start(places, seat, on_wait)
                except BaseException:
                    seat.leave()
                    self._seat = None
                    raise
                self._seat = seat
                self._log_size = log_file.size_of(places.log)
        return _conninfo(places, DATABASE)

    def why_lost(self) -> UsenetSyncError | None:
        """What the server said that tells why it went down while we used it, if we know it."""
        full = os.strerror(errno.ENOSPC)
        line = log_file.last_line_with(self._places().log, self._log_size, full)
        return DatabaseFullError(line.partition("  ")[2] or line) if line else None

    def release(self) -> None:
        """Use the server no more; the last user stops it, unless it is asked to stay.

        Does not wait for the server's end. Does nothing when not acquired.
        """
        seat, self._seat = self._seat, None
        if seat is None:
            return
        places = self._places()
        with users.start_lock(places.start_lock, patience=_PATIENCE_TO_LEAVE) as had:
            if not had:
                # Somebody has been starting or stopping it all this time; they see to it.
                seat.abandon()
            elif seat.leave() and not places.stay.exists():
                Postmaster(places).interrupt(_conninfo(places, "postgres"))

    def stay(self, stays: bool) -> None:
        """Let the server run on, or not, when its last user leaves."""
        with _as_start_errors():
            self._locations.create()
            places = self._places()
            create_own(places.home)
            if stays:
                places.stay.touch(mode=0o600)
            else:
                places.stay.unlink(missing_ok=True)

    def stop(self, on_wait: OnWait | None = None) -> None:
        """Stop the server, asked to stay or not, and wait until it has ended.

        Gives up our own use of it first. Raises ``UsageError`` when others use it.
        """
        with _as_start_errors():
            places = self._places()
            if not places.home.is_dir():
                return
            with users.start_lock(places.start_lock, on_wait=on_wait):
                seat, self._seat = self._seat or users.Seat(places.users_lock), None
                if not seat.leave():
                    pids = ", ".join(map(str, users.users(places.users_lock)))
                    raise UsageError(f"The database is in use by the processes {pids}.")
                places.stay.unlink(missing_ok=True)
                postmaster = Postmaster(places)
                if not postmaster.interrupt(_conninfo(places, "postgres")):
                    raise DatabaseHeldError(f"{postmaster.held_by()} Stop it where it runs.")
                postmaster.await_end(on_wait)

    def status(self) -> ServerStatus:
        """How the server is. Starts and creates nothing."""
        with _as_start_errors():
            return self._status(self._places())

    @staticmethod
    def _status(places: ServerPlaces) -> ServerStatus:
        postmaster = Postmaster(places)
        running = postmaster.lives()
        version = cluster_version(places.pgdata)
        if running and postmaster.listener() is not None:
            version = _server_version(places) or version
        here, elsewhere = _by_place(users.users(places.users_lock))
        return ServerStatus(
            running=running,
            pid=postmaster.pid() if running else None,
            holder=postmaster.held_by() if running and postmaster.is_elsewhere() else None,
            version=version,
            pgdata=places.pgdata,
            socket_dir=places.socket_dir,
            log=places.log,
            users=here,
            users_elsewhere=elsewhere,
            stays=places.stay.exists(),
        )

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where anything of it may be: the cluster with its locks, the socket, what root's has."""
        places = self._places()
        return places.home, places.socket_dir, self._system_folder

    def url(self) -> str:
        """The server's address for ``psql`` and the like."""
        folder = quote(os.fsencode(self._places().socket_dir), safe="")
        return f"postgresql://{cluster.ROLE}@/{DATABASE}?host={folder}&port={PORT}"

    def _places(self) -> ServerPlaces:
        return find_places(self._locations, self._system_folder)

    def _start(self, places: ServerPlaces, seat: users.Seat, on_wait: OnWait | None) -> None:
        check_version(places.pgdata)
        log_file.bound_log(places.log)
        postmaster = Postmaster(places)
        address = _conninfo(places, "postgres")
        for _ in range(_MOST_STARTS):
            if not postmaster.lives():
                self._launch(places, on_wait)
            try:
                with _closing(join(postmaster, address, on_wait)) as conn:
                    if conn is not None and _has_database(conn):
                        return
            except SocketLostError:
                if not seat.is_the_only_one():
                    raise
                # Nobody can reach it, and nobody uses it: the next one listens again.
                postmaster.interrupt(address)
                postmaster.await_end(on_wait)
        lines = "\n".join(log_file.lines_since(places.log, 0))
        raise DatabaseStartError(f"PostgreSQL keeps exiting. Its log:\n{lines}")

    def _launch(self, places: ServerPlaces, on_wait: OnWait | None) -> None:
        """Launch the server and wait until it is ready; nothing, when another was faster."""
        account = server_account()
        binaries = find_binaries(account, self._system_folder)
        _ensure_cluster(places, account, binaries)
        create_private(places.socket_dir, account)
        postmaster = Postmaster(places)
        with server_lock.taken(places.pgdata) as lock:
            if lock is None or postmaster.listener() is not None:
                return
            cluster.configure(places, account)
            offset = log_file.size_of(places.log)
            pid = postmaster.launch(binaries, account, lock)
        postmaster.await_ready(pid, offset, on_wait)


def _ensure_cluster(places: ServerPlaces, account: Account, binaries: Binaries) -> None:
    offset = log_file.size_of(places.log)
    try:
        with log_file.open_log(places.log) as log:
            cluster.ensure_cluster(places, account, binaries, log)
    except DatabaseStartError as error:
        lines = log_file.lines_since(places.log, offset)
        raise DatabaseStartError("\n".join([*error.args, *lines])) from error


def _conninfo(places: ServerPlaces, database: str) -> str:
    # All is named, or PGHOSTADDR, PGOPTIONS and their like would lead elsewhere.
    return make_conninfo(
        "",
        host=str(places.socket_dir),
        hostaddr="",
        port=PORT,
        user=cluster.ROLE,
        dbname=database,
        options="",
        target_session_attrs="any",
    )


def _has_database(conn: psycopg.Connection) -> bool:
    """Make the database if need be; False when the server ends the connection meanwhile.

    It ends all of them when it recovers from the death of one of its processes.
    """
    try:
        found = conn.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
        if found.rowcount == 0:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except psycopg.OperationalError:
        if not conn.broken:
            raise
        return False
    return True


def _by_place(found: Iterable[users.User]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The process ids of those here, and the others in words."""
    everybody = tuple(found)
    return (
        tuple(user.pid for user in everybody if user.where.is_here),
        tuple(str(user) for user in everybody if not user.where.is_here),
    )


def _server_version(places: ServerPlaces) -> str | None:
    try:
        with psycopg.connect(_conninfo(places, "postgres"), connect_timeout=5) as conn:
            number = conn.info.server_version
    except psycopg.OperationalError:
        return None  # Starting or stopping; the caller falls back to the cluster's version.
    return f"{number // 10000}.{number % 10000}"


@contextmanager
def _closing(conn: psycopg.Connection | None) -> Iterator[psycopg.Connection | None]:
    try:
        yield conn
    finally:
        if conn is not None:
            conn.close()


@contextmanager
def _as_start_errors() -> Iterator[None]:
    if not hasattr(os, "geteuid"):
        raise DatabaseStartError(
            "It runs on Linux and macOS only; here, set USENETSYNC_DATABASE_URL."
        )
    try:
        yield
    except (OSError, psycopg.Error) as error:
        raise DatabaseStartError(str(error)) from error
