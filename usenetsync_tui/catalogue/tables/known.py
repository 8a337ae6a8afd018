"""Facts about content that is read again: its place, and the articles that carry it.

Knows rows of `files`, `objects` and `segments` together; refuses to know how a file is read and
compared.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables.index import changes
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.catalogue.tables.segments import KnownArticle, known_by_slice
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.segments import SegmentStatus
from usenetsync_tui.model.value_object import value_object

_SQL = load(__package__, "known.sql")


@value_object
class Slice:
    """A slice of a file's object, and its digest."""

    object: NewObject
    index: int
    hash: bytes


async def usable(tx: Transaction, folder: Folder, objects: Collection[int]) -> set[int]:
    """Which of some objects files of the folder can continue to use."""
    if not objects:
        return set()
    values = {"objects": list(objects), "folder": folder.id}
    values |= {"realm": folder.realm.id, "copies": folder.copies}
    return set(column(await tx.fetch(_SQL["usable"], values)))


async def undo_unchanged(tx: Transaction, folder: int, version: int, keys: Sequence[bytes]) -> int:
    """Undo the new rows of files whose kept attributes equal the version before.

    Returns how many of these keys that are.
    """
    if not keys or version == 1:
        return 0
    values = {"folder": folder, "version": version, "keys": list(keys)}
    await changes.announce(tx)
    return len(await tx.fetch(_SQL["undo_unchanged"], values))


async def slices(tx: Transaction, object_id: int, first: int, last: int) -> dict[int, bytes]:
    """Digests by index of the slices `first` (inclusive) to `last` (exclusive), if planned."""
    values = {"object": object_id, "first": first, "last": last}
    return dict(await tx.fetch(_SQL["slices"], values))


async def share(
    tx: Transaction, new: int, old: int, first: int, last: int, copies: int
) -> tuple[int, int]:
    """Let slices of the object `new` use the articles of `old`.

    Returns (articles used, how many of them are posted); fewer than slices × copies when some are
    lost.
    """
    values = {"new": new, "old": old, "first": first, "last": last, "copies": copies}
    statuses = column(await tx.fetch(_SQL["share"], values))
    return len(statuses), sum(SegmentStatus(status).is_there for status in statuses)


async def posted_before(
    tx: Transaction, folder: Folder, wanted: Sequence[Slice]
) -> list[tuple[int, int, KnownArticle]]:
    """(object, segment index, article) of slices that an earlier state of the path has posted."""
    values = {
        "folder": folder.id,
        "realm": folder.realm.id,
        "copies": folder.copies,
        "objects": [w.object.id for w in wanted],
        "indexes": [w.index for w in wanted],
        "keys": [w.object.first_key for w in wanted],
        "sizes": [w.object.size for w in wanted],
        "segment_sizes": [w.object.segment_size for w in wanted],
        "hashes": [w.hash for w in wanted],
    }
    rows = await tx.fetch(_SQL["posted_before"], values)
    return known_by_slice(rows)
