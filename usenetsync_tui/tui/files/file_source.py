"""The files of a version as pages for `PagedTable`."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.lists.files import FileKey, FileOrder, FileQuery
from usenetsync_tui.model.ports.browser import Browser, FileRow
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.kit.list_source import Directory


@value_object
class FileSource:
    """The rows of one query, which the `Browser` port reads."""

    browser: Browser
    query: FileQuery

    async def page(self, start: FileKey | None, limit: int) -> tuple[FileRow, ...]:
        """At most `limit` rows from a key on; None: from the first."""
        return await self.browser.files(self.query, start, limit)

    async def directory(self, page_size: int, start: FileKey | None) -> Directory[FileKey]:
        """The first keys of the pages from `start` on, `page_size` rows each."""
        found = await self.browser.file_directory(self.query, page_size, start)
        return Directory(found.count, found.keys, found.complete)

    def before(self, page: Sequence[FileRow], key: FileKey) -> Sequence[FileRow]:
        """The rows of a page that come before `key`."""
        if not page or self._is_before(page[-1], key):
            return page
        # Look for the row itself first: only the catalogue knows the order of rows of one size.
        at = next((n for n, row in enumerate(page) if row.path == key.path), None)
        if at is not None:
            return page[:at]
        return tuple(row for row in page if self._is_before(row, key))

    def _is_before(self, row: FileRow, key: FileKey) -> bool:
        if self.query.order is FileOrder.PATH:
            return row.path > key.path if self.query.reverse else row.path < key.path
        # Entries without a size come after all files.
        size = row.size if row.kind == FileKind.REGULAR else -1
        return size < key.size if self.query.reverse else size > key.size
