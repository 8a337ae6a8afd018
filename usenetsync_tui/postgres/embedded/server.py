"""The embedded PostgreSQL: started by its first user, stopped by its last.

Any number of processes share one server. Each holds a seat (``users.py``); decisions about
starting and stopping are made one at a time, under the start lock. A process that is killed
leaves the server running for the next one. All calls block: call them in a thread.
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
    database_status,
    kept_elsewhere,
    log_file,
    starting,
    users,
)
from usenetsync_tui.postgres.embedded.places import (
    PORT,
    SYSTEM_FOLDER,
    ServerPlaces,
    create_own,
    find_places,
)
from usenetsync_tui.postgres.embedded.postmaster import OnWait, Postmaster

_PATIENCE_TO_LEAVE = 10.0


class EmbeddedServer:
    """The server of ``locations``, as one process sees it."""

    def __init__(self, locations: Locations, *, system_folder: Path = SYSTEM_FOLDER) -> None:
        """``system_folder`` is where root's server puts what its user must reach.

        From here on this process knows no PG* variable: none may lead to another server.
        """
        forget_postgres_variables()
        self._locations = locations
        self._system_folder = system_folder
        self._seat: users.Seat | None = None
        self._log_size = 0
        """When we began to use it."""

        self._elsewhere: str | None = None
        """Who started it, when that was in another container."""

    def acquire(self, on_wait: OnWait | None = None) -> str:
        """Use the server, starting it when it does not run; returns its conninfo.

        Called again it looks after the server, and starts it when it was killed. Crash
        recovery is waited for as long as it takes; ``on_wait`` is told each second what we
        wait for, and ends the wait by raising. Raises ``DatabaseStartError``.
        """
        with _as_start_errors():
            places = self._create_places()
            with users.start_lock(places.start_lock, on_wait=on_wait):
                seat = self._seat or users.Seat(places.users_lock)
                try:
                    starting.start(places, seat, self._system_folder, on_wait)
                except BaseException:
                    seat.leave()
                    self._seat = None
                    raise
                self._seat = seat
                kept_elsewhere.remember(self._locations.data_dir.resolve(), places)
                self._elsewhere = Postmaster(places).holder_elsewhere()
                self._log_size = log_file.size_of(places.log)
        return cluster.conninfo(places, cluster.DATABASE)

    def why_lost(self) -> UsenetSyncError | None:
        """Why the server went down while we used it, if we know it."""
        full = os.strerror(errno.ENOSPC)
        line = log_file.last_line_with(self._places().log, self._log_size, full)
        if line:
            return DatabaseFullError(line.partition("  ")[2] or line)
        if self._elsewhere and Postmaster(self._places()).listener() is None:
            return DatabaseUnavailableError(
                f"It ended with the container it ran in. {self._elsewhere} Run the same "
                "command again: it goes on."
            )
        return None

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
                Postmaster(places).interrupt(cluster.conninfo(places, "postgres"))

    def stay(self, stays: bool) -> None:
        """Let the server run on, or not, when its last user leaves."""
        with _as_start_errors():
            places = self._create_places()
            if stays:
                os.close(open_or_make(places.stay, os.O_WRONLY))
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
                if not postmaster.interrupt(cluster.conninfo(places, "postgres")):
                    raise DatabaseHeldError(f"{postmaster.held_by()} Stop it where it runs.")
                postmaster.await_end(on_wait)

    def status(self) -> database_status.DatabaseStatus:
        """How the server is. Starts and creates nothing."""
        with _as_start_errors():
            return database_status.look(self._places())

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where anything of it may be: the cluster with its locks, the socket, what root's has."""
        places = self._places()
        return places.home, places.socket_dir, self._system_folder

    def url(self) -> str:
        """The server's address for ``psql`` and the like."""
        folder = quote(os.fsencode(self._places().socket_dir), safe="")
        return f"postgresql://{cluster.ROLE}@/{cluster.DATABASE}?host={folder}&port={PORT}"

    def _create_places(self) -> ServerPlaces:
        self._locations.create()
        places = self._places()
        kept_elsewhere.check(self._locations.data_dir.resolve(), places)
        create_own(places.home, owner=places.owner)
        return places

    def _places(self) -> ServerPlaces:
        return find_places(self._locations, self._system_folder)


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
