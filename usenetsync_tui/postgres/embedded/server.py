"""The embedded PostgreSQL: started by its first user, stopped by its last.

Any number of processes share one server. Each holds a ``ServerUse`` (``users.py``); one process
at a time, under the start lock, decides about starting and stopping. A killed process leaves the
server running for the next one. All calls block: call them in a thread.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from usenetsync_tui.environment import forget_postgres_variables
from usenetsync_tui.errors import (
    DatabaseFullError,
    DatabaseHeldError,
    DatabaseStartError,
    DatabaseUnavailableError,
    UsageError,
    UsenetSyncError,
)
from usenetsync_tui.locations import Locations
from usenetsync_tui.ownership import open_or_make
from usenetsync_tui.postgres.embedded import (
    cluster,
    database_note,
    database_status,
    log_file,
    starting,
    users,
)
from usenetsync_tui.postgres.embedded.postmaster import OnWait, Postmaster
from usenetsync_tui.postgres.embedded.server_paths import (
    PORT,
    SYSTEM_FOLDER,
    ServerPaths,
    create_own,
    find_paths,
)

_PATIENCE_TO_LEAVE = 10.0


class EmbeddedServer:
    """The server of ``locations``, as one process sees it."""

    def __init__(self, locations: Locations, *, system_folder: Path = SYSTEM_FOLDER) -> None:
        """``system_folder`` holds the files of root's server that its user must reach.

        Removes all PG* variables from this process: one could lead to another server.
        """
        forget_postgres_variables()
        self._locations = locations
        self._system_folder = system_folder
        self._use: users.ServerUse | None = None
        self._log_size = 0
        """The size when we began to use the server."""

        self._elsewhere: str | None = None
        """A sentence about the process that started it, if in another container."""

    def acquire(self, on_wait: OnWait | None = None) -> str:
        """Use the server, starting it if it does not run; returns its conninfo.

        A second call starts the server again if it was killed. Waits for crash recovery
        without limit; calls ``on_wait`` each second with the reason for the wait, which can
        end the wait by raising. Raises ``DatabaseStartError``.
        """
        with _as_start_errors():
            paths = self._create_paths()
            with users.start_lock(paths.start_lock, on_wait=on_wait):
                use = self._use or users.ServerUse(paths.users_lock)
                try:
                    starting.start(paths, use, self._system_folder, on_wait)
                except BaseException:
                    use.leave()
                    self._use = None
                    raise
                self._use = use
                database_note.remember(self._locations.data_dir.resolve(), paths)
                self._elsewhere = Postmaster(paths).holder_elsewhere()
                self._log_size = log_file.size_of(paths.log)
        return cluster.conninfo(paths, cluster.DATABASE)

    def why_lost(self) -> UsenetSyncError | None:
        """Why the server went down while we used it, if we know."""
        full = os.strerror(errno.ENOSPC)
        line = log_file.last_line_with(self._paths().log, self._log_size, full)
        if line:
            return DatabaseFullError(line.partition("  ")[2] or line)
        if self._elsewhere and Postmaster(self._paths()).listener() is None:
            return DatabaseUnavailableError(
                f"It ended with its container. {self._elsewhere} Run the same "
                "command again to continue."
            )
        return None

    def release(self) -> None:
        """End our use of the server; the last user stops it, unless it must stay.

        Does not wait for the server's end. Does nothing without `acquire`.
        """
        use, self._use = self._use, None
        if use is None:
            return
        paths = self._paths()
        with users.start_lock(paths.start_lock, patience=_PATIENCE_TO_LEAVE) as had:
            if not had:
                # Another process is starting or stopping it, and decides.
                use.abandon()
            elif use.leave() and not paths.stay.exists():
                Postmaster(paths).interrupt(cluster.conninfo(paths, "postgres"))

    def stay(self, stays: bool) -> None:
        """Choose whether the server keeps running when its last user leaves."""
        with _as_start_errors("It cannot be noted whether the embedded PostgreSQL keeps running."):
            paths = self._create_paths()
            if stays:
                os.close(open_or_make(paths.stay, os.O_WRONLY))
            else:
                paths.stay.unlink(missing_ok=True)

    def stop(self, on_wait: OnWait | None = None) -> None:
        """Stop the server, even one that must stay, and wait until it has ended.

        Ends our own use of it first. Raises ``UsageError`` when other processes use it.
        """
        with _as_start_errors("The embedded PostgreSQL could not be stopped."):
            paths = self._paths()
            if not paths.home.is_dir():
                return
            with users.start_lock(paths.start_lock, on_wait=on_wait):
                use, self._use = self._use or users.ServerUse(paths.users_lock), None
                if not use.leave():
                    pids = ", ".join(map(str, users.users(paths.users_lock)))
                    words = f"The database is in use by the processes {pids}. End them first."
                    raise UsageError(words)
                paths.stay.unlink(missing_ok=True)
                postmaster = Postmaster(paths)
                if not postmaster.interrupt(cluster.conninfo(paths, "postgres")):
                    raise DatabaseHeldError(f"{postmaster.held_by()} Stop it where it runs.")
                postmaster.await_end(on_wait)

    def exists(self) -> bool:
        """Whether there is a cluster. Starts and creates nothing."""
        with _as_start_errors():
            return self._paths().pgdata.exists()

    def status(self) -> database_status.DatabaseStatus:
        """The state of the server. Starts and creates nothing."""
        with _as_start_errors("The state of the embedded PostgreSQL cannot be read."):
            return database_status.read_status(self._paths())

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of its files: cluster and locks, socket, and root's system folder."""
        paths = self._paths()
        return paths.home, paths.socket_dir, self._system_folder

    def url(self) -> str:
        """The server's address for ``psql`` and similar programs."""
        folder = quote(os.fsencode(self._paths().socket_dir), safe="")
        return f"postgresql://{cluster.ROLE}@/{cluster.DATABASE}?host={folder}&port={PORT}"

    def _create_paths(self) -> ServerPaths:
        self._locations.create()
        paths = self._paths()
        database_note.check(self._locations.data_dir.resolve(), paths)
        create_own(paths.home, owner=paths.owner)
        return paths

    def _paths(self) -> ServerPaths:
        return find_paths(self._locations, self._system_folder)


@contextmanager
def _as_start_errors(failed: str | None = None) -> Iterator[None]:
    """`failed`: what did not work, if it was not the start."""
    if not hasattr(os, "geteuid"):
        raise DatabaseStartError(
            "It runs on Linux and macOS only. Set USENETSYNC_DATABASE_URL to another server."
        )
    try:
        yield
    except (OSError, psycopg.Error) as error:
        words = f"{failed} {error}" if failed else str(error)
        raise DatabaseStartError(words, whole=failed is not None) from error
