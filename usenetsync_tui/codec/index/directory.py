"""The page directory: which page has a path or an object (`page` has the frame, type 3).

Rows are pages, or further directories, in the order of what they hold; all rows of a directory are
of the same level, and lead to files, or all to objects. The *key* of a row is not above the first
path (object) of the page, and above the last one of the page before. So a path is in the last row
whose key is not above it, or nowhere. Columns are lists of varints unless they say otherwise;
*delta* is that of
`varints`::

    tag  for each  content
    1    –         WHAT      one varint: 0 files, 1 objects
    3    row       LEVEL     0 a page of files or objects, n a directory of rows of level n - 1, at
                           most 8. A directory in a root may have rows of any level
    5    row       KEY       of files: the shared length (`paths`)
    7    row                 the length of the rest
    9    –                   the rests
    11   row       KEY       of objects: the number of the object: delta
    13   row                 the index of a segment
    15   row       SIZE      bytes of the page, before it was sealed
    19   row       DIGEST    32 bytes each: BLAKE3 of the page, before it was sealed; stored
    17, 21, 23     the articles of each page (`articles`)

The first page of files of a run has the empty path as its key. For the others a writer takes the
shortest beginning of the first path that is above the last path of the page before. The key of a
page of objects is its first row: so nobody searches for an object in the runs that came after it.
The key of a directory is that of its first row.

**Levels.** A run of many pages has too many lines for a root. They are cut into directories, the
lines of these into directories of the next level, until the few lines of the last one fit the root.
As levels fall by one from line to line, and keys ascend through all of a run, a reader comes to
every page once at most, whatever the directories claim.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

from usenetsync_tui.codec.digests import DIGEST_SIZE
from usenetsync_tui.codec.index.articles import NAME_SIZE, Named, read_articles, write_articles
from usenetsync_tui.codec.index.page import (
    LARGEST_PAGE,
    MOST_ROWS,
    IndexPage,
    PageType,
    read_page,
    write_page,
)
from usenetsync_tui.codec.index.paths import LARGEST_PATHS, read_paths, shared_length, write_paths
from usenetsync_tui.codec.index.varints import (
    read_deltas,
    read_varints,
    slices,
    write_deltas,
    write_varints,
)
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.index.roots import HIGHEST_LEVEL, PageRef, PartKey, PathKey

_STORED = (19, 21)
_KNOWN = frozenset(range(1, 24, 2))
_ROW, _FRAME = 12, 64
"""Bytes at most of the numbers of a row, and of what a directory has around its rows."""


def separator(last: bytes, first: bytes) -> bytes:
    """The shortest beginning of `first` that is above `last`."""
    return first[: shared_length(last, first) + 1]


def write_directory(rows: Sequence[PageRef]) -> bytes:
    """A directory of pages, ascending; at least one."""
    of_objects = rows[0].of_objects
    columns = {
        1: write_varints([int(of_objects)]),
        3: write_varints([row.level for row in rows]),
        15: write_varints([row.size for row in rows]),
        19: b"".join([row.digest for row in rows]),
        **write_articles([_named(row) for row in rows]),
    }
    if of_objects:
        parts = [row.first for row in rows if not isinstance(row.first, bytes)]
        columns[11] = write_deltas([number for number, _ in parts])
        columns[13] = write_varints([segment for _, segment in parts])
    else:
        paths = [row.first for row in rows if isinstance(row.first, bytes)]
        columns[5], columns[7], columns[9] = write_paths(paths)
    return write_page(PageType.DIRECTORY, len(rows), columns, _STORED)


def read_directory(data: bytes, level: int | None = 1) -> list[PageRef]:
    """The rows of a directory; `IndexUnreadableError`.

    `level`: that of the line that led to it; None for one in a root, whose rows may have any.
    """
    page = read_page(data, PageType.DIRECTORY)
    page.additions(_KNOWN)
    (what,) = read_varints(page.column(1), 1)
    levels = read_varints(page.column(3), page.rows)
    if what > 1 or not page.rows:
        raise IndexUnreadableError("A directory is of a kind that does not exist.")
    wanted = levels[0] if level is None else level - 1
    if min(levels) != wanted or max(levels) != wanted or wanted > HIGHEST_LEVEL:
        raise IndexUnreadableError("The levels of a directory are impossible.")
    keys: Sequence[PathKey | PartKey] = _parts(page) if what else _paths(page)
    sizes = read_varints(page.column(15), page.rows)
    if max(sizes) > 2 * LARGEST_PAGE:
        raise IndexUnreadableError("A page is larger than pages may be.")
    digests = slices(page.column(19), [DIGEST_SIZE] * page.rows)
    copies, named = read_articles(page, page.rows)
    articles, rows = iter(named), []
    for level, key, digest, size, count in zip(levels, keys, digests, sizes, copies, strict=True):
        mine = [*islice(articles, count)]
        names, aliases = tuple([n for n, _ in mine]), tuple([texts for _, texts in mine])
        known = aliases if any(aliases) else ()
        rows.append(PageRef(level, bool(what), key, digest, size, names, known))
    return rows


def _named(row: PageRef) -> list[Named]:
    aliases = row.aliases or ((),) * len(row.message_ids)
    return [*zip(row.message_ids, aliases, strict=True)]


def _paths(page: IndexPage) -> list[bytes]:
    return read_paths(page.column(5), page.column(7), page.column(9), page.rows)


def _parts(page: IndexPage) -> list[PartKey]:
    numbers = read_deltas(page.column(11), page.rows)
    keys = [*zip(numbers, read_varints(page.column(13), page.rows), strict=True)]
    if keys[0] < (0, 0) or any(a >= b for a, b in pairwise(keys)):
        raise IndexUnreadableError("The pages of a directory are not in order.")
    return keys


def row_size(row: PageRef, before: PageRef | None) -> int:
    """About the bytes that a row takes in a directory after another one; None: as the first."""
    size = _ROW + len(row.digest) + NAME_SIZE * len(row.message_ids)
    size += sum(len(text) + 4 for texts in row.aliases for text in texts)
    if isinstance(row.first, bytes):
        last = before.first if before is not None and isinstance(before.first, bytes) else b""
        size += len(row.first) - shared_length(last, row.first)
    return size


def directory_size(rows: Sequence[PageRef]) -> int:
    """About the bytes of a directory of these rows."""
    return _FRAME + sum(row_size(row, last) for row, last in zip(rows, (None, *rows), strict=False))


def grouped(rows: Sequence[PageRef], target: int) -> Iterator[list[PageRef]]:
    """The rows of each directory, where they have to go into several. `target`: bytes of one."""
    group: list[PageRef] = []
    size = long = 0
    for row in rows:
        cost = row_size(row, group[-1] if group else None)
        length = len(row.first) if isinstance(row.first, bytes) else 0
        is_full = size + cost > target or long + length > LARGEST_PATHS or len(group) >= MOST_ROWS
        if group and is_full:
            yield group
            group, size, long, cost = [], 0, 0, row_size(row, None)
        group.append(row)
        size, long = size + cost, long + length
    if group:
        yield group


def line_of(lines: Sequence[PageRef], key: PathKey | PartKey) -> PageRef | None:
    """The only line of a directory whose page can have this path or object; None: none has it."""
    at = bisect_right(lines, key, key=_key_of)
    return lines[at - 1] if at else None


def _key_of(line: PageRef) -> Any:
    return line.first
