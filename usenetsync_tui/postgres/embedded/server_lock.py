"""The lock of a data folder: one server at a time, wherever its processes run.

The lock lies on the cluster's ``PG_VERSION``, which nobody deletes as "stale" and without
which there is no cluster. Whoever starts the server takes it first and passes its descriptor
on: the server and each of its processes inherit it through fork and exec, and PostgreSQL
closes no descriptor that it does not know. So the lock is held exactly while any process of
the server lives, the last stray one of a killed server included, and never by us.
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
"""Seconds: longer than anybody looks whether the lock is held."""

_LOOK_AGAIN = 0.01


@contextmanager
def taken(pgdata: Path) -> Iterator[int | None]:
    """A descriptor with the lock, to be inherited by the server; None when a server holds it.

    Our copy of it is closed at the end of the block. Call under the start lock, with a cluster
    in place. Raises ``DatabaseStartError`` on a file system without locks.
    """
    # Open for writing: NFS gives no exclusive lock otherwise.
    descriptor = os.open(pgdata / LOCKED_FILE, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        until = time.monotonic() + _PATIENCE
        had = lock_exclusively(descriptor)
        while not had and time.monotonic() < until:
            time.sleep(_LOOK_AGAIN)
            had = lock_exclusively(descriptor)
        yield descriptor if had else None
    finally:
        os.close(descriptor)


def is_held(pgdata: Path) -> bool:
    """Whether a process of a server has the lock; False where there is no cluster.

    Looks by taking a shared lock for a moment; any number may look at once.
    """
    try:
        descriptor = os.open(pgdata / LOCKED_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        return not lock_shared(descriptor)
    finally:
        os.close(descriptor)
