"""The `objects` table: runs of bytes, and how many of their articles the store acknowledged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables import snapshots

_SQL = load(__package__, "objects.sql")


@dataclass(frozen=True, slots=True)
class NewObject:
    """An object to be planned. Sizes are bytes, `segments` is the number of its slices."""

    id: int
    kind: int
    size: int
    segment_size: int
    segments: int
    files: int
    first_key: bytes
    last_key: bytes


class OpenObject(NamedTuple):
    """An object with articles still to post; field order is that of the query."""

    id: int
    realm_id: int
    kind: int
    size: int
    segment_size: int
    segments: int
    copies: int
    files: int
    first_key: bytes
    last_key: bytes


class Progressed(NamedTuple):
    """An object after acknowledgements were added."""

    id: int
    folder_id: int
    complete: bool
    files: int


async def allocate(tx: Transaction, count: int) -> list[int]:
    """A block of fresh object ids."""
    return column(await tx.fetch(_SQL["allocate"], {"count": count}))


async def insert(
    tx: Transaction, folder: int, realm: int, copies: int, objects: Sequence[NewObject]
) -> None:
    """Record new objects; one that exists stays as it is."""
    if not objects:
        return
    await tx.run(
        _SQL["insert"],
        {
            "folder": folder,
            "realm": realm,
            "copies": copies,
            "ids": [o.id for o in objects],
            "kinds": [o.kind for o in objects],
            "sizes": [o.size for o in objects],
            "segment_sizes": [o.segment_size for o in objects],
            "segments": [o.segments for o in objects],
            "files": [o.files for o in objects],
            "first_keys": [o.first_key for o in objects],
            "last_keys": [o.last_key for o in objects],
        },
    )


async def add_posted(tx: Transaction, counts: Counter[int]) -> list[Progressed]:
    """Add acknowledged (negative: lost) articles to the counts of their objects, by id."""
    if not counts:
        return []
    rows = await tx.fetch(
        _SQL["add_posted"], {"ids": list(counts), "counts": list(counts.values())}
    )
    return [Progressed(*r) for r in rows]


async def take_back(tx: Transaction, lost: Iterable[int]) -> None:
    """Subtract lost articles, given by their objects, and mark the versions that lack them."""
    counts = Counter({object_id: -count for object_id, count in Counter(lost).items()})
    hurt = await add_posted(tx, counts)
    await snapshots.mark_incomplete(tx, [o.id for o in hurt])


async def incomplete_page(tx: Transaction, folder: int, after: int, limit: int) -> list[OpenObject]:
    """The next objects of a folder that lack articles."""
    rows = await tx.fetch(
        _SQL["incomplete_page"], {"folder": folder, "after": after, "limit": limit}
    )
    return [OpenObject(*r) for r in rows]


async def waiting_files(tx: Transaction, folder: int, realm: int) -> int:
    """The number of files read to their end whose articles an earlier run did not post."""
    count: int = (await tx.one(_SQL["waiting_files"], {"folder": folder, "realm": realm}))[0]
    return count


async def planned_bytes(tx: Transaction, folder: int) -> int:
    """Bytes of the planned slices of large files which an earlier run did not read to the end."""
    count: int = (await tx.one(_SQL["planned_bytes"], {"folder": folder}))[0]
    return count


async def delete(tx: Transaction, object_id: int) -> None:
    """Delete an object that nothing refers to."""
    await tx.run(_SQL["delete"], {"object": object_id})


async def delete_unused(tx: Transaction, object_id: int) -> bool:
    """Delete an object unless a file of any version uses it; True if a deleted one was complete."""
    row = await tx.maybe(_SQL["delete_unused"], {"object": object_id})
    return row is not None and bool(row[0])


async def delete_left_behind(tx: Transaction, folder: int) -> None:
    """Delete incomplete objects that no file uses: their files continued in other objects."""
    await tx.run(_SQL["delete_left_behind"], {"folder": folder})


async def complete(tx: Transaction, objects: Collection[int]) -> set[int]:
    """Those of some objects that have all their articles."""
    if not objects:
        return set()
    return set(column(await tx.fetch(_SQL["complete"], {"objects": list(objects)})))


async def shape(tx: Transaction, object_id: int) -> tuple[int, int, int] | None:
    """(size, segment size, copies) of a file's object that a resumed upload may continue."""
    row = await tx.maybe(_SQL["shape"], {"object": object_id})
    return (row[0], row[1], row[2]) if row else None
