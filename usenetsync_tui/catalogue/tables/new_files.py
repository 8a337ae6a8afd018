"""Rows of `files` for new paths, written straight into the table.

Most paths of a first upload are new: they need neither a staging table nor a search for earlier
rows (`files.apply_changes`). Refuses to know which paths are new.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from psycopg.errors import UniqueViolation

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.entries import Entry, FileKind, FileState
from usenetsync_tui.model.path_keys import KEY_HEAD, path_key
from usenetsync_tui.postgres.copy import copy_packed

_SQL = load(__package__, "new_files.sql")

_NUMBERS = Struct(">h iq ii ih ih iq iq iq iq ii")
"""The count of columns; size and value of each number, in the order of the statement."""
_COLUMNS = 14
_SIZE = Struct(">i")
_INT8 = Struct(">iq")
_NULL = _SIZE.pack(-1)


async def add(tx: Transaction, folder: int, version: int, entries: Sequence[Entry]) -> bool:
    """Add rows for paths that the version under construction does not have.

    False, and no row, when it has one of them: `files.apply_changes` can tell what to do then.
    """
    rows = [_row(folder, version, entry) for entry in entries]
    try:
        async with tx.connection.transaction():
            await copy_packed(tx.connection, _SQL["copy"], rows)
    except UniqueViolation:
        return False
    return True


def _row(folder: int, version: int, entry: Entry) -> bytes:
    path, kind, size, mtime_ns, ctime_ns, inode, mode, link, uid, gid = entry
    state = FileState.PENDING if kind == FileKind.REGULAR else FileState.PLANNED
    numbers = _NUMBERS.pack(
        *(_COLUMNS, 8, folder, 4, version, 2, kind, 2, state, 8, size),
        *(8, mtime_ns, 8, ctime_ns, 8, inode, 4, mode),
    )
    tail = (
        _NULL if link is None else _SIZE.pack(len(link)) + link,
        _NULL if len(path) <= KEY_HEAD else _SIZE.pack(len(path)) + path,
        _NULL if uid is None else _INT8.pack(8, uid),
        _NULL if gid is None else _INT8.pack(8, gid),
    )
    key = path_key(path)
    return b"".join((numbers, _SIZE.pack(len(key)), key, *tail))
