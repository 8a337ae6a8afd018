"""Writes the whole catalogue into one file, as it is at one moment, while others change it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from usenetsync_tui import __version__
from usenetsync_tui.catalogue.backup import layout
from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.codec.catalogue_backup import BackupWriter, FrameKind, Write
from usenetsync_tui.model.recovery.backups import BackupMade
from usenetsync_tui.postgres.in_thread import StoppedError
from usenetsync_tui.postgres.silence import HeardConnection

Seen = Callable[[int, int], object]
"""Gets the bytes that are read, and about how many there are."""


async def write_backup(
    catalogue: Catalogue,
    write: Write,
    *,
    with_articles: bool,
    now: datetime,
    seen: Seen | None = None,
) -> BackupMade:
    """Write a backup with `write`, in a thread. Locks nothing that a running engine needs."""
    made = layout.layout() if with_articles else layout.layout().without_articles()

    async def work(tx: Transaction) -> BackupMade:
        await layout.begin_snapshot(tx)
        total = await layout.size_on_disk(tx, made.tables)
        applied = await layout.applied_migrations(tx)
        writer = BackupWriter(write)
        writer.fields(
            FrameKind.HEAD,
            program=__version__,
            made_at=now.isoformat(),
            migrations=applied,
            with_articles=with_articles,
        )
        rows, read = 0, 0

        def counted(size: int) -> None:
            nonlocal read
            read += size
            if seen is not None:
                seen(read, max(read, total))

        columns = await layout.columns_of(tx, made.tables)
        for table in made.tables:
            rows += await _table(tx, writer, table, columns[table], counted)
        values = await layout.every_sequence(tx, made)
        used = {name: value for name, value in values.items() if value is not None}
        writer.fields(FrameKind.SEQUENCES, **used)
        writer.end()
        held = await layout.contents(tx)
        return BackupMade(writer.size, len(made.tables), rows, len(applied), with_articles, *held)

    return await catalogue.in_thread(work)


async def _table(
    tx: Transaction,
    writer: BackupWriter,
    table: str,
    columns: layout.Columns,
    counted: Callable[[int], object],
) -> int:
    """Write one table; returns the number of its rows."""
    writer.fields(FrameKind.TABLE, name=table, columns=columns)
    async with tx.connection.cursor() as cursor:
        async with cursor.copy(layout.copy_out(table, columns)) as copy:
            async for piece in copy:
                writer.data(piece)
                counted(len(piece))
                refuse_if_stopped(tx)
        rows = cursor.rowcount
    writer.end_table(rows)
    return rows


def refuse_if_stopped(tx: Transaction) -> None:
    """`StoppedError` when the task was cancelled for which a thread uses the connection."""
    if isinstance(tx.connection, HeardConnection) and tx.connection.is_stopped:
        raise StoppedError
