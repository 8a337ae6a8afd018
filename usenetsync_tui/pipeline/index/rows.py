"""rows: the entries and objects of a run, streamed from the catalogue in path order.

All in one transaction, in batches: memory holds a batch, whatever the folder. For use in a thread
(`Catalogue.in_thread`).
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import AsyncIterator, Iterator
from itertools import groupby
from operator import attrgetter

from usenetsync_tui.catalogue.lookups import index_rows
from usenetsync_tui.catalogue.lookups.index_rows import CopyRow, IndexRow, Since
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.metadata import owners
from usenetsync_tui.codec.index.attributes import guard, write_sparse_content, write_special
from usenetsync_tui.codec.index.varints import write_varints
from usenetsync_tui.disk.owner_names import OwnerNames
from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.entries import SPECIAL, FileKind, FileState, unfitted_time
from usenetsync_tui.model.index.entries import (
    Attribute,
    AttributeTag,
    EntryChange,
    IndexArticle,
    IndexEntry,
    IndexSegment,
    ObjectPart,
    removed,
)
from usenetsync_tui.model.text.words import KIND_WORDS

_PART = 1000
"""The most segments of an object in one row of a page."""
_LONG = 16
"""The most rows of long paths in a batch."""
_LOST = b"its articles were lost, and it was not read again yet"
_PATH = attrgetter("path")
_SLICE = attrgetter("object_id", "segment")
_HOLE = b"all of it is a hole"
_KEPT, _DIRECTORY = int(FileState.PLANNED), int(FileKind.DIRECTORY)
_REGULAR, _GUARD = int(FileKind.REGULAR), int(DigestKind.BLAKE3)
_ODD = attrgetter("stat_size", "racy", "link_set", "xattrs", "extents")
"""What few files have."""


async def entries(tx: Transaction, what: Since) -> AsyncIterator[list[IndexEntry]]:
    """The entries of a run, in path order, in batches."""
    names = OwnerNames(await owners.names(tx, what.folder))
    async for page in _in_path_order(tx, what):
        of_page = {(row.uid, row.gid) for row in page}
        if names.unknown(of_page):
            names.learn(of_page)
        yield [
            removed(row.path)
            if row.change == EntryChange.REMOVED
            else _entry(row, names.of(row.uid, row.gid), what.offset)
            for row in page
        ]


async def _in_path_order(tx: Transaction, what: Since) -> AsyncIterator[list[IndexRow]]:
    """The rows of a run: two streams, as keys are in path order for short paths only."""
    long = _LongRows(tx, what)
    await long.next()
    async for page in index_rows.rows(tx, what, long=False):
        start, last = 0, page[-1].path
        while long.row is not None and long.row.path < last:
            at = bisect(page, long.row.path, lo=start, key=_PATH)
            if at > start:
                yield page[start:at]
            yield await long.before(page[at].path)
            start = at
        yield page[start:]
    while long.row is not None:
        yield await long.before(None)


class _LongRows:
    """The rows with long paths, in path order: few or none as a rule."""

    def __init__(self, tx: Transaction, what: Since) -> None:
        self._pages = index_rows.rows(tx, what, long=True)
        self._page: Iterator[IndexRow] = iter(())
        self.row: IndexRow | None = None
        """The next one; None: none is left."""

    async def next(self) -> None:
        """Go on to the next row."""
        self.row = next(self._page, None)
        if self.row is None:
            async for page in self._pages:
                self._page = iter(page)
                self.row = next(self._page)
                break

    async def before(self, path: bytes | None) -> list[IndexRow]:
        """Some of the next rows, those before a path; None: whatever their paths."""
        found: list[IndexRow] = []
        while self.row is not None and len(found) < _LONG:
            if path is not None and self.row.path > path:
                break
            found.append(self.row)
            await self.next()
        return found


def _entry(row: IndexRow, names: tuple[bytes, bytes], offset: int) -> IndexEntry:
    number = row.object_id if row.state == _KEPT else None
    digest = row.digest if number is not None else None
    digest_kind = (row.digest_kind or 0) if digest is not None else None
    if row.extents is not None and digest is not None:
        digest_kind, digest = _GUARD, guard(row.extents)
    is_directory, is_special = row.kind == _DIRECTORY, row.kind in SPECIAL
    return IndexEntry(
        row.path,
        row.change,
        _REGULAR if is_special else row.kind,
        row.mode,
        row.uid,
        row.gid,
        *names,
        digest_kind,
        number if number is None else number - offset,
        (row.object_offset or 0) if number is not None else 0,
        0 if is_directory else row.size,
        unfitted_time(row.mtime_ns),
        0 if is_directory else row.ctime_ns,
        0 if is_directory else row.inode,
        None if is_special else row.link,
        digest,
        _attributes(row) if is_special or any(_ODD(row)) or row.state != _KEPT else (),
    )


def _attributes(row: IndexRow) -> tuple[Attribute, ...]:
    found: list[Attribute] = []
    if row.state == FileState.FAILED:
        found.append((AttributeTag.REASON, (row.reason or "").encode()))
    elif row.state == FileState.PENDING:
        found.append((AttributeTag.REASON, _LOST))
    elif row.kind in SPECIAL:
        found.append((AttributeTag.REASON, f"a {KIND_WORDS[FileKind(row.kind)]}".encode()))
    elif row.extents is not None and row.object_id is None:
        found.append((AttributeTag.REASON, _HOLE))
    if row.stat_size is not None:
        found.append((AttributeTag.STAT_SIZE, write_varints([row.stat_size])))
    if row.racy:
        found.append((AttributeTag.RACY, b""))
    if row.link_set is not None:
        found.append((AttributeTag.LINK_SET, write_varints([row.link_set])))
    if row.xattrs is not None:
        found.append((AttributeTag.XATTRS, row.xattrs))
    if row.kind in SPECIAL:
        found.append((AttributeTag.SPECIAL, write_special(row.kind, row.link)))
    if row.extents is not None and row.state == _KEPT:
        kind = None if row.object_id is None else row.digest_kind
        found.append((AttributeTag.EXTENTS, write_sparse_content(kind, row.extents)))
    return tuple(found)


async def parts(tx: Transaction, what: Since) -> AsyncIterator[list[ObjectPart]]:
    """The objects of a run, in order, those of many segments in parts; in batches."""
    places: dict[int, int] = {}
    async for objects in index_rows.objects(tx, what):
        async for slices in _slices(tx, objects):
            names = [row.message_id for copies in slices for row in copies if row.is_there]
            aliases = await index_rows.aliases(tx, names)
            for copies in slices:
                realm = copies[0].realm_id
                if realm not in places:
                    places[realm] = await posted.place_of(tx, what.folder, realm)
            yield [
                _part([*mine], what.offset, places, aliases)
                for _, mine in groupby(slices, key=lambda copies: copies[0].object_id)
            ]


async def _slices(tx: Transaction, objects: list[int]) -> AsyncIterator[list[list[CopyRow]]]:
    """The slices of some objects, each with its copies, `_PART` at most at a time."""
    found: list[list[CopyRow]] = []
    async for page in index_rows.copies(tx, objects):
        for row in page:
            if found and _SLICE(found[-1][0]) == _SLICE(row):
                found[-1].append(row)
                continue
            if len(found) >= _PART:
                yield found
                found = []
            found.append([row])
    if found:
        yield found


def _part(
    slices: list[list[CopyRow]],
    offset: int,
    places: dict[int, int],
    aliases: dict[bytes, tuple[str, ...]],
) -> ObjectPart:
    first = slices[0][0]
    segments = tuple(
        [
            IndexSegment(
                copies[0].hash,
                tuple(
                    [
                        IndexArticle(
                            row.message_id,
                            row.codec,
                            row.payload_size,
                            aliases.get(row.message_id, ()),
                        )
                        for row in copies
                        if row.is_there
                    ]
                ),
            )
            for copies in slices
        ]
    )
    return ObjectPart(
        first.object_id - offset,
        places[first.realm_id],
        first.kind,
        first.size,
        first.segment_size,
        first.segment,
        segments,
    )
