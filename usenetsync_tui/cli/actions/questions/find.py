"""`usenetsync find PATTERN…`: paths of all folders and versions, newest first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from usenetsync_tui.catalogue.lookups import found
from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.paged_table import PrintedPages
from usenetsync_tui.cli.output.question_fields import found_fields
from usenetsync_tui.cli.output.table import Column
from usenetsync_tui.cli.run import Exit, catalogue_to_read, folder_named, start
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.lists.filter_words import parse_filter
from usenetsync_tui.model.text.figures import NOTHING, size, when_ns
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.history import FindKey, FindQuery, FoundFile, version_runs

_FIRST, _PAGE = 100, 1000
"""Rows of the first page, which is to come soon, and of the others."""
_COLUMNS = (
    Column("Versions"),
    Column("Size", right=True),
    Column("Modified"),
    Column("Folder", least=8),
    Column("Path", least=8),
)


def find(pattern: Sequence[str], folder: str | None, version: int | None, as_json: bool) -> None:
    """Print the paths that match."""
    words = " ".join(pattern)
    start(lambda: _find(words, folder, version, as_json), as_json=as_json, output_is_the_work=True)


async def _find(words: str, folder: str | None, version: int | None, as_json: bool) -> Exit:
    query, count = _query(words, version), 0
    pages = PrintedPages(_COLUMNS)
    async with catalogue_to_read("find") as opened:
        if folder is not None:
            async with opened.catalogue.transaction() as tx:
                named = await folder_named(tx, folder)
                await snapshots.finished_version(tx, named.id, version)
            query = FindQuery(query.filter, named.id, version)
        async for rows in _pages(opened, query):
            count += len(rows)
            if as_json:
                for row in rows:
                    voices.emit("found", **found_fields(row))
            else:
                pages.add([_line(row) for row in rows])
    if not count and not as_json:
        voices.complain(f"usenetsync: nothing matches {safe_name(words)}.")
    return Exit.DONE


def _query(words: str, version: int | None) -> FindQuery:
    try:
        wanted = parse_filter(words)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if wanted.view is not None:
        raise UsageError("find does not take is:, which is for the files of one version.")
    return FindQuery(wanted, None, version)


async def _pages(opened: OpenCatalogue, query: FindQuery) -> AsyncIterator[list[FoundFile]]:
    """What matches, in pages.

    Each page is a transaction of its own, so a reader that stops reading holds none open.
    """
    after: FindKey | None = None
    limit = _FIRST
    while True:
        async with opened.catalogue.transaction() as tx:
            rows = await found.page(tx, query, after, limit)
        yield rows
        if len(rows) < limit:
            return
        after, limit = rows[-1].key, _PAGE


def _line(row: FoundFile) -> tuple[str, ...]:
    versions = version_runs(row.versions) + (" (gone)" if row.is_gone else "")
    amount = size(row.size) if row.kind is FileKind.REGULAR else NOTHING
    return versions, amount, when_ns(row.mtime_ns), safe_name(row.folder), safe_name(row.path)
