"""The running server: how to find, start and end it.

A server runs while its lock is held (``server_lock.py``), in whatever container its processes
are. We read ``postmaster.pid`` but never trust it; it says which process takes our signals, if we
can see it, and whether the server is starting (which after a crash may take hours), ready or
stopping. Servers of earlier programs hold no lock: we find them by that file or their socket.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from usenetsync_tui.errors import DatabaseHeldError, DatabaseStartError
from usenetsync_tui.model.backoff import growing
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.postgres.embedded import holder, log_file, pid_files, server_lock
from usenetsync_tui.postgres.embedded.binaries import Binaries
from usenetsync_tui.postgres.embedded.children import children_titles
from usenetsync_tui.postgres.embedded.listener import OUT_OF_SIGHT, listening_process
from usenetsync_tui.postgres.embedded.server_paths import SOCKET_NAME, ServerPaths
from usenetsync_tui.postgres.embedded.service_user import Account, spawn
from usenetsync_tui.socket_folder import is_private

OnWait = Callable[[str], None]

LOOK_AGAIN = 0.02
SAY_SO_EVERY = 1.0
_PAUSE = growing(LOOK_AGAIN, factor=1.2, longest=0.25)
"""Seconds between two polls for whether a server has started."""
SHUTTING_DOWN = "The database is shutting down."

_PATIENCE_WITH_END = 10.0
"""Seconds a server may take from the request to shut down to its last checkpoint."""

_PATIENCE_WITH_REMAINS = 60.0
"""Seconds the last processes of a killed server may take to end."""

# One of these processes runs while the server recovers or is up.
_AT_WORK = (b"postgres: startup", b"postgres: walwriter")

# Runs its arguments in the background and prints the process id. The server is then no child
# of ours: we need not reap it, and it keeps running when we are killed.
_DETACH = '"$@" >&2 & echo $!'

# For a server that we cannot signal: one of its own processes does. They run in the data folder.
_END_FROM_INSIDE = "COPY (SELECT) TO PROGRAM 'kill -INT \"$(head -n 1 postmaster.pid)\"'"


@value_object
class Postmaster:
    """The server of one cluster, running or not."""

    paths: ServerPaths

    @property
    def socket(self) -> Path:
        """The socket that the server listens on."""
        return self.paths.socket_dir / SOCKET_NAME

    def is_alive(self) -> bool:
        """Whether any process of the server runs, here or in another container."""
        return (
            server_lock.is_held(self.paths.pgdata)
            or self._pid_in_file() is not None
            or self.listener() is not None
        )

    def pid(self) -> int | None:
        """The process to send signals to; None when there is none, or we cannot see it."""
        return self._pid_in_file() or self.listener() or None

    def listener(self) -> int | None:
        """The process that listens on the server's socket, ``OUT_OF_SIGHT``, or None.

        Ignores a socket in a folder that another user could have made.
        """
        folder = self.paths.socket_dir
        if not self.paths.pgdata.is_dir():
            return None
        if not is_private(folder, self.paths.pgdata.stat().st_uid):
            return None
        return listening_process(self.socket)

    def is_stopping(self) -> bool:
        """Whether the server has begun to shut down."""
        return pid_files.has_status(self.paths.pid_file, "stopping")

    def is_ready(self) -> bool:
        """Whether the server has written that it accepts connections."""
        return pid_files.has_status(self.paths.pid_file, "ready")

    def launch(self, binaries: Binaries, account: Account, lock: int) -> int:
        """Start the server, which inherits the lock; returns its process id.

        Call with the lock taken, and no server listening. Raises ``DatabaseStartError`` when it
        cannot be launched.
        """
        # Files of a dead server mean nothing: the lock shows that none of its processes is left.
        # Other programs may have its process ids (after a reboot, in a container), and then
        # PostgreSQL would not start.
        self.paths.pid_file.unlink(missing_ok=True)
        self.socket.with_name(f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
        server = [str(binaries.postgres), "-D", str(self.paths.pgdata)]
        argv = ["/bin/sh", "-c", _DETACH, "sh", *server]
        with log_file.open_log(self.paths.log) as log:
            with spawn(
                account, argv, stdout=subprocess.PIPE, stderr=log, inherited=[lock]
            ) as shell:
                output, _ = shell.communicate()
        if not output.strip().isdigit():
            raise DatabaseStartError(f"{binaries.postgres} cannot be launched.")
        return int(output)

    def await_ready(self, pid: int, offset: int, on_wait: OnWait | None) -> None:
        """Wait until the launched server is ready, through any crash recovery.

        Its part of the log begins at ``offset``. An exception from ``on_wait`` ends the wait,
        not the server. Raises ``DatabaseStartError`` with the log's last lines when the server
        ends instead.
        """
        said = time.monotonic()
        polls = 0
        while pid_files.is_running(pid):
            if self._pid_in_file() == pid and self.is_ready():
                return
            now = time.monotonic()
            if on_wait is not None and now - said > SAY_SO_EVERY:
                said = now
                lines = log_file.lines_since(self.paths.log, offset)
                doing = lines[-1].partition("LOG:")[2].strip() if lines else ""
                on_wait(f"PostgreSQL is starting. {doing}".strip())
            time.sleep(_PAUSE(polls := polls + 1))
        lines = log_file.lines_since(self.paths.log, offset)
        raise DatabaseStartError("\n".join(["Its log:", *lines]))

    def interrupt(self, conninfo: str) -> bool:
        """Make the server, if there is one, shut down now and roll back open transactions.

        Returns when the shutdown has begun, not when it is done; False when it is not possible.
        """
        if not self.is_alive() or self.is_stopping():
            return True
        if (pid := self.pid()) is not None:
            # PostgreSQL 18 never ends on SIGINT during crash recovery. On SIGQUIT it does, and
            # loses nothing: it recovers at the next start.
            polite = self.listener() is not None and _accepts(conninfo)
            self._signal(pid, signal.SIGINT if polite else signal.SIGQUIT)
        elif self.listener() is None or not _end_from_inside(conninfo):
            return self._is_ending()
        # The next process must see "stopping", or it would join a server that is about to end.
        patience = time.monotonic() + 5.0
        while self.is_alive() and not self.is_stopping() and time.monotonic() < patience:
            time.sleep(0.005)
        return True

    def _is_ending(self) -> bool:
        """Whether a server that takes no signal and no request of ours ends by itself.

        A server that shuts down removes ``postmaster.pid`` first, and holds its lock until its
        last process is gone, which on a busy machine may take seconds. One that was killed leaves
        the file, and its last processes end soon; in another container it may as well run.
        """
        patience = time.monotonic() + _PATIENCE_WITH_END
        while self.is_alive():
            if self.is_stopping():
                return True
            if self.paths.pid_file.exists():
                return not self.is_elsewhere()
            if time.monotonic() > patience:
                return False
            time.sleep(LOOK_AGAIN)
        return True

    def await_end(self, on_wait: OnWait | None) -> None:
        """Wait until a server that is shutting down has ended.

        Raises ``DatabaseHeldError`` when processes of a killed server do not end.
        """
        began = said = time.monotonic()
        while self.is_alive():
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
        """End a server that has been shutting down since ``since`` without progress.

        The last checkpoint, which the server logs, may take long. The steps before it should
        take moments. Committed data is safe in any case.
        """
        if time.monotonic() - since < _PATIENCE_WITH_END or not self.is_stopping():
            return
        said = "\n".join(log_file.lines_since(self.paths.log, 0))
        request, _, done = said.rpartition("shutdown request")
        if "LOG:  shutting down" in done or request.endswith("immediate "):
            return
        if (pid := self.pid()) is not None:
            self._signal(pid, signal.SIGQUIT)

    def is_stuck(self) -> bool:
        """Whether the server's processes show that it is neither up nor starting.

        True for a moment while it recovers from the death of one of its processes; forever if
        the process that recovers is killed meanwhile (PostgreSQL 18.4 does not notice).
        """
        pid = self.pid()
        if pid is None or self.is_stopping():
            return False
        titles = children_titles(pid)
        return bool(titles) and not any(title.startswith(_AT_WORK) for title in titles)

    def give_up(self) -> None:
        """End the server at once; it recovers at the next start."""
        if (pid := self.pid()) is not None:
            self._signal(pid, signal.SIGQUIT)

    def is_elsewhere(self) -> bool:
        """Whether the server was started in another process namespace or on another host."""
        found = holder.read(self.paths)
        if found is not None:
            return not found.where.is_here
        return self.listener() == OUT_OF_SIGHT

    def held_by(self) -> str:
        """A sentence that names the holder of the data folder, as far as it is recorded."""
        found = holder.read(self.paths)
        if found is None:
            return f"A process of a PostgreSQL server still uses {self.paths.pgdata}."
        place = "" if found.where.is_here else " in another container or process namespace"
        return f"{self.paths.pgdata} is used by a PostgreSQL server{place}: {found}."

    def holder_elsewhere(self) -> str | None:
        """``held_by``, when that is in another container; else None."""
        return self.held_by() if self.is_elsewhere() else None

    def _pid_in_file(self) -> int | None:
        return pid_files.server_in(self.paths.pid_file, self.paths.pgdata)

    def _signal(self, pid: int, number: signal.Signals) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return  # It has just ended, as we wanted.


def _accepts(conninfo: str) -> bool:
    """Whether the server accepts connections, and so is not in recovery."""
    try:
        psycopg.connect(conninfo, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _end_from_inside(conninfo: str) -> bool:
    """Make the server send itself the signal to shut down; returns whether it did."""
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as conn:
            try:
                conn.execute(_END_FROM_INSIDE)
            except psycopg.errors.AdminShutdown:
                return True  # The shutdown was faster than the answer.
    except psycopg.Error:
        return False
    return True
