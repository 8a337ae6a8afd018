"""The port that reads lists from the catalogue, and the rows it gives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from usenetsync_tui.model.digests import DigestAlgorithm, FileDigest
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.jobs import PastJob
from usenetsync_tui.model.lists.files import FileKey, FileQuery, FileView
from usenetsync_tui.model.segments import SegmentStatus
from usenetsync_tui.model.value_object import value_object
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


@value_object
class FileRow:
    """One line of the file list."""

    path: bytes
    kind: int
    size: int
    mtime_ns: int
    state: FileView
    posted: int
    """Articles of its object that the store has."""
    articles: int
    """Articles its object needs; 0 when it needs none."""
    reason: str | None
    object_id: int | None = None
    """The object with its bytes; None when it has none, or none yet."""
    digest: FileDigest | None = None


@value_object
class FileDirectory:
    """Where the pages of a file list begin: exact row number ↔ key, without OFFSET."""

    count: int
    """Rows from the first key on."""
    keys: tuple[FileKey, ...]
    """The key of every `page_size`-th row, the first included."""
    page_size: int
    complete: bool = True
    """False: the count stopped at its limit; there are more."""


@value_object
class ArticleRow:
    """One copy of a segment, as the ledger has it."""

    index: int
    redundancy: int
    size: int
    payload_size: int
    wire_size: int
    """Bytes of the article as it was posted; 0 where there is no wire."""
    status: SegmentStatus
    tries: int
    checks: int
    """How many checks since it was posted did not find it."""
    reposts: int
    error: str | None
    """The server's words."""
    server: str
    message_id: str
    """As on the wire, without ``<>``; if that is not known, our own one in hex."""
    aliases: tuple[str, ...]
    """Other Message-IDs it may have."""
    hash: bytes
    """The digest of its source bytes."""
    algorithm: DigestAlgorithm
    """What made that digest."""
    posted_at: datetime | None
    verified_at: datetime | None


@value_object
class Cause:
    """One reason why files are incomplete, and how many files it affects."""

    kind: NoticeKind
    reason: str
    """The system's or the server's own words."""
    server: str
    count: int


@value_object
class TableSize:
    """A table with its shards: bytes with indexes, and rows as PostgreSQL estimates them."""

    name: str
    bytes: int
    rows: int
    shards: tuple[int, ...] = ()
    """Bytes of each of its shards."""


@value_object
class DatabaseFigures:
    """The catalogue's database now."""

    version: str
    bytes: int
    connections: int
    tables: tuple[TableSize, ...]


class Browser(Protocol):
    """What the screen can read, on a connection of its own. All raise `UsenetSyncError`."""

    async def folders(self) -> tuple[Folder, ...]: ...

    async def snapshots(self, folder_id: int) -> tuple[Snapshot, ...]:
        """All versions, the one under construction included, oldest first."""

    async def files(
        self, query: FileQuery, start: FileKey | None, limit: int
    ) -> tuple[FileRow, ...]:
        """The rows of a list, from `start` on (inclusive; None: the first)."""

    async def file_directory(
        self, query: FileQuery, page_size: int, start: FileKey | None = None
    ) -> FileDirectory:
        """Where the pages begin, from `start` on. The count of a filtered list has a limit."""

    async def changes(
        self, folder_id: int, older: int, newer: int, after: bytes | None, limit: int
    ) -> tuple[ChangeRow, ...]:
        """The differences between two versions after a path, in path order."""

    async def find(
        self, query: FindQuery, after: FindKey | None, limit: int
    ) -> tuple[FoundFile, ...]:
        """The paths that match, after a key: newest folder first, paths that are gone last."""

    async def file_history(self, folder_id: int, path: bytes) -> tuple[PastState, ...]:
        """The finished versions in which a path changed, newest first; none: no such path."""

    async def costs(self, folder_id: int) -> tuple[VersionCost, ...]:
        """What each finished version of a folder cost, newest first."""

    async def stored_bytes(self, folder_id: int | None) -> StoredBytes:
        """What a folder has in its store; None: all folders together. Reads the whole ledger."""

    async def would_free(self, folder_id: int, versions: Sequence[int]) -> ForgetPreview:
        """What forgetting some versions of a folder would free: all that `Forget` would delete."""

    async def articles(
        self, object_id: int, start: tuple[int, int], limit: int
    ) -> tuple[ArticleRow, ...]:
        """The copies of an object's segments from (index, redundancy) on, inclusive."""

    async def article_count(self, object_id: int) -> int:
        """How many rows `articles` has in all."""

    async def causes(self, folder_id: int, limit: int) -> tuple[Cause, ...]:
        """Why files of a folder are incomplete after its latest job, most frequent first."""

    async def affected_paths(
        self, folder_id: int, cause: Cause, after: bytes | None, limit: int
    ) -> tuple[bytes, ...]:
        """The paths that a cause affects, after a path."""

    async def history(
        self, before: int | None, limit: int, folder_id: int | None = None
    ) -> tuple[PastJob, ...]:
        """The jobs with an id below `before` (None: all), newest first, open ones included.

        The id of the last row is `before` of the next page. With `folder_id` only that folder's.
        """

    async def notices(self, job_id: int, after: int, limit: int) -> tuple[tuple[int, Notice], ...]:
        """The notices of a job after a number (0: all), each with its number, in that order."""

    async def database(self) -> DatabaseFigures: ...
