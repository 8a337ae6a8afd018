"""The running server: finding it, starting it, waiting for it, ending it.

``postmaster.pid`` is read, never trusted: a process counts as our server only when it is a
``postgres -D`` of this very cluster under the cluster's owner. Its last line says how the
server is: starting (which after a crash may take hours), ready, or stopping.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.postgres import log_file, pid_files
from usenetsync_tui.postgres.binaries import Binaries
from usenetsync_tui.postgres.places import SOCKET_NAME, ServerPlaces
from usenetsync_tui.postgres.service_user import Account, spawn

OnWait = Callable[[str], None]

_LOOK_AGAIN = 0.02
_SAY_SO_EVERY = 1.0
_SILENCE = 60.0
"""Seconds without any sign of life after which we stop waiting."""

_PATIENCE_WITH_END = 10.0
"""Seconds a server may take from the request to shut down to its last checkpoint."""

_SHUTTING_DOWN = "The database is shutting down."
# Starting up, in recovery, shutting down; or on the way there.
_SIGNS_OF_LIFE = ("the database system is", "terminating connection")
_OLD_SERVER = "pre-existing shared memory block"
# Runs its arguments in the background and says their process id. The server is then no child
# of ours: nobody has to reap it, and it lives on when we are killed.
_DETACH = '"$@" >&2 & echo $!'


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The server of one cluster, running or not."""

    places: ServerPlaces

    def find(self) -> int | None:
        """The process id of the running server; None when it does not run."""
        return pid_files.server_in(self.places.pid_file, self.places.pgdata)

    def is_stopping(self) -> bool:
        """Whether the server has begun to shut down."""
        return pid_files.says(self.places.pid_file, "stopping")

    def start(self, binaries: Binaries, account: Account, on_wait: OnWait | None) -> None:
        """Start the server and wait until it is ready, through any crash recovery.

        Waits up to a minute for the last processes of a killed server to end. An exception
        out of ``on_wait`` ends the wait, not the server. Raises ``DatabaseStartError``, with
        the log's last lines, when the server ends instead.
        """
        began = time.monotonic()
        while True:
            offset = log_file.size_of(self.places.log)
            self._forget_stale_pid()
            pid = self._launch(binaries, account)
            if self._await_ready(pid, offset, on_wait):
                return
            lines = log_file.lines_since(self.places.log, offset)
            waited = time.monotonic() - began
            if not any(_OLD_SERVER in line for line in lines) or waited > _SILENCE:
                raise DatabaseStartError("\n".join(["It said:", *lines]))
            if on_wait is not None:
                on_wait("Waiting for the processes of the killed database to end.")
            time.sleep(0.25)

    def connect(self, conninfo: str, on_wait: OnWait | None) -> psycopg.Connection | None:
        """A connection to the running server, as soon as it takes one; None when it ended.

        A server that shuts down is waited for. Raises ``DatabaseStartError`` when it refuses
        us, or lives and shows no sign of it for a minute.
        """
        began = heard = said = time.monotonic()
        pause = _LOOK_AGAIN
        while self.find() is not None:
            words = _SHUTTING_DOWN
            if self.is_stopping():
                self._hurry(began)
            else:
                try:
                    return psycopg.connect(conninfo, autocommit=True, connect_timeout=10)
                except psycopg.OperationalError as error:
                    words = str(error).strip()
            now = time.monotonic()
            if self.is_stopping() or any(sign in words for sign in _SIGNS_OF_LIFE):
                heard = now
            elif self.find() is not None and ("FATAL:" in words or now - heard > _SILENCE):
                raise DatabaseStartError(f"It runs but does not let us in: {words}")
            if on_wait is not None and now - said > _SAY_SO_EVERY:
                said = now
                on_wait(words.rpartition("FATAL:")[2].strip())
            time.sleep(pause)
            # Each refusal is a line in the server's log.
            pause = min(pause * 1.3, 0.5)
        return None

    def interrupt(self, conninfo: str) -> None:
        """Ask the server, if there is one, to shut down now, rolling back what is open.

        Returns when it has begun to, not when it is done.
        """
        pid = self.find()
        if pid is None or self.is_stopping():
            return
        # PostgreSQL 18 never ends when it is asked politely in the middle of crash recovery.
        # Without the courtesy it does, and has as little to lose: it recovers next time.
        self._signal(pid, signal.SIGINT if _accepts(conninfo) else signal.SIGQUIT)
        # Whoever comes next must see "stopping", or they would join a server about to end.
        patience = time.monotonic() + 5.0
        while self.find() == pid and not self.is_stopping() and time.monotonic() < patience:
            time.sleep(0.005)

    def await_end(self, on_wait: OnWait | None) -> None:
        """Wait until the server, asked to shut down, has ended."""
        began = said = time.monotonic()
        while self.find() is not None:
            self._hurry(began)
            if on_wait is not None and time.monotonic() - said > _SAY_SO_EVERY:
                said = time.monotonic()
                on_wait(_SHUTTING_DOWN)
            time.sleep(_LOOK_AGAIN)

    def _hurry(self, since: float) -> None:
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
        if (pid := self.find()) is not None:
            self._signal(pid, signal.SIGQUIT)

    def _signal(self, pid: int, number: signal.Signals) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return  # It has just ended, which is what we wanted.

    def _forget_stale_pid(self) -> None:
        # PostgreSQL will not start while any process has the id it finds in its lock files, be
        # it a browser that got the number after a reboot, or a dead server nobody reaped (as
        # in a container); nor when a full disk left them empty. That no process of the old
        # server is left it makes sure by other means: shared memory.
        socket_lock = self.places.socket_dir / f"{SOCKET_NAME}.lock"
        for file in (self.places.pid_file, socket_lock):
            if pid_files.is_misleading(file, self.places.pgdata):
                file.unlink(missing_ok=True)

    def _launch(self, binaries: Binaries, account: Account) -> int:
        server = [str(binaries.postgres), "-D", str(self.places.pgdata)]
        argv = ["/bin/sh", "-c", _DETACH, "sh", *server]
        with log_file.open_log(self.places.log) as log:
            with spawn(account, argv, stdout=subprocess.PIPE, stderr=log) as shell:
                output, _ = shell.communicate()
        if not output.strip().isdigit():
            raise DatabaseStartError(f"{binaries.postgres} cannot be launched.")
        return int(output)

    def _await_ready(self, pid: int, offset: int, on_wait: OnWait | None) -> bool:
        """Whether the server got ready; False when its process ended before."""
        began = said = time.monotonic()
        pause = _LOOK_AGAIN
        while pid_files.is_running(pid):
            if self.find() == pid and pid_files.says(self.places.pid_file, "ready"):
                return True
            now = time.monotonic()
            if on_wait is not None and now - said > _SAY_SO_EVERY:
                said = now
                lines = log_file.lines_since(self.places.log, offset)
                doing = lines[-1].partition("LOG:")[2].strip() if lines else ""
                on_wait(f"PostgreSQL is starting ({now - began:.0f} s). {doing}".strip())
            time.sleep(pause)
            pause = min(pause * 1.2, 0.25)
        return False


def _accepts(conninfo: str) -> bool:
    """Whether the server takes connections, and so is not in recovery."""
    try:
        psycopg.connect(conninfo, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
