"""A note in the data folder with the location of its database, if that is somewhere else.

Root's database may be outside (``server_paths.py``), under ``/var/lib/usenetsync``. Without the
note, the program would silently begin an empty database for the same data folder in another
container or after it was moved.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.postgres.embedded.server_paths import ServerPaths
from usenetsync_tui.whole_file import write_whole

NOTE = "database-is-in"


def check(data_dir: Path, paths: ServerPaths) -> None:
    """Raise ``DatabaseStartError`` when the note names another database than the one here."""
    note = data_dir / NOTE
    try:
        noted = Path(os.fsdecode(note.read_bytes().rstrip(b"\n")))
    except FileNotFoundError:
        return
    here = paths.home
    if paths.pgdata.is_dir():
        return
    if noted != here and noted.is_dir():
        raise DatabaseStartError(
            f"The database of {data_dir} is in {noted}, and is now expected in {here}. "
            f"Move it there: mv -T {shlex.quote(str(noted))} {shlex.quote(str(here))}"
        )
    raise DatabaseStartError(
        f"The database of {data_dir} was in {noted}, which is missing (removed, or in another "
        f"container). Bring it back, or remove {note} to begin with an empty database."
    )


def remember(data_dir: Path, paths: ServerPaths) -> None:
    """Write the location of the database into the note, unless it is the data folder."""
    if paths.home == data_dir:
        return
    note = data_dir / NOTE
    wanted = os.fsencode(paths.home) + b"\n"
    if note.exists() and note.read_bytes() == wanted:
        return
    write_whole(note, wanted, replace=True)
