"""Replaces the catalogue by a backup, in one transaction: killed anywhere, the old state stays.

The tables are created again as they were at the time of the backup, filled, and then migrated.
Articles of the shards store stay as they are unless the backup has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg import sql

from usenetsync_tui.catalogue.backup import layout
from usenetsync_tui.catalogue.backup.layout import ARTICLES, Applied, Layout
from usenetsync_tui.catalogue.backup.write import refuse_if_stopped
from usenetsync_tui.catalogue.session import Catalogue, Transaction, load
from usenetsync_tui.codec.catalogue_backup import Frame, FrameKind, Read, frames
from usenetsync_tui.errors import BackupUnusableError, CatalogueNotEmptyError, DatabaseBusyError
from usenetsync_tui.model.recovery.backups import BackupFound, held_words
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.postgres.migrate import migrate_inside

Seen = Callable[[int], object]
"""Gets the bytes of tables that are restored so far."""

_SQL = load(__package__, "restore.sql")
_LEDGER = "schema_migrations"
_REFUSALS = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.InternalError,
    psycopg.NotSupportedError,
    psycopg.ProgrammingError,
)
"""Rows that do not fit, a lack of rights, and objects of others that depend on our tables."""


@value_object
class _Head:
    """The HEAD of a backup that this program can restore."""

    program: str
    made_at: datetime
    schema: int
    with_articles: bool

    @property
    def layout(self) -> Layout:
        """The tables that the backup has."""
        made = layout.layout(self.schema)
        return made if self.with_articles else made.without_articles()


def examine(read: Read, *, seen: Seen | None = None) -> BackupFound:
    """Read a backup to its end, and check all of it. Blocking; `BackupUnusableError`."""
    size, rows, read_so_far = 0, 0, _Counted(read)
    head: _Head | None = None
    tables: list[str] = []
    for frame in frames(read_so_far):
        if frame.kind is FrameKind.HEAD:
            head = _head(frame)
        elif frame.kind is FrameKind.TABLE:
            tables.append(_table(frame)[0])
        elif frame.kind is FrameKind.ROWS:
            rows += frame.rows
        elif frame.kind is FrameKind.SEQUENCES:
            _values(frame)
        if seen is not None:
            seen(read_so_far.size)
    assert head is not None  # `frames` begins with it
    if tables != [*head.layout.tables]:
        raise BackupUnusableError("It is damaged: it has other tables than its version.")
    size = read_so_far.size
    return BackupFound(size, head.program, head.made_at, head.schema, head.with_articles, rows)


async def restore_backup(
    catalogue: Catalogue, read: Read, *, replace: bool, seen: Seen | None = None
) -> BackupFound:
    """Restore a backup that `examine` has read, in a thread; `read` begins at its start.

    `replace`: also over a catalogue that is not empty. `CatalogueNotEmptyError`,
    `BackupUnusableError`, `DatabaseBusyError`; then nothing has changed.
    """

    async def work(tx: Transaction) -> BackupFound:
        counted = _Counted(read)
        found = frames(counted)
        head = _head(next(found))
        await tx.run(_SQL["patience"])
        if not replace:
            await _refuse_contents(tx, head)
        try:
            await _drop(tx, keep_articles=not head.with_articles)
            await _make(tx, head.schema)
            rows = await _fill(tx, head, found, lambda: seen and seen(counted.size))
            await _make(tx, None)
            if not head.with_articles:
                await tx.run(_SQL["bring_back"])
            for table in layout.layout().without_articles().tables:
                await _run(tx, "analyze", name=sql.Identifier(table))
        except psycopg.errors.LockNotAvailable:
            raise DatabaseBusyError(
                "Close the other programs and windows that show this catalogue, and try again."
            ) from None
        except _REFUSALS as error:
            words = " ".join(str(error).split())
            raise BackupUnusableError(f"The database refuses it: {words}") from None
        return BackupFound(
            counted.size, head.program, head.made_at, head.schema, head.with_articles, rows
        )

    return await catalogue.in_thread(work, durable=True)


async def refuse_contents(catalogue: Catalogue, *, with_articles: bool) -> None:
    """`CatalogueNotEmptyError` with what a restore would replace."""
    async with catalogue.transaction() as tx:
        await _refuse(tx, with_articles=with_articles)


async def _refuse_contents(tx: Transaction, head: _Head) -> None:
    await _refuse(tx, with_articles=head.with_articles)


async def _refuse(tx: Transaction, *, with_articles: bool) -> None:
    made = layout.layout()
    tables = made if with_articles else made.without_articles()
    filled = await layout.tables_with_rows(tx, tables.tables)
    if not filled:
        return
    held = await layout.contents(tx)
    words = held_words(held.folders, held.versions)
    if ARTICLES in filled:
        words += ", and the articles in the database"
    raise CatalogueNotEmptyError(f"The catalogue has {words}, which the backup would replace.")


class _Counted:
    """A reader that counts bytes."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.size = 0

    def __call__(self, size: int) -> bytes:
        data = self._read(size)
        self.size += len(data)
        return data


def _head(frame: Frame) -> _Head:
    """The HEAD. `BackupUnusableError` for a catalogue that this program cannot make."""
    fields = frame.fields
    try:
        applied = [Applied(int(v), str(n), str(c)) for v, n, c in fields["migrations"]]
        head = _Head(
            str(fields["program"]),
            datetime.fromisoformat(fields["made_at"]),
            len(applied),
            bool(fields["with_articles"]),
        )
    except (KeyError, TypeError, ValueError):
        raise BackupUnusableError("It is damaged: its HEAD frame is incomplete.") from None
    known = layout.known_migrations()
    if not applied:
        raise BackupUnusableError("It is damaged: its catalogue has no tables.")
    if len(applied) > len(known):
        raise BackupUnusableError(
            f"Its catalogue is at version {len(applied)}; this program knows {len(known)}. "
            f"Use UsenetSync {head.program} or a newer one."
        )
    if applied != known[: len(applied)]:
        raise BackupUnusableError("Another program than this one made its catalogue.")
    return head


def _table(frame: Frame) -> tuple[str, layout.Columns]:
    fields = frame.fields
    try:
        columns = tuple((str(name), str(kind)) for name, kind in fields["columns"])
        return str(fields["name"]), columns
    except (KeyError, TypeError, ValueError):
        raise BackupUnusableError("It is damaged: a TABLE frame is incomplete.") from None


def _values(frame: Frame) -> dict[str, int]:
    fields = frame.fields
    if not all(type(value) is int and 0 < value < 1 << 63 for value in fields.values()):
        raise BackupUnusableError("It is damaged: a sequence has no number.")
    return fields


async def _drop(tx: Transaction, *, keep_articles: bool) -> None:
    made = layout.layout()
    if keep_articles:
        await tx.run(_SQL["set_aside"])
        made = made.without_articles()
    names = [sql.Identifier(table) for table in (*made.tables, _LEDGER)]
    await _run(tx, "drop_tables", names=sql.SQL(", ").join(names))
    for name in made.sequences:
        await _run(tx, "drop_sequence", name=sql.Identifier(name))


async def _make(tx: Transaction, upto: int | None) -> None:
    """Apply migrations, to this one or to the newest."""
    await migrate_inside(tx.connection, layout.MIGRATIONS, upto=upto)


async def _fill(
    tx: Transaction, head: _Head, found: Iterator[Frame], step: Callable[[], object]
) -> int:
    """Fill the tables; returns the number of rows."""
    references = await tx.fetch(_SQL["foreign_keys"], {"tables": [*head.layout.tables]})
    for table, name, _ in references:
        await _run(tx, "drop_reference", table=sql.SQL(table), name=sql.Identifier(name))
    columns = await layout.columns_of(tx, head.layout.tables)
    rows = 0
    for frame in found:
        if frame.kind is FrameKind.TABLE:
            name, given = _table(frame)
            if columns.get(name) != given:
                raise BackupUnusableError(f"It is damaged: table {name!r} has other columns.")
            rows += await _copy(tx, name, given, found, step)
        elif frame.kind is FrameKind.SEQUENCES:
            await _continue_sequences(tx, head, _values(frame))
    for table, name, definition in references:
        await _run(
            tx,
            "add_reference",
            table=sql.SQL(table),
            name=sql.Identifier(name),
            definition=sql.SQL(definition),
        )
    return rows


async def _copy(
    tx: Transaction,
    table: str,
    columns: layout.Columns,
    found: Iterator[Frame],
    step: Callable[[], object],
) -> int:
    listed = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    statement = _composed("copy_in", table=sql.Identifier(table), columns=listed)
    expected = 0
    async with tx.connection.cursor() as cursor:
        async with cursor.copy(statement) as copy:
            for frame in found:
                if frame.kind is not FrameKind.DATA:
                    expected = frame.rows  # the format has ROWS there
                    break
                await copy.write(frame.payload)
                step()
                refuse_if_stopped(tx)
        if cursor.rowcount != expected:
            raise BackupUnusableError(f"It is damaged: table {table!r} has other rows.")
    return expected


async def _continue_sequences(tx: Transaction, head: _Head, values: dict[str, int]) -> None:
    made = await layout.every_sequence(tx, head.layout)
    if not set(values) <= set(made):
        raise BackupUnusableError("It is damaged: it has other sequences than its version.")
    for name, value in values.items():
        await tx.run(_SQL["set_sequence"], {"name": name, "value": value})


async def _run(tx: Transaction, statement: str, /, **parts: sql.Composable) -> None:
    await tx.connection.execute(_composed(statement, **parts))


def _composed(name: str, /, **parts: sql.Composable) -> sql.Composed:
    statement: LiteralString = _SQL[name].rstrip(";")
    return sql.SQL(statement).format(**parts)
