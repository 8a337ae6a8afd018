"""rows: the entries and objects of a run, streamed from the catalogue in path order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import groupby

from anyio import to_thread

from usenetsync_tui.catalogue.lookups import index_rows
from usenetsync_tui.catalogue.lookups.index_rows import IndexRow, Since, SliceRow
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.codec.index.varints import write_varints
from usenetsync_tui.disk.owner_names import OwnerNames
from usenetsync_tui.model.entries import FileKind, FileState, unfitted_time
from usenetsync_tui.model.index_entries import (
    Attribute,
    AttributeTag,
    EntryChange,
    IndexArticle,
    IndexEntry,
    IndexSegment,
    ObjectPart,
    removed,
)
from usenetsync_tui.model.path_keys import KEY_HEAD

_PART = 1000
"""The most segments of an object in one row of a page."""


async def entries(catalogue: Catalogue, what: Since, limit: int) -> AsyncIterator[IndexEntry]:
    """The entries of a run, in path order. `limit`: rows a page."""
    gone = _in_path_order(_removed(catalogue, what, limit))
    next_gone = await anext(gone, None)
    async for entry in _in_path_order(_changed(catalogue, what, limit)):
        while next_gone is not None and next_gone.path < entry.path:
            yield next_gone
            next_gone = await anext(gone, None)
        yield entry
    while next_gone is not None:
        yield next_gone
        next_gone = await anext(gone, None)


async def _in_path_order(
    rows: AsyncIterator[tuple[bytes, IndexEntry]],
) -> AsyncIterator[IndexEntry]:
    """Entries in the order of their paths, from the order of their keys.

    Long paths that share the head of their keys are ordered by digests there. They are sorted here,
    in memory.
    """
    held: list[IndexEntry] = []
    head = b""
    async for key, entry in rows:
        if held and key[:KEY_HEAD] != head:
            for each in sorted(held):
                yield each
            held.clear()
        if len(key) > KEY_HEAD:
            head = key[:KEY_HEAD]
            held.append(entry)
        else:
            yield entry
    for each in sorted(held):
        yield each


async def _changed(
    catalogue: Catalogue, what: Since, limit: int
) -> AsyncIterator[tuple[bytes, IndexEntry]]:
    start, names = b"", OwnerNames()
    while True:
        async with catalogue.transaction() as tx:
            page = await index_rows.changed_page(tx, what, start, limit)
        if not page:
            return
        owners = {(row.uid, row.gid) for row in page}
        if names.unknown(owners):
            await to_thread.run_sync(names.learn, owners)
        for row in page:
            yield row.key, _entry(row, names.of(row.uid, row.gid), what)
        start = page[-1].key + b"\0"


async def _removed(
    catalogue: Catalogue, what: Since, limit: int
) -> AsyncIterator[tuple[bytes, IndexEntry]]:
    start = b""
    while what.since:
        async with catalogue.transaction() as tx:
            page = await index_rows.removed_page(tx, what, start, limit)
        if not page:
            return
        for path, key in page:
            yield key, removed(path)
        start = page[-1][1] + b"\0"


def _entry(row: IndexRow, names: tuple[bytes, bytes], what: Since) -> IndexEntry:
    change = EntryChange.MODIFIED if row.was_there else EntryChange.ADDED
    is_kept = row.state == FileState.PLANNED and row.object_id is not None
    has_digest = is_kept and row.digest is not None
    is_directory = row.kind == FileKind.DIRECTORY
    return IndexEntry(
        path=row.path,
        change=change if what.since else EntryChange.PRESENT,
        kind=row.kind,
        mode=row.mode,
        uid=row.uid,
        gid=row.gid,
        user=names[0],
        group=names[1],
        digest_kind=(row.digest_kind or 0) if has_digest else None,
        object=row.object_id - what.offset if is_kept and row.object_id is not None else None,
        offset=(row.object_offset or 0) if is_kept else 0,
        size=0 if is_directory else row.size,
        mtime_ns=unfitted_time(row.mtime_ns),
        ctime_ns=0 if is_directory else row.ctime_ns,
        inode=0 if is_directory else row.inode,
        link=row.link,
        digest=row.digest if has_digest else None,
        attributes=_attributes(row),
    )


def _attributes(row: IndexRow) -> tuple[Attribute, ...]:
    found: list[Attribute] = []
    if row.state == FileState.FAILED:
        found.append((AttributeTag.REASON, (row.reason or "").encode()))
    if row.stat_size is not None:
        found.append((AttributeTag.STAT_SIZE, write_varints([row.stat_size])))
    if row.racy:
        found.append((AttributeTag.RACY, b""))
    return tuple(found)


async def parts(catalogue: Catalogue, what: Since, limit: int) -> AsyncIterator[ObjectPart]:
    """The objects of a run, in order, those of many segments in parts."""
    after, places = 0, dict[int, int]()
    while True:
        async with catalogue.transaction() as tx:
            objects = await index_rows.brought(tx, what, after, limit)
        if not objects:
            return
        after, slice_ = objects[-1], (0, -1)
        while True:
            async with catalogue.transaction() as tx:
                rows = await index_rows.slices(tx, objects, slice_, _PART)
                names = [name for row in rows for name in row.message_ids]
                aliases = await index_rows.aliases(tx, names)
                for row in rows:
                    if row.realm_id not in places:
                        places[row.realm_id] = await posted.place_of(tx, what.folder, row.realm_id)
            if not rows:
                break
            slice_ = rows[-1].object_id, rows[-1].segment
            for _, of_object in groupby(rows, key=lambda row: row.object_id):
                yield _part([*of_object], what.offset, places, aliases)


def _part(
    rows: list[SliceRow],
    offset: int,
    places: dict[int, int],
    aliases: dict[bytes, tuple[str, ...]],
) -> ObjectPart:
    first = rows[0]
    segments = tuple(
        IndexSegment(
            row.hash,
            tuple(
                IndexArticle(name, codec, size, aliases.get(name, ()))
                for name, codec, size in zip(
                    row.message_ids, row.codecs, row.payload_sizes, strict=True
                )
            ),
        )
        for row in rows
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
