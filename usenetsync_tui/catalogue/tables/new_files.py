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

_NUMBERS = Struct(">h iq ii ih ih iq iq iq iq ii i")
"""The count of columns; size and value of each number, as in the statement; the key's size."""
_COLUMNS = 14
_SIZE = Struct(">i")
_INT8 = Struct(">iq")
_NULL = _SIZE.pack(-1)


class RowExistsError(Exception):
    """A path has a row in the version under construction; the transaction must roll back."""


async def add(tx: Transaction, folder: int, version: int, entries: Sequence[Entry]) -> None:
    """Add rows for paths that the version under construction does not have.

    Raises `RowExistsError` when it has one of them; `files.apply_changes` can tell what to do then.
    """
    try:
        await copy_packed(tx.connection, _SQL["copy"], _rows(folder, version, entries))
    except UniqueViolation as caught:
        raise RowExistsError from caught


def _rows(folder: int, version: int, entries: Sequence[Entry]) -> list[bytes]:
    rows: list[bytes] = []
    pack, regular = _NUMBERS.pack, FileKind.REGULAR.value
    pending, planned = FileState.PENDING.value, FileState.PLANNED.value
    owners = {(e.uid, e.gid) for e in entries}
    tails = {owner: b"".join(map(_int8, owner)) for owner in owners}
    for path, kind, size, mtime_ns, ctime_ns, inode, mode, link, uid, gid in entries:
        key, long_path = path, _NULL
        if len(path) > KEY_HEAD:
            key, long_path = path_key(path), _bytea(path)
        state = pending if kind == regular else planned
        numbers = pack(_COLUMNS, 8, folder, 4, version, 2, kind, 2, state, 8, size,
                       8, mtime_ns, 8, ctime_ns, 8, inode, 4, mode, len(key))  # fmt: skip
        target = _NULL if link is None else _bytea(link)
        rows.append(numbers + key + target + long_path + tails[uid, gid])
    return rows


def _bytea(value: bytes) -> bytes:
    return _SIZE.pack(len(value)) + value


def _int8(value: int | None) -> bytes:
    return _NULL if value is None else _INT8.pack(8, value)
