"""The `files` table as one version of a folder sees it: its rows, directories, totals and changes.

Refuses to know how rows come about (`files`). Every call takes the transaction it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

from usenetsync_tui.catalogue.columns import VERSION
from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.model.digests import FileDigest, file_digest
from usenetsync_tui.model.entries import unfitted_time
from usenetsync_tui.model.value_object import value_object

_SQL = load(__package__, "version_files.sql")


class VersionRow(NamedTuple):
    """A file of one version with the progress of its object: `columns.VERSION`."""

    path: bytes
    kind: int
    size: int
    mtime_ns: int
    mode: int
    link: bytes | None
    state: int
    object_id: int | None
    object_offset: int | None
    digest: bytes | None
    digest_kind: int | None
    reason: str | None
    key: bytes
    segments: int | None
    posted: int | None
    copies: int | None
    complete: bool | None
    object_kind: int | None
    segment_size: int | None
    uid: int | None
    gid: int | None
    xattrs: bytes | None = None
    """As `codec.index.attributes` writes them."""
    link_set: int | None = None
    """The same number for names of one file."""
    extents: bytes | None = None
    """Where a sparse file has its `size` bytes; its own size is in it, too."""
    file_size: int = 0
    """Bytes of the file, with its holes."""

    @property
    def file_digest(self) -> FileDigest | None:
        """The digest of the content; None for an empty file, and for one that was not read."""
        return file_digest(self.digest_kind, self.digest)


assert VersionRow._fields == tuple(VERSION)


class DirectoryRow(NamedTuple):
    """A directory of one version; field order is that of the query."""

    path: bytes
    mode: int
    mtime_ns: int
    uid: int | None
    gid: int | None
    key: bytes
    xattrs: bytes | None


@value_object
class VersionCounts:
    """The contents of a version; size in bytes of the source."""

    files: int
    directories: int
    symlinks: int
    size: int
    failed: int


async def has_changes(tx: Transaction, folder: int, version: int) -> bool:
    """Whether a version differs from the one before it."""
    changed: bool = (await tx.one(_SQL["has_changes"], {"folder": folder, "version": version}))[0]
    return changed


@value_object
class Span:
    """A range of keys of one version of a folder: `start` inclusive, `until` exclusive."""

    folder: int
    version: int
    start: bytes = b""
    until: bytes | None = None

    def values(self) -> dict[str, object]:
        """The values by their names in statements."""
        return {
            "folder": self.folder,
            "version": self.version,
            "start": self.start,
            "until": self.until,
        }


async def version_page(tx: Transaction, span: Span, limit: int) -> list[VersionRow]:
    """The first rows of a span, in path order; none when there are no more."""
    rows = await tx.fetch(_SQL["version_page"], {**span.values(), "limit": limit})
    return version_rows(rows)


def version_rows(rows: Iterable[tuple[Any, ...]]) -> list[VersionRow]:
    """Rows of a statement that lists the columns of a `VersionRow`."""
    return [_timely(VersionRow._make(r)) for r in rows]


_Timed = TypeVar("_Timed", VersionRow, DirectoryRow)


def _timely(row: _Timed) -> _Timed:
    """The row with the file's real time in `mtime_ns` (`unfitted_time`)."""
    known = unfitted_time(row.mtime_ns)
    return row if known == row.mtime_ns else row._replace(mtime_ns=known)


async def linked_page(
    tx: Transaction, folder: int, version: int, after: tuple[int, bytes], limit: int
) -> list[VersionRow]:
    """The next files with several names, those of one file together; `after`: set and key."""
    values = {"folder": folder, "version": version, "after": after[0], "key": after[1]}
    return version_rows(await tx.fetch(_SQL["linked_page"], {**values, "limit": limit}))


async def version_keys(tx: Transaction, span: Span, limit: int) -> list[bytes]:
    """The keys of the first rows of a span, in their order."""
    return column(await tx.fetch(_SQL["version_keys"], {**span.values(), "limit": limit}))


async def version_sizes(
    tx: Transaction, span: Span, limit: int
) -> list[tuple[bytes, bytes, int, int]]:
    """(key, path, kind, size) of the first rows of a span, in the order of their keys."""
    return await tx.fetch(_SQL["version_sizes"], {**span.values(), "limit": limit})


async def version_directories(tx: Transaction, span: Span, limit: int) -> list[DirectoryRow]:
    """The last directories of a span, last first."""
    rows = await tx.fetch(_SQL["version_directories"], {**span.values(), "limit": limit})
    return [_timely(DirectoryRow._make(r)) for r in rows]


async def has_text(tx: Transaction, folder: int, words: str) -> bool:
    """Whether a name in a folder, in any version, contains some lower-case ASCII text.

    Ignores case, since some file systems do.
    """
    values = {"folder": folder, "pattern": f"%{words}%"}
    found: bool = (await tx.one(_SQL["has_text"], values))[0]
    return found


async def version_totals(tx: Transaction, span: Span) -> tuple[int, int]:
    """Regular files in a span, and their bytes."""
    row = await tx.one(_SQL["version_totals"], span.values())
    return row[0], row[1]


async def count_version(tx: Transaction, folder: int, version: int) -> VersionCounts:
    """Count a version's contents: one pass over its rows."""
    row = await tx.one(_SQL["count_version"], {"folder": folder, "version": version})
    return VersionCounts(*row)


async def diff_counts(tx: Transaction, folder: int, version: int) -> tuple[int, int, int]:
    """The numbers of files and symlinks that a version (added, modified, removed)."""
    row = await tx.one(_SQL["diff_counts"], {"folder": folder, "version": version})
    return row[0], row[1], row[2]
