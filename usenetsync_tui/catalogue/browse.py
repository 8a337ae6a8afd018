"""What the screen looks up: pages of a version, on a connection of its own.

Lives on the screen's event loop, apart from the engine's pool; read-only, and a statement
that takes too long is ended by the server.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import AsyncConnection

from usenetsync_tui.catalogue import files, folders, snapshots
from usenetsync_tui.catalogue.files import Span, VersionRow
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.model.entries import FileState
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.ports import FileRow, FileView, PageDirectory
from usenetsync_tui.postgres.pool import mapped_errors, named_conninfo

_OPTIONS = "-c default_transaction_read_only=on -c statement_timeout=30s -c jit=off"


class CatalogueBrowser:
    """Implements the `Browser` port; connects at the first question."""

    def __init__(self, conninfo: str, name: str) -> None:
        self._conninfo = named_conninfo(conninfo, name)
        self._connection: AsyncConnection[tuple[Any, ...]] | None = None

    async def _tx(self) -> Transaction:
        if self._connection is None or self._connection.closed:
            with mapped_errors():
                self._connection = await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True, options=_OPTIONS
                )
        return Transaction(self._connection)

    async def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def folders(self) -> tuple[Folder, ...]:
        """Every folder, by name."""
        tx = await self._tx()
        with mapped_errors():
            return tuple(await folders.every(tx))

    async def snapshots(self, folder_id: int) -> tuple[Snapshot, ...]:
        """All versions, the one under construction included, oldest first."""
        tx = await self._tx()
        with mapped_errors():
            return tuple(await snapshots.of_folder(tx, folder_id))

    async def page(
        self, folder_id: int, version: int, start: bytes, limit: int
    ) -> tuple[FileRow, ...]:
        """The rows of a version from `start` on."""
        tx = await self._tx()
        with mapped_errors():
            rows = await files.version_page(tx, Span(folder_id, version, start), limit)
        return tuple(file_row(r) for r in rows)

    async def page_directory(self, folder_id: int, version: int, page_size: int) -> PageDirectory:
        """Where the pages of a version begin."""
        tx = await self._tx()
        with mapped_errors():
            count, keys = await files.page_directory(tx, folder_id, version, page_size)
        return PageDirectory(count, keys, page_size)


def file_row(row: VersionRow) -> FileRow:
    """A row as the screen words it."""
    articles = (row.segments or 0) * (row.copies or 0)
    if row.state == FileState.FAILED:
        view = FileView.FAILED
    elif row.state == FileState.PLANNED and (row.object_id is None or row.complete):
        view = FileView.DONE
    elif row.posted or row.state == FileState.PLANNED:
        view = FileView.POSTING
    else:
        view = FileView.QUEUED
    return FileRow(
        path=row.path,
        kind=row.kind,
        size=row.size,
        mtime_ns=row.mtime_ns,
        state=view,
        posted=row.posted or 0,
        articles=articles,
        reason=row.reason,
    )
