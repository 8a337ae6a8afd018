"""objects_of_run: the objects of a run, streamed from the catalogue.

All in one transaction, in batches: memory holds a batch, whatever the folder. For use in a thread
(`Catalogue.in_thread`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import groupby
from operator import attrgetter

from usenetsync_tui.catalogue.lookups import index_rows
from usenetsync_tui.catalogue.lookups.index_rows import CopyRow, Since
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.model.index.entries import IndexArticle, IndexSegment, ObjectPart

_PART = 1000
"""The most segments of an object in one row of a page."""
_SLICE = attrgetter("object_id", "segment")


async def objects_of_run(tx: Transaction, what: Since) -> AsyncIterator[list[ObjectPart]]:
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
