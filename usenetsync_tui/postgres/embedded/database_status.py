"""The state of the embedded server, read without starting or changing anything."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psycopg

from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.postgres.embedded import cluster, users
from usenetsync_tui.postgres.embedded.major_version import cluster_version
from usenetsync_tui.postgres.embedded.postmaster import Postmaster
from usenetsync_tui.postgres.embedded.server_paths import ServerPaths


@value_object
class DatabaseStatus:
    """The embedded server at one moment."""

    running: bool
    pid: int | None
    """Its process id; None when it does not run, or we cannot see its process."""

    holder: str | None
    """The process that started it, if in another container (process namespace)."""

    version: str | None
    """The running server's version, else the cluster's; None without a cluster."""

    pgdata: Path
    socket_dir: Path
    log: Path
    users: tuple[int, ...]
    """Ids of the processes that use it."""

    users_elsewhere: tuple[str, ...]
    """Its users in other containers: process id and host."""

    stays: bool
    """Whether it keeps running without users."""


def read_status(paths: ServerPaths) -> DatabaseStatus:
    """The state of the server at these paths."""
    postmaster = Postmaster(paths)
    running = postmaster.is_alive()
    version = cluster_version(paths.pgdata)
    if running and postmaster.listener() is not None:
        version = _server_version(paths) or version
    here, elsewhere = _by_location(users.users(paths.users_lock))
    return DatabaseStatus(
        running=running,
        pid=postmaster.pid() if running else None,
        holder=postmaster.holder_elsewhere() if running else None,
        version=version,
        pgdata=paths.pgdata,
        socket_dir=paths.socket_dir,
        log=paths.log,
        users=here,
        users_elsewhere=elsewhere,
        stays=paths.stay.exists(),
    )


def _by_location(found: Iterable[users.User]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The ids of processes here, and the others in words."""
    everybody = tuple(found)
    return (
        tuple(user.pid for user in everybody if user.where.is_here),
        tuple(str(user) for user in everybody if not user.where.is_here),
    )


def _server_version(paths: ServerPaths) -> str | None:
    try:
        with psycopg.connect(cluster.conninfo(paths, "postgres"), connect_timeout=5) as conn:
            number = conn.info.server_version
    except psycopg.OperationalError:
        return None  # Starting or stopping; the caller falls back to the cluster's version.
    return f"{number // 10000}.{number % 10000}"
