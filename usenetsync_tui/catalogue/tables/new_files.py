"""Rows of `files` for new paths, written straight into the table.

Most paths of a first upload are new: they need neither a staging table nor a search for earlier
rows (`files.apply_changes`). The row of a small file is written once, when it is planned: a row
that waits as pending and is updated later costs the server three times as much. Refuses to know
which paths are new.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from psycopg.errors import UniqueViolation

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables.files import PendingFile, Placed
from usenetsync_tui.catalogue.tables.metadata import metadata
from usenetsync_tui.model.digests import kind_in_row
from usenetsync_tui.model.entries import Entry, FileKind, FileState
from usenetsync_tui.model.path_keys import KEY_HEAD, path_key
from usenetsync_tui.postgres.copy import copy_packed

_SQL = load(__package__, "new_files.sql")

_NUMBERS = Struct(">h iq ii ih ih iq iq iq iq ii i")
"""The count of columns; size and value of each number, as in the statement; the key's size."""
_COLUMNS = 20
_PLACE = Struct(">iq iq i")
"""Size and value of an object's id and an offset; the digest's size."""
_SIZE = Struct(">i")
_INT8 = Struct(">iq")
_INT2 = Struct(">ih")
_NULL = _SIZE.pack(-1)
_NO_PLACE = 4 * _NULL
_TRUE = b"\0\0\0\1\1"


class RowExistsError(Exception):
    """A path has a row in the version under construction; the transaction must roll back."""


async def has_rows(tx: Transaction, folder: int) -> bool:
    """Whether any path of a folder has a row, even one of an earlier version."""
    found: bool = (await tx.one(_SQL["any"], {"folder": folder}))[0]
    return found


async def add(tx: Transaction, folder: int, version: int, entries: Sequence[Entry]) -> None:
    """Add rows for paths that the version under construction does not have.

    Raises `RowExistsError` when it has one of them; `files.apply_changes` can tell what to do then.
    """
    rows = _rows(folder, version, entries, FileState.PENDING)
    nowhere = _NO_PLACE + 2 * _NULL
    await _copy(tx, [row + nowhere for row in rows])


async def add_rowless(
    tx: Transaction, folder: int, version: int, files: Sequence[PendingFile]
) -> None:
    """Add rows for those of some files to read that have none. Raises `RowExistsError`."""
    entries = [f.entry for f in files if not f.has_row]
    if entries:
        await add(tx, folder, version, entries)


async def add_planned(tx: Transaction, folder: int, version: int, placed: Sequence[Placed]) -> None:
    """Add rows for files that were read and have none yet (`Placed.rowless`).

    Raises `RowExistsError`. It copies, so the transaction must not be pipelined.
    """
    entries = [_as_read(p.rowless, p.size) for p in placed if p.rowless is not None]
    if not entries:
        return
    rows = _rows(folder, version, entries, FileState.PLANNED)
    await _copy(tx, [row + _place(p) for row, p in zip(rows, placed, strict=True)])
    await metadata.record(tx, folder, [(p.key, p.metadata) for p in placed])


async def _copy(tx: Transaction, rows: Sequence[bytes]) -> None:
    try:
        await copy_packed(tx.connection, _SQL["copy"], rows)
    except UniqueViolation as caught:
        raise RowExistsError from caught


def _rows(folder: int, version: int, entries: Sequence[Entry], unread: FileState) -> list[bytes]:
    """The columns up to the owner; `unread`: the state of regular files."""
    rows: list[bytes] = []
    pack, regular = _NUMBERS.pack, FileKind.REGULAR.value
    pending, planned = unread.value, FileState.PLANNED.value
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


def _as_read(entry: Entry, size: int | None) -> Entry:
    """The entry with the size that the reader found, if it was not that of the walk."""
    return entry if size is None or size == entry.size else entry._replace(size=size)


def _place(placed: Placed) -> bytes:
    """The columns after the owner of a file that was read."""
    _, made, at, digest, size, racy, _, entry = placed
    place = _NO_PLACE
    if made is not None and at is not None and digest is not None:
        value, kind = digest.value, kind_in_row(digest.kind)
        place = _PLACE.pack(8, made, 8, at, len(value)) + value
        place += _NULL if kind is None else _INT2.pack(2, kind)
    is_other = size is not None and entry is not None and size != entry.size
    stated = _int8(entry.size) if is_other and entry is not None else _NULL
    return place + stated + (_TRUE if racy else _NULL)


def _bytea(value: bytes) -> bytes:
    return _SIZE.pack(len(value)) + value


def _int8(value: int | None) -> bytes:
    return _NULL if value is None else _INT8.pack(8, value)
