"""Folders with short paths that the database's user can enter when we are root."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = "/dev/shm"
ENOUGH = 8 << 30
"""Bytes; a container's /dev/shm often has 64 MB."""


@contextmanager
def data_folder(prefix: str, *, in_memory: bool = True) -> Iterator[Path]:
    """A new folder, deleted at the end.

    A test's copy of the catalogue is a thousand small files: in memory it is made in a fifth of
    the time, and does not wait for the disk of the tests beside it.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=_place(in_memory)))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _place(in_memory: bool) -> str:
    if not in_memory or not os.access(MEMORY, os.W_OK):
        return "/tmp"
    free = os.statvfs(MEMORY)
    return MEMORY if free.f_bavail * free.f_frsize >= ENOUGH else "/tmp"
