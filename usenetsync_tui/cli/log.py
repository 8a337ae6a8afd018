"""Sends the warnings of libraries to a file that only the user can read, never to the screen.

Textual draws on standard error, and libraries log there: psycopg, for example, when it gives up a
connection.
"""

from __future__ import annotations

import io
import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

from usenetsync_tui.locations import make_private
from usenetsync_tui.ownership import open_or_make
from usenetsync_tui.postgres.redaction import redacted

_LARGEST = 1 << 20
_FORMAT = "%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"


class Redacting(logging.Formatter):
    """Leaves out the passwords of database addresses."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return redacted(super().format(record))


class PrivateLogFile(RotatingFileHandler):
    """A log of 0600 in a folder of 0700, opened at the first line."""

    def _open(self) -> io.TextIOWrapper:
        path = Path(self.baseFilename)
        make_private(path.parent)
        descriptor = open_or_make(path, os.O_WRONLY | os.O_APPEND)
        return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")


def log_to(folder: Path) -> None:
    """Send warnings and worse to ``usenetsync.log`` in `folder` (1 MiB, and one before it)."""
    handler = PrivateLogFile(
        folder / "usenetsync.log", maxBytes=_LARGEST, backupCount=1, encoding="utf-8", delay=True
    )
    handler.setFormatter(Redacting(_FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # A log that cannot be written (a full disk) must not write to the screen instead.
    logging.raiseExceptions = False
