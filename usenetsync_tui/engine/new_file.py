"""Writes a file for the user, whole or not at all; errors name the file and the reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from usenetsync_tui.errors import TargetError
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.whole_file import PUBLIC, whole_file


@contextmanager
def new_file(path: bytes, *, mode: int = PUBLIC, replace: bool = False) -> Iterator[IO[bytes]]:
    """Write a new file, and give it its name at the end (`whole_file`).

    `replace`: replace an existing file. The umask restricts `mode`. `TargetError` when the name is
    taken or the disk refuses.
    """
    try:
        with whole_file(path, mode=mode, replace=replace) as file:
            yield file
    except OSError as error:
        raise TargetError(f"{safe_name(path)}: {error.strerror}.") from error
