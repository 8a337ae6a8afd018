"""The screen's questions: lists of files, versions, articles, causes, the database itself.

Runs on the screen's event loop, apart from the engine's pool; read-only, and the server ends a
statement that takes too long. A connection answers one question at a time, so there are three,
each opened when it is first needed: quick questions never wait for slow ones.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import psycopg
from psycopg import AsyncConnection

from usenetsync_tui.catalogue.lookups import (
    articles,
    causes,
    costs,
    differences,
    found,
    listing,
    past,
    sizes,
)
from usenetsync_tui.catalogue.lookups.articles import WireId
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import folders, jobs, snapshots
from usenetsync_tui.catalogue.tables.forgetting.would_free import would_free
from usenetsync_tui.catalogue.tables.matching import view_of
from usenetsync_tui.catalogue.tables.version_files import VersionRow
from usenetsync_tui.errors import DatabaseUnavailableError
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.jobs import PastJob
from usenetsync_tui.model.lists.files import FileFilter, FileKey, FileOrder, FileQuery
from usenetsync_tui.model.ports.browser import (
    ArticleRow,
    Cause,
    DatabaseFigures,
    FileDirectory,
    FileRow,
)
from usenetsync_tui.model.versions.changes import ChangeRow
from usenetsync_tui.model.versions.forgetting import ForgetPreview
from usenetsync_tui.model.versions.history import (
    FindKey,
    FindQuery,
    FoundFile,
    PastState,
    StoredBytes,
    VersionCost,
)
from usenetsync_tui.postgres.pool import mapped_errors, named_conninfo

_OPTIONS = (
    "-c default_transaction_read_only=on -c jit=off -c plan_cache_mode=force_custom_plan"
    " -c statement_timeout={seconds}s"
)
_REST = 9
"""After counting causes, the pause before they are counted again, in times of the counting."""
_PATIENCE = 30
_FILTER_PATIENCE = 20
"""Most seconds for a filter that the user typed."""


class CatalogueBrowser:
    """Implements the `Browser` port; connects at the first question of each kind.

    When a question's task is cancelled, the server cancels the statement as well.
    """

    def __init__(self, conninfo: str, name: str, wire_id: WireId | None = None) -> None:
        """`name`: the sessions' application name; `wire_id` gives the names of articles."""
        full = named_conninfo(conninfo, name)
        self._quick = _Line(full, _PATIENCE)
        self._slow = _Line(full, _PATIENCE)
        self._filtering = _Line(full, _FILTER_PATIENCE)
        self._wire_id = wire_id
        self._causes: dict[tuple[int, int], tuple[float, tuple[Cause, ...]]] = {}

    async def close(self) -> None:
        """Close the connections; the next question opens another."""
        for line in (self._quick, self._slow, self._filtering):
            await line.close()

    async def folders(self) -> tuple[Folder, ...]:
        """Every folder, by name."""
        async with self._quick.question() as tx:
            return tuple(await folders.every(tx))

    async def snapshots(self, folder_id: int) -> tuple[Snapshot, ...]:
        """All versions, the one under construction included, oldest first."""
        async with self._quick.question() as tx:
            return tuple(await snapshots.of_folder(tx, folder_id))

    async def files(
        self, query: FileQuery, start: FileKey | None, limit: int
    ) -> tuple[FileRow, ...]:
        """The rows of a list from `start` (inclusive; None: the first) on."""
        async with self._line_of(query, self._quick).question() as tx:
            rows = await listing.page(tx, query, start, limit)
        return tuple(map(file_row, rows))

    async def file_directory(
        self, query: FileQuery, page_size: int, start: FileKey | None = None
    ) -> FileDirectory:
        """The keys at which pages begin, from `start` on. A filtered list is counted to a limit."""
        async with self._line_of(query, self._slow).question() as tx:
            return await listing.directory(tx, query, page_size, start)

    async def changes(
        self, folder_id: int, older: int, newer: int, after: bytes | None, limit: int
    ) -> tuple[ChangeRow, ...]:
        """What differs between two versions, after a path, in path order."""
        async with self._slow.question() as tx:
            return tuple(await differences.page(tx, folder_id, (older, newer), after, limit))

    async def find(
        self, query: FindQuery, after: FindKey | None, limit: int
    ) -> tuple[FoundFile, ...]:
        """The paths that match in any folder and version, after a key."""
        async with self._filtering.question() as tx:
            return tuple(await found.page(tx, query, after, limit))

    async def file_history(self, folder_id: int, path: bytes) -> tuple[PastState, ...]:
        """The finished versions in which a path changed, newest first."""
        async with self._quick.question() as tx:
            return tuple(await past.of_path(tx, folder_id, path))

    async def costs(self, folder_id: int) -> tuple[VersionCost, ...]:
        """What each finished version of a folder cost, newest first."""
        async with self._slow.question() as tx:
            return tuple(await costs.of_versions(tx, folder_id))

    async def stored_bytes(self, folder_id: int | None) -> StoredBytes:
        """What a folder has in its store; None: all folders together."""
        async with self._slow.question() as tx:
            return await costs.stored_bytes(tx, folder_id)

    async def would_free(self, folder_id: int, versions: Sequence[int]) -> ForgetPreview:
        """What forgetting some versions of a folder would free."""
        async with self._slow.question() as tx:
            return await would_free(tx, folder_id, versions)

    async def articles(
        self, object_id: int, start: tuple[int, int], limit: int
    ) -> tuple[ArticleRow, ...]:
        """The copies of an object's segments from (index, redundancy) on, inclusive."""
        async with self._quick.question() as tx:
            return tuple(await articles.page(tx, object_id, start, limit, self._wire_id))

    async def article_count(self, object_id: int) -> int:
        """The number of rows of all pages of `articles`."""
        async with self._quick.question() as tx:
            return await articles.count(tx, object_id)

    async def causes(self, folder_id: int, limit: int) -> tuple[Cause, ...]:
        """Why files of a folder are incomplete, by its latest job, the most frequent first.

        The screen asks all the time, so a count that took long is kept for a while.
        """
        key = folder_id, limit
        until, found = self._causes.get(key, (0.0, ()))
        begin = time.monotonic()
        if begin >= until:
            async with self._slow.question() as tx:
                found = tuple(await causes.of_folder(tx, folder_id, limit))
            end = time.monotonic()
            self._causes[key] = end + (end - begin) * _REST, found
        return found

    async def affected_paths(
        self, folder_id: int, cause: Cause, after: bytes | None, limit: int
    ) -> tuple[bytes, ...]:
        """The paths that a cause affects, after a path."""
        async with self._slow.question() as tx:
            return tuple(await causes.affected_paths(tx, folder_id, cause, after, limit))

    async def history(
        self, before: int | None, limit: int, folder_id: int | None = None
    ) -> tuple[PastJob, ...]:
        """The jobs with an id below `before`, newest first; of one folder, or of all."""
        async with self._quick.question() as tx:
            return tuple(await jobs.history(tx, before, limit, folder_id))

    async def notices(self, job_id: int, after: int, limit: int) -> tuple[tuple[int, Notice], ...]:
        """The notices of a job after a number, each with its number."""
        async with self._quick.question() as tx:
            return tuple(await jobs.notices(tx, job_id, after, limit))

    async def database(self) -> DatabaseFigures:
        """The current sizes of the database and its tables."""
        async with self._slow.question() as tx:
            return await sizes.figures(tx)

    def _line_of(self, query: FileQuery, plain: _Line) -> _Line:
        """The connection for a list; sorting by size reads row by row, like a filter."""
        if query.filter != FileFilter() or query.order is FileOrder.SIZE:
            return self._filtering
        return plain


def file_row(row: VersionRow) -> FileRow:
    """A row in the form that the screen shows."""
    return FileRow(
        path=row.path,
        kind=row.kind,
        size=row.size,
        mtime_ns=row.mtime_ns,
        state=view_of(row),
        posted=row.posted or 0,
        articles=(row.segments or 0) * (row.copies or 0),
        reason=row.reason,
        object_id=row.object_id,
        digest=row.file_digest,
    )


class _Line:
    """One connection for questions, opened when it is needed, and again after a loss."""

    def __init__(self, conninfo: str, patience: int) -> None:
        self._conninfo = conninfo
        self._patience = patience
        self._opening = anyio.Lock()
        self._connection: AsyncConnection[tuple[Any, ...]] | None = None

    @asynccontextmanager
    async def question(self) -> AsyncIterator[Transaction]:
        """Ask inside the block; each statement is a transaction of its own.

        `DatabaseUnavailableError` when a statement takes too long.
        """
        with mapped_errors():
            try:
                yield Transaction(await self._open())
            except psycopg.errors.QueryCanceled:
                words = f"The database needs more than {self._patience} seconds for this list."
                raise DatabaseUnavailableError(words) from None

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _open(self) -> AsyncConnection[tuple[Any, ...]]:
        async with self._opening:
            if self._connection is None or self._connection.closed:
                self._connection = await AsyncConnection.connect(
                    self._conninfo,
                    autocommit=True,
                    options=_OPTIONS.format(seconds=self._patience),
                )
            return self._connection
