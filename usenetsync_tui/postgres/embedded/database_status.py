"""The state of the embedded server, read without starting or changing anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from usenetsync_tui.postgres.embedded import cluster, users
from usenetsync_tui.postgres.embedded.major_version import cluster_version
from usenetsync_tui.postgres.embedded.places import ServerPlaces
from usenetsync_tui.postgres.embedded.postmaster import Postmaster


@dataclass(frozen=True, slots=True)
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


def look(places: ServerPlaces) -> DatabaseStatus:
    """The state of the server at these places."""
    postmaster = Postmaster(places)
    running = postmaster.lives()
    version = cluster_version(places.pgdata)
    if running and postmaster.listener() is not None:
        version = _server_version(places) or version
    here, elsewhere = _by_place(users.users(places.users_lock))
    return DatabaseStatus(
        running=running,
        pid=postmaster.pid() if running else None,
        holder=postmaster.holder_elsewhere() if running else None,
        version=version,
        pgdata=places.pgdata,
        socket_dir=places.socket_dir,
        log=places.log,
        users=here,
        users_elsewhere=elsewhere,
        stays=places.stay.exists(),
    )


def _by_place(found: Iterable[users.User]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The ids of processes here, and the others in words."""
    everybody = tuple(found)
    return (
        tuple(user.pid for user in everybody if user.where.is_here),
        tuple(str(user) for user in everybody if not user.where.is_here),
    )


def _server_version(places: ServerPlaces) -> str | None:
    try:
        with psycopg.connect(cluster.conninfo(places, "postgres"), connect_timeout=5) as conn:
            number = conn.info.server_version
    except psycopg.OperationalError:
        return None  # Starting or stopping; the caller falls back to the cluster's version.
    return f"{number // 10000}.{number % 10000}"
