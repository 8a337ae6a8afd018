"""The lock of a data folder: one server at a time, wherever its processes run.

The lock is on the cluster's ``PG_VERSION``, which nobody deletes as "stale" and without which
there is no cluster. The process that starts the server takes it first and passes its descriptor
on: the server and each of its processes inherit it through fork and exec, and PostgreSQL
does not close descriptors that it does not know. So the lock is held exactly while any process of
the server runs, even the last stray one of a killed server, and never by us.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from usenetsync_tui.postgres.locks import lock_exclusively, lock_shared

LOCKED_FILE = "PG_VERSION"
_PATIENCE = 1.0
"""Seconds: longer than any process holds the lock to check it."""

_POLL_SECONDS = 0.01


@contextmanager
def taken(pgdata: Path) -> Iterator[int | None]:
    """A descriptor with the lock, for the server to inherit; None when a server holds it.

    The end of the block closes our copy. Call under the start lock, with an existing cluster.
    Raises ``DatabaseStartError`` on a file system without locks.
    """
    # Open for writing: otherwise NFS gives no exclusive lock.
    descriptor = os.open(pgdata / LOCKED_FILE, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        until = time.monotonic() + _PATIENCE
        had = lock_exclusively(descriptor)
        while not had and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
            had = lock_exclusively(descriptor)
        yield descriptor if had else None
    finally:
        os.close(descriptor)


def is_held(pgdata: Path) -> bool:
    """Whether a process of a server has the lock; False if there is no cluster.

    Takes a shared lock for a moment; any number of processes may check at once.
    """
    try:
        descriptor = os.open(pgdata / LOCKED_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        return not lock_shared(descriptor)
    finally:
        os.close(descriptor)
