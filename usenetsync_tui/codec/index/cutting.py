"""Cutting a run into pages: files and objects go in batch by batch, pages come out.

Only the rows of one page are held. A page ends when the bytes of its columns, before compression,
reach a target; so it is never longer than the target plus its last row, compressed or not.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from itertools import accumulate, chain
from operator import lt

from usenetsync_tui.codec.digests import DIGEST_SIZE
from usenetsync_tui.codec.index.articles import NAME_SIZE
from usenetsync_tui.codec.index.directory import separator
from usenetsync_tui.codec.index.files_columns import FilesColumns
from usenetsync_tui.codec.index.files_writing import write_columns
from usenetsync_tui.codec.index.objects_page import write_objects
from usenetsync_tui.codec.index.page import MOST_ROWS
from usenetsync_tui.codec.index.paths import LARGEST_PATHS, LONGEST_PATH, shared_length
from usenetsync_tui.model.index.entries import ObjectPart
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


class _Batch:
    """Files to be cut; `costs` and `lengths` are sums over the rows before each one, and over all.

    `ValueError` for a path that is not above the one before, or is too long for an index.
    """

    def __init__(self, files: FilesColumns, last: bytes | None) -> None:
        """`last`: the path before them; None: there is none."""
        paths = files.paths
        before = paths if last is None else (last, *paths)
        ascends = all(map(lt, before, paths[last is None :]))
        if not ascends or max(map(len, paths), default=0) > LONGEST_PATH:
            raise ValueError("a path of a run is out of order or too long")
        self.files = files
        self.shared = list(map(shared_length, chain((last or b"",), paths), paths))
        """Bytes that each path shares with the one before."""
        self.costs = [0, *accumulate(self._costs())]
        """Bytes at most that the rows take in the columns."""
        self.lengths = [0, *accumulate(map(len, paths))]
        """Bytes of their paths."""

    def _costs(self) -> list[int]:
        files = self.files
        costs = [
            _FILE_COST + len(path) - length + (DIGEST_SIZE if digest else 0)
            for path, length, digest in zip(files.paths, self.shared, files.digests, strict=True)
        ]
        for row, link in files.links.items():
            costs[row] += len(link)
        for row, attributes in files.attributes.items():
            costs[row] += sum(8 + len(value) for _, value in attributes)
        return costs


class FilesCutter:
    """Makes pages of files."""

    def __init__(self, target: int = PAGE_TARGET) -> None:
        """`target`: bytes of the columns of a page."""
        self._target = target
        self._parts: list[FilesColumns] = []
        """The rows of the next page, in the parts that they came in."""
        self._shared: list[int] = []
        self._size = self._path_bytes = 0
        self._first = b""
        self._last: bytes | None = None

    def add(self, files: FilesColumns) -> list[CutPage]:
        """Take the next files, in path order; gives the pages that are full, before the last one.

        `ValueError` as of a `_Batch`.
        """
        batch = _Batch(files, self._last)
        pages: list[CutPage] = []
        begin, paths = 0, files.paths
        while (end := self._end(batch, begin)) < len(paths):
            self._take(batch, begin, end)
            pages.append(self._cut())
            self._first = separator(self._last or b"", paths[end])
            # A page begins with a whole path.
            self._size, batch.shared[end], begin = batch.shared[end], 0, end
        self._take(batch, begin, end)
        return pages

    def _end(self, batch: _Batch, begin: int) -> int:
        """Before which row the page must end that has room for rows from `begin` on, maybe."""
        costs, lengths = batch.costs, batch.lengths
        fitting = bisect(costs, costs[begin] + self._target - self._size, begin)
        short = bisect(lengths, lengths[begin] + LARGEST_PATHS - self._path_bytes, begin)
        end = min(fitting - 1, short - 1, begin + MOST_ROWS - len(self._shared))
        return min(max(end, begin + (not self._shared)), len(batch.shared))

    def _take(self, batch: _Batch, begin: int, end: int) -> None:
        """Take the rows from `begin` to before `end` into the page."""
        if begin < end:
            self._parts.append(batch.files.part(begin, end))
            self._shared += batch.shared[begin:end]
            self._size += batch.costs[end] - batch.costs[begin]
            self._path_bytes += batch.lengths[end] - batch.lengths[begin]
            self._last = batch.files.paths[end - 1]

    def _cut(self) -> CutPage:
        files, shared = FilesColumns.joined(self._parts), self._shared
        self._parts, self._shared, self._size, self._path_bytes = [], [], 0, 0
        return CutPage(write_columns(files, shared), False, self._first, len(shared))

    def finish(self) -> CutPage | None:
        """The last page; None when there is nothing in it."""
        return self._cut() if self._shared else None


class ObjectsCutter:
    """Makes pages of objects."""

    def __init__(self, target: int = PAGE_TARGET) -> None:
        """`target`: bytes of the columns of a page."""
        self._target = target
        self._rows: list[ObjectPart] = []
        self._size = 0

    def add(self, parts: Iterable[ObjectPart]) -> list[CutPage]:
        """Take the next parts, in order; gives the pages before the last of them that are full."""
        return [page for page in map(self._add, parts) if page is not None]

    def _add(self, part: ObjectPart) -> CutPage | None:
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
