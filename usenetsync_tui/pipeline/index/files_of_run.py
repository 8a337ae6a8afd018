"""files_of_run: the files of a run, streamed from the catalogue in path order, column by column.

All in one transaction, in batches: memory holds a batch, whatever the folder. For use in a thread
(`Catalogue.in_thread`).
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from operator import itemgetter, mul

from usenetsync_tui.catalogue.lookups import index_rows
from usenetsync_tui.catalogue.lookups.index_rows import CHANGE, PATH, IndexColumns, Row, Since
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.metadata import owners
from usenetsync_tui.codec.index.attributes import guard, write_sparse_content, write_special
from usenetsync_tui.codec.index.classes import FileClass
from usenetsync_tui.codec.index.files_columns import FilesColumns
from usenetsync_tui.codec.index.varints import write_varints
from usenetsync_tui.disk.owner_names import OwnerNames
from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.entries import SPECIAL, FileKind, FileState, unfitted_time
from usenetsync_tui.model.index.entries import Attribute, AttributeTag, EntryChange
from usenetsync_tui.model.text.words import KIND_WORDS

_LONG = 16
"""The most rows of long paths in a batch."""
_LOST = b"its articles were lost, and it was not read again yet"
_HOLE = b"all of it is a hole"
_KEPT, _DIRECTORY = int(FileState.PLANNED), int(FileKind.DIRECTORY)
_REGULAR, _GUARD = int(FileKind.REGULAR), int(DigestKind.BLAKE3)
_REMOVED = int(EntryChange.REMOVED)
_GONE = (0, 0, None, None, 0, None, 0, 0, 0, None, _KEPT, *(None,) * 9, _REMOVED)
"""What a run says of a path that is gone, after the path."""


async def files_of_run(tx: Transaction, what: Since) -> AsyncIterator[Callable[[], FilesColumns]]:
    """The files of a run, in path order, in batches: what makes each, in any thread, one by one."""
    names = OwnerNames(await owners.names(tx, what.folder))
    async for page in _in_path_order(tx, what):
        yield partial(_files_of, page, what, names)


def _files_of(page: list[Row], what: Since, names: OwnerNames) -> FilesColumns:
    if what.since:
        page = [row if row[CHANGE] != _REMOVED else (row[PATH], *_GONE) for row in page]
    rows = IndexColumns._make(zip(*page, strict=True))
    of_page = set(zip(rows.uid, rows.gid, strict=True))
    if names.unknown(of_page):
        names.learn(of_page)
    return _files(rows, names, what.offset)


async def _in_path_order(tx: Transaction, what: Since) -> AsyncIterator[list[Row]]:
    """The rows of a run: two streams, as keys are in path order for short paths only."""
    long = _LongRows(tx, what)
    await long.next()
    async for page in index_rows.rows(tx, what, long=False):
        start, last = 0, page[-1][PATH]
        while long.row is not None and long.row[PATH] < last:
            at = bisect(page, long.row[PATH], lo=start, key=itemgetter(PATH))
            if at > start:
                yield page[start:at]
            yield await long.before(page[at][PATH])
            start = at
        yield page[start:]
    while long.row is not None:
        yield await long.before(None)


class _LongRows:
    """The rows with long paths, in path order: few or none as a rule."""

    def __init__(self, tx: Transaction, what: Since) -> None:
        self._pages = index_rows.rows(tx, what, long=True)
        self._page: Iterator[Row] = iter(())
        self.row: Row | None = None
        """The next one; None: none is left."""

    async def next(self) -> None:
        """Go on to the next row."""
        self.row = next(self._page, None)
        if self.row is None:
            async for page in self._pages:
                self._page = iter(page)
                self.row = next(self._page)
                break

    async def before(self, path: bytes | None) -> list[Row]:
        """Some of the next rows, those before a path; None: whatever their paths."""
        found: list[Row] = []
        while self.row is not None and len(found) < _LONG:
            if path is not None and self.row[PATH] > path:
                break
            found.append(self.row)
            await self.next()
        return found


def _files(rows: IndexColumns, names: OwnerNames, offset: int) -> FilesColumns:
    """Rows as an index describes them. `offset`: of the ids of objects above their numbers."""
    filled = [
        state == _KEPT and number is not None
        for state, number in zip(rows.state, rows.object_id, strict=True)
    ]
    special = {row for row, kind in enumerate(rows.kind) if kind in SPECIAL}
    kinds = [_REGULAR if row in special else kind for row, kind in enumerate(rows.kind)]
    is_sized = [kind != _DIRECTORY for kind in rows.kind]
    digests, digest_kinds = _digests(rows, filled)
    classes, numbers = _classes(rows, kinds, digest_kinds, filled, names)
    return FilesColumns(
        rows.path,
        classes,
        numbers,
        [(i or 0) - offset if has else None for i, has in zip(rows.object_id, filled, strict=True)],
        [(at or 0) if has else 0 for at, has in zip(rows.object_offset, filled, strict=True)],
        [*map(mul, rows.size, is_sized)],
        [*map(unfitted_time, rows.mtime_ns)],
        [*map(mul, rows.ctime_ns, is_sized)],
        [*map(mul, rows.inode, is_sized)],
        digests,
        {i: link for i, link in enumerate(rows.link) if link is not None and i not in special},
        {i: found for i in sorted(special | _odd(rows)) if (found := _attributes(rows, i))},
    )


def _digests(rows: IndexColumns, filled: list[bool]) -> tuple[list[bytes | None], list[int | None]]:
    """Of files with an object; a file with holes has one for readers that do not know holes."""
    digests = [value if has else None for value, has in zip(rows.digest, filled, strict=True)]
    kinds = [
        None if digest is None else kind or 0
        for kind, digest in zip(rows.digest_kind, digests, strict=True)
    ]
    for row, extents in enumerate(rows.extents):
        if extents is not None and digests[row] is not None:
            kinds[row], digests[row] = _GUARD, guard(extents)
    return digests, kinds


def _classes(
    rows: IndexColumns,
    kinds: list[int],
    digest_kinds: list[int | None],
    filled: list[bool],
    names: OwnerNames,
) -> tuple[list[FileClass], list[int]]:
    """The classes of some rows, and the number of each row's."""
    found: dict[tuple[int, int, int, int | None, int | None, int | None, bool], int] = {}
    number = found.setdefault
    of_rows = zip(
        rows.change, kinds, rows.mode, rows.uid, rows.gid, digest_kinds, filled, strict=True
    )
    numbers = [number(each, len(found)) for each in of_rows]
    classes = [
        FileClass(change, kind, mode, uid, gid, *names.of(uid, gid), digest_kind, has_object)
        for change, kind, mode, uid, gid, digest_kind, has_object in found
    ]
    return classes, numbers


def _odd(rows: IndexColumns) -> set[int]:
    """The rows that may have attributes, besides those of special files."""
    found = {row for row, state in enumerate(rows.state) if state != _KEPT}
    for column in (rows.stat_size, rows.racy, rows.link_set, rows.xattrs, rows.extents):
        found |= {row for row, value in enumerate(column) if value is not None}
    return found


def _attributes(rows: IndexColumns, at: int) -> tuple[Attribute, ...]:
    """Those of a row."""
    found: list[Attribute] = []
    state, kind, number = rows.state[at], rows.kind[at], rows.object_id[at]
    size, links, xattrs = rows.stat_size[at], rows.link_set[at], rows.xattrs[at]
    extents = rows.extents[at]
    if state == FileState.FAILED:
        found.append((AttributeTag.REASON, (rows.reason[at] or "").encode()))
    elif state == FileState.PENDING:
        found.append((AttributeTag.REASON, _LOST))
    elif kind in SPECIAL:
        found.append((AttributeTag.REASON, f"a {KIND_WORDS[FileKind(kind)]}".encode()))
    elif extents is not None and number is None:
        found.append((AttributeTag.REASON, _HOLE))
    if size is not None:
        found.append((AttributeTag.STAT_SIZE, write_varints([size])))
    if rows.racy[at]:
        found.append((AttributeTag.RACY, b""))
    if links is not None:
        found.append((AttributeTag.LINK_SET, write_varints([links])))
    if xattrs is not None:
        found.append((AttributeTag.XATTRS, xattrs))
    if kind in SPECIAL:
        found.append((AttributeTag.SPECIAL, write_special(kind, rows.link[at])))
    if extents is not None and state == _KEPT:
        digest_kind = None if number is None else rows.digest_kind[at]
        found.append((AttributeTag.EXTENTS, write_sparse_content(digest_kind, extents)))
    return tuple(found)
