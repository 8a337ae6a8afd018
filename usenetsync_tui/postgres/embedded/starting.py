"""Starts the embedded server, or joins the running one. Call under the start lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.errors import DuplicateDatabase, UniqueViolation

from usenetsync_tui.errors import DatabaseHeldError, DatabaseStartError
from usenetsync_tui.postgres.embedded import cluster, holder, log_file, server_lock
from usenetsync_tui.postgres.embedded.binaries import Binaries, find_binaries
from usenetsync_tui.postgres.embedded.cluster import DATABASE
from usenetsync_tui.postgres.embedded.joining import SocketLostError, join
from usenetsync_tui.postgres.embedded.major_version import check_version
from usenetsync_tui.postgres.embedded.postmaster import OnWait, Postmaster
from usenetsync_tui.postgres.embedded.server_paths import ServerPaths, create_private
from usenetsync_tui.postgres.embedded.service_user import Account, server_account
from usenetsync_tui.postgres.embedded.users import ServerUse
from usenetsync_tui.postgres.mounts import has_local_locks

_MOST_STARTS = 5


def start(paths: ServerPaths, use: ServerUse, system_folder: Path, on_wait: OnWait | None) -> None:
    """Return when the server accepts connections and has our database.

    ``use`` is our own use of it. Raises ``DatabaseStartError``, and what ``on_wait`` raises.
    """
    check_version(paths.pgdata)
    log_file.bound_log(paths.log)
    postmaster = Postmaster(paths)
    address = cluster.conninfo(paths, "postgres")
    for _ in range(_MOST_STARTS):
        if not postmaster.is_alive():
            _launch(postmaster, system_folder, on_wait)
        try:
            with _closing(join(postmaster, address, on_wait)) as conn:
                if conn is not None and _has_database(conn):
                    return
        except SocketLostError:
            if not use.is_the_only_one():
                raise
            # No program can reach it or uses it: end it, so that the next one can listen.
            postmaster.interrupt(address)
            postmaster.await_end(on_wait)
    lines = "\n".join(log_file.lines_since(paths.log, 0))
    raise DatabaseStartError(f"PostgreSQL keeps exiting. Its log:\n{lines}")


def _launch(postmaster: Postmaster, system_folder: Path, on_wait: OnWait | None) -> None:
    """Launch the server and wait until it is ready; does nothing if another was faster."""
    paths = postmaster.paths
    account = server_account(paths.owner)
    binaries = find_binaries(account, system_folder)
    _ensure_cluster(paths, account, binaries)
    create_private(paths.socket_dir, account)
    with server_lock.taken(paths.pgdata) as lock:
        if lock is None or postmaster.listener() is not None:
            return
        _refuse_another_machines(postmaster)
        cluster.configure(paths, account)
        offset = log_file.size_of(paths.log)
        pid = postmaster.launch(binaries, account, lock)
    postmaster.await_ready(pid, offset, on_wait)


def _refuse_another_machines(postmaster: Postmaster) -> None:
    """Raise ``DatabaseHeldError`` if another machine may run a server whose lock we cannot see."""
    paths = postmaster.paths
    last = holder.read(paths)
    if last is None or last.where.is_this_boot or not paths.pid_file.exists():
        return  # It ran on this machine, or it ended normally.
    if has_local_locks(paths.pgdata):
        raise DatabaseHeldError(
            f"{postmaster.held_by()} It may still run: {paths.pgdata} is on NFS, mounted so that "
            "machines do not see each other's locks (nolock or local_lock). Mount it with locks, "
            f"or make sure that no server runs there and remove {paths.pid_file}."
        )


def _ensure_cluster(paths: ServerPaths, account: Account, binaries: Binaries) -> None:
    offset = log_file.size_of(paths.log)
    try:
        with log_file.open_log(paths.log) as log:
            cluster.ensure_cluster(paths, account, binaries, log)
    except DatabaseStartError as error:
        lines = log_file.lines_since(paths.log, offset)
        raise DatabaseStartError("\n".join([*error.args, *lines])) from error


def _has_database(conn: psycopg.Connection) -> bool:
    """Make the database if it is missing; False when the server ends the connection meanwhile.

    The server ends all connections when it recovers from the death of one of its processes.
    """
    try:
        found = conn.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
        if found.rowcount == 0:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except (DuplicateDatabase, UniqueViolation):
        return True  # the server has just finished what a start that was killed had asked for
    except psycopg.OperationalError:
        if not conn.broken:
            raise
        return False
    return True


@contextmanager
def _closing(conn: psycopg.Connection | None) -> Iterator[psycopg.Connection | None]:
    try:
        yield conn
    finally:
        if conn is not None:
            conn.close()
