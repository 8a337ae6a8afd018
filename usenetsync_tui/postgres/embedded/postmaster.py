"""The running server: finding it, starting it, ending it.

A server lives while its lock is held (``server_lock.py``): that is true in whatever container
its processes are. ``postmaster.pid`` is read, never trusted; it says which process takes our
signals, where that is in our sight, and how the server is: starting (which after a crash may
take hours), ready, or stopping. Servers of earlier programs hold no lock: they are found by
that file, or by their socket.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from usenetsync_tui.errors import DatabaseHeldError, DatabaseStartError
from usenetsync_tui.model.backoff import growing
from usenetsync_tui.postgres.embedded import holder, log_file, pid_files, server_lock
from usenetsync_tui.postgres.embedded.binaries import Binaries
from usenetsync_tui.postgres.embedded.children import children_titles
from usenetsync_tui.postgres.embedded.listener import OUT_OF_SIGHT, listening_process
from usenetsync_tui.postgres.embedded.places import SOCKET_NAME, ServerPlaces, is_private
from usenetsync_tui.postgres.embedded.service_user import Account, spawn

OnWait = Callable[[str], None]

LOOK_AGAIN = 0.02
SAY_SO_EVERY = 1.0
_PAUSE = growing(LOOK_AGAIN, factor=1.2, longest=0.25)
"""Seconds between two looks whether a server has started."""
SHUTTING_DOWN = "The database is shutting down."

_PATIENCE_WITH_END = 10.0
"""Seconds a server may take from the request to shut down to its last checkpoint."""

_PATIENCE_WITH_REMAINS = 60.0
"""Seconds the last processes of a killed server may take to end."""

# One of these is there while the server recovers, and while it is up.
_AT_WORK = (b"postgres: startup", b"postgres: walwriter")

# Runs its arguments in the background and says their process id. The server is then no child
# of ours: nobody has to reap it, and it lives on when we are killed.
_DETACH = '"$@" >&2 & echo $!'

# For a server whose processes we cannot signal: its own can. They run in the data folder.
_END_FROM_INSIDE = "COPY (SELECT) TO PROGRAM 'kill -INT \"$(head -n 1 postmaster.pid)\"'"


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The server of one cluster, running or not."""

    places: ServerPlaces

    @property
    def socket(self) -> Path:
        """Where the server listens."""
        return self.places.socket_dir / SOCKET_NAME

    def lives(self) -> bool:
        """Whether any process of the server lives, here or in another container."""
        return (
            server_lock.is_held(self.places.pgdata)
            or self._pid_in_file() is not None
            or self.listener() is not None
        )

    def pid(self) -> int | None:
        """The process to send signals to; None when there is none, or none in our sight."""
        return self._pid_in_file() or self.listener() or None

    def listener(self) -> int | None:
        """The process that listens on the server's socket, ``OUT_OF_SIGHT``, or None.

        A socket in a folder that others could have made is not looked at.
        """
        folder = self.places.socket_dir
        if not self.places.pgdata.is_dir():
            return None
        if not is_private(folder, self.places.pgdata.stat().st_uid):
            return None
        return listening_process(self.socket)

    def is_stopping(self) -> bool:
        """Whether the server has begun to shut down."""
        return pid_files.says(self.places.pid_file, "stopping")

    def is_ready(self) -> bool:
        """Whether the server said that it takes connections."""
        return pid_files.says(self.places.pid_file, "ready")

    def launch(self, binaries: Binaries, account: Account, lock: int) -> int:
        """Start the server, which inherits the lock; returns its process id.

        Call with the lock taken, and nobody listening. Raises ``DatabaseStartError`` when it
        cannot be launched.
        """
        # What a dead server left means nothing now: the lock says that none of its processes
        # is left. Its process ids may be those of others (after a reboot, in a container), and
        # PostgreSQL would not start.
        self.places.pid_file.unlink(missing_ok=True)
        self.socket.with_name(f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
        server = [str(binaries.postgres), "-D", str(self.places.pgdata)]
        argv = ["/bin/sh", "-c", _DETACH, "sh", *server]
        with log_file.open_log(self.places.log) as log:
            with spawn(
                account, argv, stdout=subprocess.PIPE, stderr=log, inherited=[lock]
            ) as shell:
                output, _ = shell.communicate()
        if not output.strip().isdigit():
            raise DatabaseStartError(f"{binaries.postgres} cannot be launched.")
        return int(output)

    def await_ready(self, pid: int, offset: int, on_wait: OnWait | None) -> None:
        """Wait until the server just launched is ready, through any crash recovery.

        ``offset`` is where its part of the log begins. An exception out of ``on_wait`` ends
        the wait, not the server. Raises ``DatabaseStartError``, with the log's last lines,
        when the server ends instead.
        """
        said = time.monotonic()
        looks = 0
        while pid_files.is_running(pid):
            if self._pid_in_file() == pid and self.is_ready():
                return
            now = time.monotonic()
            if on_wait is not None and now - said > SAY_SO_EVERY:
                said = now
                lines = log_file.lines_since(self.places.log, offset)
                doing = lines[-1].partition("LOG:")[2].strip() if lines else ""
                on_wait(f"PostgreSQL is starting. {doing}".strip())
            time.sleep(_PAUSE(looks := looks + 1))
        lines = log_file.lines_since(self.places.log, offset)
        raise DatabaseStartError("\n".join(["Its log:", *lines]))

    def interrupt(self, conninfo: str) -> bool:
        """Ask the server, if there is one, to shut down now, rolling back what is open.

        Returns when it has begun to, not when it is done; False when it cannot be asked.
        """
        if not self.lives() or self.is_stopping():
            return True
        if (pid := self.pid()) is not None:
            # PostgreSQL 18 never ends when it is asked politely in the middle of crash
            # recovery. Without the courtesy it does, and has as little to lose: it recovers
            # next time.
            polite = self.listener() is not None and _accepts(conninfo)
            self._signal(pid, signal.SIGINT if polite else signal.SIGQUIT)
        elif self.listener() is None or not _end_from_inside(conninfo):
            return False
        # Whoever comes next must see "stopping", or they would join a server about to end.
        patience = time.monotonic() + 5.0
        while self.lives() and not self.is_stopping() and time.monotonic() < patience:
            time.sleep(0.005)
        return True

    def await_end(self, on_wait: OnWait | None) -> None:
        """Wait until the server, asked to shut down, has ended.

        Raises ``DatabaseHeldError`` when processes of a killed server do not end.
        """
        began = said = time.monotonic()
        while self.lives():
            self.hurry(began)
            now = time.monotonic()
            if on_wait is not None and now - said > SAY_SO_EVERY:
                said = now
                on_wait(SHUTTING_DOWN)
            if now - began > _PATIENCE_WITH_REMAINS and self.listener() is None:
                if self.pid() is None:
                    raise DatabaseHeldError(self.held_by())
            time.sleep(LOOK_AGAIN)

    def hurry(self, since: float) -> None:
        """End a server that has been shutting down since then and got nowhere.

        Once its last checkpoint has begun, which it says, it may take its time. Before that
        it should be a matter of moments; what was committed is safe in any case.
        """
        if time.monotonic() - since < _PATIENCE_WITH_END or not self.is_stopping():
            return
        said = "\n".join(log_file.lines_since(self.places.log, 0))
        request, _, done = said.rpartition("shutdown request")
        if "LOG:  shutting down" in done or request.endswith("immediate "):
            return
        if (pid := self.pid()) is not None:
            self._signal(pid, signal.SIGQUIT)

    def is_stuck(self) -> bool:
        """Whether the server is neither up nor on its way there, as far as its processes show.

        True for a moment while it recovers from the death of one of its processes; for ever
        when the process that recovers is killed meanwhile (PostgreSQL 18.4 does not notice).
        """
        pid = self.pid()
        if pid is None or self.is_stopping():
            return False
        titles = children_titles(pid)
        return bool(titles) and not any(title.startswith(_AT_WORK) for title in titles)

    def give_up(self) -> None:
        """End the server at once; it recovers when it is started again."""
        if (pid := self.pid()) is not None:
            self._signal(pid, signal.SIGQUIT)

    def is_elsewhere(self) -> bool:
        """Whether the server was started where its process ids are not ours."""
        found = holder.read(self.places)
        if found is not None:
            return not found.where.is_here
        return self.listener() == OUT_OF_SIGHT

    def held_by(self) -> str:
        """A sentence that says who holds the data folder, as far as that was written down."""
        found = holder.read(self.places)
        if found is None:
            return f"A process of a PostgreSQL server still uses {self.places.pgdata}."
        place = "" if found.where.is_here else " in another container or process namespace"
        return f"{self.places.pgdata} is used by a PostgreSQL server{place}: {found}."

    def holder_elsewhere(self) -> str | None:
        """``held_by``, when that is in another container; else None."""
        return self.held_by() if self.is_elsewhere() else None

    def _pid_in_file(self) -> int | None:
        return pid_files.server_in(self.places.pid_file, self.places.pgdata)

    def _signal(self, pid: int, number: signal.Signals) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return  # It has just ended, which is what we wanted.


def _accepts(conninfo: str) -> bool:
    """Whether the server takes connections, and so is not in recovery."""
    try:
        psycopg.connect(conninfo, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _end_from_inside(conninfo: str) -> bool:
    """Let the server ask itself to shut down; whether it could be told to."""
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as conn:
            try:
                conn.execute(_END_FROM_INSIDE)
            except psycopg.errors.AdminShutdown:
                return True  # It was faster than the answer.
    except psycopg.Error:
        return False
    return True
