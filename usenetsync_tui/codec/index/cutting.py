"""Cutting a run into pages: files and objects go in one by one, pages come out.

Only the rows of one page are held. A page ends when the bytes of its columns, before compression,
reach a target; so it is never longer than the target plus its last row, compressed or not.
"""

from __future__ import annotations

from usenetsync_tui.codec.digests import DIGEST_SIZE
from usenetsync_tui.codec.index.articles import NAME_SIZE
from usenetsync_tui.codec.index.directory import separator
from usenetsync_tui.codec.index.files_page import write_files
from usenetsync_tui.codec.index.objects_page import write_objects
from usenetsync_tui.codec.index.page import MOST_ROWS
from usenetsync_tui.codec.index.paths import LARGEST_PATHS, LONGEST_PATH, shared_length
from usenetsync_tui.model.index.entries import IndexEntry, ObjectPart
from usenetsync_tui.model.index.roots import PartKey, PathKey
from usenetsync_tui.model.value_object import value_object

PAGE_TARGET = 600_000
"""Bytes of columns of a page: sealed, it fits an article of the default size."""
_FILE_COST, _OBJECT_COST, _SEGMENT_COST, _ARTICLE_COST = 40, 24, DIGEST_SIZE + 2, NAME_SIZE + 6
"""Bytes at most of what has a nearly fixed length. Rounded up a little."""


@value_object
class CutPage:
    """A finished page of a run, and what its line in the directory needs."""

    data: bytes
    of_objects: bool
    first: PathKey | PartKey
    rows: int


class FilesCutter:
    """Makes pages of files."""

    def __init__(self, target: int = PAGE_TARGET) -> None:
        """`target`: bytes of the columns of a page."""
        self._target = target
        self._rows: list[IndexEntry] = []
        self._shared: list[int] = []
        self._size = self._path_bytes = 0
        self._last = self._first = b""

    def add(self, entry: IndexEntry) -> CutPage | None:
        """Take the next entry, in path order; gives the page before it when that is full.

        `ValueError` for a path that is not above the one before, or is too long for an index.
        """
        path = entry.path
        if (self._rows and path <= self._last) or len(path) > LONGEST_PATH:
            raise ValueError("a path of a run is out of order or too long")
        shared = shared_length(self._last, path)
        cost = _FILE_COST + len(path) - shared + (DIGEST_SIZE if entry.digest else 0)
        if entry.link or entry.attributes:
            cost += len(entry.link or b"") + sum(8 + len(value) for _, value in entry.attributes)
        page = None
        too_long = self._path_bytes + len(path) > LARGEST_PATHS
        if self._rows and (self._size + cost > self._target or too_long or self._is_full()):
            page = self._cut()
            self._first = separator(self._last, path)
            cost, shared = cost + shared, 0
        self._rows.append(entry)
        self._shared.append(shared)
        self._size += cost
        self._path_bytes += len(path)
        self._last = path
        return page

    def _is_full(self) -> bool:
        return len(self._rows) >= MOST_ROWS

    def _cut(self) -> CutPage:
        rows, shared = self._rows, self._shared
        self._rows, self._shared, self._size, self._path_bytes = [], [], 0, 0
        return CutPage(write_files(rows, shared), False, self._first, len(rows))

    def finish(self) -> CutPage | None:
        """The last page; None when there is nothing in it."""
        return self._cut() if self._rows else None


class ObjectsCutter:
    """Makes pages of objects."""

    def __init__(self, target: int = PAGE_TARGET) -> None:
        """`target`: bytes of the columns of a page."""
        self._target = target
        self._rows: list[ObjectPart] = []
        self._size = 0

    def add(self, part: ObjectPart) -> CutPage | None:
        """Take the next part, in order; gives the page before it when that is full."""
        cost = _OBJECT_COST + sum(
            _SEGMENT_COST + _ARTICLE_COST * len(each.articles) for each in part.segments
        )
        page = None
        if self._rows and (self._size + cost > self._target or len(self._rows) >= MOST_ROWS):
            page = self._cut()
        self._rows.append(part)
        self._size += cost
        return page

    def _cut(self) -> CutPage:
        rows, self._rows, self._size = self._rows, [], 0
        first = (rows[0].number, rows[0].first)
        return CutPage(write_objects(rows), True, first, len(rows))

    def finish(self) -> CutPage | None:
        """The last page; None when there is nothing in it."""
        return self._cut() if self._rows else None
