"""The users of the embedded server, and who may start or stop it: two lock files.

A process holds ``start.lock`` exclusively while it decides about starting or stopping. Every
process that uses the server holds ``users.lock`` shared, so the last user is the one who gets it
exclusively. The kernel releases both when a process dies in any way, and they hold across
containers. The content of ``users.lock`` is for people to read; only the lock counts.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.postgres.embedded.pid_files import LARGEST_PID, is_running
from usenetsync_tui.postgres.embedded.process_location import ProcessLocation
from usenetsync_tui.postgres.locks import lock_exclusively, lock_shared, open_lock_file

_POLL_SECONDS = 0.02
_SAY_SO_EVERY = 1.0
_MOST_BYTES = 1 << 16
_TO_END, _A_MOMENT = 5.0, 0.02
"""Seconds that a killed process may take to lose this lock, after it has lost the start lock; and
those between two tries."""
# Only the first word is a number: earlier programs take every number for a process id.
_LINE = re.compile(r"(?P<pid>[1-9][0-9]{0,9})(?: room=(?P<room>\S+) host=(?P<host>\S+))?")


@value_object
class User:
    """A process that uses the server."""

    pid: int
    where: ProcessLocation

    def __str__(self) -> str:
        return f"{self.pid}" if self.where.is_here else f"{self.pid} on host {self.where.host}"


class ServerUse:
    """One process's use of the server. Take and leave it under the start lock."""

    def __init__(self, path: Path) -> None:
        self._descriptor = open_lock_file(path)
        if self.is_the_only_one():
            os.ftruncate(self._descriptor, 0)  # Killed users may have left lines.
        self._write([*self._written(), _us()])

    def is_the_only_one(self) -> bool:
        """Whether no other process uses the server."""
        alone = lock_exclusively(self._descriptor)
        # In both cases flock(2) has released the shared lock.
        until = time.monotonic() + _TO_END
        while not lock_shared(self._descriptor):
            if time.monotonic() > until:
                raise DatabaseStartError("Another program has locked users.lock.")
            time.sleep(_A_MOMENT)
        return alone

    def leave(self) -> bool:
        """End the use of the server; returns whether no other process uses it."""
        try:
            rest = self._written()
            if _us() in rest:
                rest.remove(_us())
            self._write(rest)
            if not lock_exclusively(self._descriptor):
                return False
            os.ftruncate(self._descriptor, 0)
            return True
        finally:
            os.close(self._descriptor)

    def abandon(self) -> None:
        """End the use of the server without the start lock."""
        os.close(self._descriptor)

    def _written(self) -> list[User]:
        return _parse(os.pread(self._descriptor, _MOST_BYTES, 0))

    def _write(self, users: list[User]) -> None:
        lines = [f"{user.pid} room={user.where.room} host={user.where.host}\n" for user in users]
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, "".join(lines).encode(errors="replace"), 0)


def users(path: Path) -> tuple[User, ...]:
    """The processes that use the server, as listed in the file.

    A process killed in another container may still be listed. Takes no lock: even a moment's
    lock could make the last user believe that another one is left.
    """
    try:
        return tuple(_parse(path.read_bytes()))
    except FileNotFoundError:
        return ()


@contextmanager
def start_lock(
    path: Path, *, on_wait: Callable[[str], None] | None = None, patience: float | None = None
) -> Iterator[bool]:
    """Hold the start lock; yields False if it is not free within ``patience`` seconds.

    Without ``patience`` it waits without limit: the holder of the lock is alive, and may be
    waiting for a long recovery.
    """
    descriptor = open_lock_file(path)
    try:
        began = said = time.monotonic()
        had = lock_exclusively(descriptor)
        while not had:
            now = time.monotonic()
            if patience is not None and now - began > patience:
                break
            if on_wait is not None and now - said > _SAY_SO_EVERY:
                said = now
                on_wait(_who_starts(descriptor))
            time.sleep(_POLL_SECONDS)
            had = lock_exclusively(descriptor)
        if had:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield had
    finally:
        os.close(descriptor)


def _who_starts(descriptor: int) -> str:
    """The holder of the start lock, if the file names it. Only the lock counts."""
    said = os.pread(descriptor, _MOST_BYTES, 0).strip()
    who = f" (pid {int(said)})" if said.isdigit() and len(said) < 11 else ""
    return f"Another usenetsync{who} is starting or stopping the database."


def _us() -> User:
    return User(os.getpid(), ProcessLocation.here())


def _parse(content: bytes) -> list[User]:
    found = []
    for line in content.decode(errors="replace").splitlines():
        parts = _LINE.fullmatch(line)
        if parts is None or int(parts["pid"]) > LARGEST_PID:
            continue
        here = ProcessLocation.here()
        # Earlier programs wrote the process id alone.
        where = ProcessLocation(parts["host"], parts["room"]) if parts["room"] else here
        user = User(int(parts["pid"]), where)
        if not where.is_here or is_running(user.pid):
            found.append(user)
    return found
