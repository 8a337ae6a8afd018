"""Who uses the embedded server, and who may decide about it: two lock files.

``start.lock`` is held, exclusively, while a process decides about starting or stopping.
``users.lock`` is held, shared, by every process that uses the server, so the last one out is
the one who gets it exclusively. The kernel drops both when a process dies, however it dies.
The process ids written into ``users.lock`` are for people to read; only the lock counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LOOK_AGAIN = 0.02
_SAY_SO_EVERY = 1.0


class Seat:
    """One process's use of the server. Take and leave it under the start lock."""

    def __init__(self, path: Path) -> None:
        import fcntl

        self._descriptor = _open_private(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)
        self._write(lambda pids: [*pids, os.getpid()])

    def leave(self) -> bool:
        """Give up the use of the server; whether nobody else uses it."""
        import fcntl

        try:
            self._write(_without_us)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True
        finally:
            os.close(self._descriptor)

    def abandon(self) -> None:
        """Give up the use of the server when the start lock cannot be had."""
        os.close(self._descriptor)

    def _write(self, change: Callable[[list[int]], list[int]]) -> None:
        pids = change(_parse(os.pread(self._descriptor, 1 << 16, 0)))
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, "".join(f"{pid}\n" for pid in pids).encode(), 0)


def users(path: Path) -> tuple[int, ...]:
    """The ids of the processes that use the server, as far as they wrote them down.

    Takes no lock: even a moment's lock could make a last user believe not to be the last.
    """
    try:
        return tuple(_parse(path.read_bytes()))
    except FileNotFoundError:
        return ()


@contextmanager
def start_lock(
    path: Path, *, on_wait: Callable[[str], None] | None = None, patience: float | None = None
) -> Iterator[bool]:
    """Hold the start lock; yields whether it was had within ``patience`` seconds.

    Without ``patience`` it waits as long as it takes: whoever holds the lock is alive, and
    may be waiting for a long recovery.
    """
    import fcntl

    descriptor = _open_private(path)
    try:
        had = False
        began = said = time.monotonic()
        while not had:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                had = True
            except BlockingIOError:
                now = time.monotonic()
                if patience is not None and now - began > patience:
                    break
                if on_wait is not None and now - said > _SAY_SO_EVERY:
                    said = now
                    on_wait("Another usenetsync is starting or stopping the database.")
                time.sleep(_LOOK_AGAIN)
        yield had
    finally:
        os.close(descriptor)


def _open_private(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _parse(content: bytes) -> list[int]:
    pids = [int(word) for word in content.split() if word.isdigit()]
    return [pid for pid in pids if _is_alive(pid)]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _without_us(pids: list[int]) -> list[int]:
    rest = list(pids)
    if os.getpid() in rest:
        rest.remove(os.getpid())
    return rest
