"""The log of the embedded server: a file that stays small, and its last lines."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from usenetsync_tui.ownership import open_or_make

_LARGEST = 8 << 20
_LAST_LINES = 12
_LAST_BYTES = 1 << 16


@contextmanager
def open_log(log: Path) -> Iterator[int]:
    """A descriptor that appends to the log, for another program to use."""
    descriptor = open_or_make(log, os.O_WRONLY | os.O_APPEND)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def bound_log(log: Path) -> None:
    """Keep the log under 8 MiB by moving its content to ``….log.1``.

    The server has the file open, so this function empties it instead of renaming it; a line
    written between copying and emptying is lost.
    """
    if log.exists() and log.stat().st_size > _LARGEST:
        copy = log.with_name(f"{log.name}.1")
        copy.unlink(missing_ok=True)
        with open_log(copy) as descriptor, log.open("rb") as content:
            with open(descriptor, "ab", closefd=False) as file:
                shutil.copyfileobj(content, file)
        os.truncate(log, 0)


def size_of(log: Path) -> int:
    """Bytes in the log; 0 when there is none."""
    return log.stat().st_size if log.exists() else 0


def last_line_with(log: Path, offset: int, words: str) -> str | None:
    """The last line in the log after ``offset`` bytes that contains these words."""
    return next((line for line in reversed(_lines(log, offset)) if words in line), None)


def lines_since(log: Path, offset: int) -> list[str]:
    """The last dozen lines in the log after ``offset`` bytes."""
    return _lines(log, offset)[-_LAST_LINES:]


def _lines(log: Path, offset: int) -> list[str]:
    if not log.exists():
        return []
    with log.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(min(offset, end), end - _LAST_BYTES))
        text = file.read().decode(errors="replace")
    return [line for line in text.splitlines() if line.strip()]
