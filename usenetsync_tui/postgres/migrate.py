"""Updates a catalogue's schema to the program's.

A migration is a file ``0001_name.sql``, numbered from 1 without a gap. Each runs in a transaction
of its own, which also records it with its checksum in ``schema_migrations``. An applied migration
must never change: the next migration corrects a mistake.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable

import anyio
import psycopg
from psycopg import errors
from psycopg.rows import TupleRow

from usenetsync_tui.errors import CatalogueVersionError
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.postgres.queries import load_queries

_QUERIES = load_queries(__package__, "migrate.sql")
_LOCK = int.from_bytes(b"usync:mg")
_FILE = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")


@value_object
class Migration:
    """One step of the schema."""

    version: int
    name: str
    script: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the script, in hexadecimal."""
        return hashlib.sha256(self.script.encode()).hexdigest()


def read_migrations(folder: Traversable) -> tuple[Migration, ...]:
    """The migrations in ``folder``, in order; other files than ``.sql`` are ignored.

    Raises ``ValueError`` for a wrong name or number.
    """
    found: list[Migration] = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".sql"):
            continue
        parts = _FILE.match(file.name)
        if parts is None or int(parts[1]) != len(found) + 1:
            raise ValueError(f"{file.name} should be {len(found) + 1:04}_some_name.sql")
        script = file.read_bytes().decode().replace("\r\n", "\n")
        found.append(Migration(int(parts[1]), parts[2], script))
    return tuple(found)


async def migrate(conn: psycopg.AsyncConnection[TupleRow], migrations: Traversable) -> int:
    """Apply the migrations that the catalogue lacks; returns the version it then has.

    ``conn`` is in autocommit mode. One query when there is nothing to do. Any number of
    processes may do this at once. A failed migration leaves no trace, and the database's
    error passes through. Raises ``CatalogueVersionError`` when the catalogue is newer than
    ``migrations``, or other migrations made it.
    """
    if not conn.autocommit:
        raise ValueError("the connection must be in autocommit mode")
    known = read_migrations(migrations)
    applied = await _applied(conn)
    if applied is not None and not _missing(known, applied):
        return len(known)
    await conn.execute(_QUERIES["lock"], (_LOCK,))
    try:
        await conn.execute(_QUERIES["create_ledger"])
        # Another process may have migrated while we waited for the lock.
        for migration in _missing(known, await _applied(conn) or {}):
            await _apply(conn, migration)
    finally:
        # A lost connection has lost the lock, too; one that returns to a pool must not keep it.
        if not conn.closed:
            with anyio.CancelScope(shield=True):
                await conn.execute(_QUERIES["unlock"], (_LOCK,))
    return len(known)


async def migrate_inside(
    conn: psycopg.AsyncConnection[TupleRow], migrations: Traversable, *, upto: int | None
) -> None:
    """Apply the migrations that are missing up to this one (None: all), in the open transaction.

    All of them disappear with it. No other process migrates until its end.
    """
    await conn.execute(_QUERIES["lock_inside"], (_LOCK,))
    await conn.execute(_QUERIES["create_ledger"])
    for migration in _missing(read_migrations(migrations)[:upto], await _applied(conn) or {}):
        await _apply(conn, migration)


async def _applied(
    conn: psycopg.AsyncConnection[TupleRow],
) -> dict[int, tuple[str, str]] | None:
    """Version to name and checksum; None for a database without a ledger."""
    try:
        cursor = await conn.execute(_QUERIES["applied"])
    except errors.UndefinedTable:
        return None
    return {version: (name, checksum) async for version, name, checksum in cursor}


def _missing(
    known: tuple[Migration, ...], applied: Mapping[int, tuple[str, str]]
) -> tuple[Migration, ...]:
    newest = max(applied, default=0)
    if newest > len(known):
        name, _ = applied[newest]
        raise CatalogueVersionError(
            f"It is at version {newest} ({name}); this program knows {len(known)}. "
            "Use the newer program."
        )
    for migration in known[:newest]:
        if applied.get(migration.version) != (migration.name, migration.checksum):
            raise CatalogueVersionError(
                f"Its version {migration.version} ({migration.name}) differs from this "
                "program's version of that number."
            )
    return known[newest:]


async def _apply(conn: psycopg.AsyncConnection[TupleRow], migration: Migration) -> None:
    async with conn.transaction():
        # As bytes and without parameters: a script may hold many statements and percent signs.
        await conn.execute(migration.script.encode(), prepare=False)
        row = (migration.version, migration.name, migration.checksum)
        await conn.execute(_QUERIES["record"], row)
