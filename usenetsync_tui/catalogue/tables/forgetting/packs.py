"""Packs that are written again without the bytes that no row of a file has any more.

A pack keeps its id, and its files their places in it: only its articles are others, in which zeros
stand for what is gone. So no row of a file changes, and a restore that reads rows before or after
the exchange finds whole articles. The old ones belong to an object of their own from then on, which
is forgotten but stays until the index tells the new ones (`release`).

Knows the statements. Refuses to know how an article is read, made and posted (`pipeline.forget`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.digests import FileDigest, file_digest
from usenetsync_tui.postgres.arrays import int8_array

_SQL = load(__package__, "packs.sql")


class WornPack(NamedTuple):
    """A pack to write again; field order is that of the query."""

    id: int
    live: int
    """Its bytes that rows of files have."""
    realm_id: int
    size: int
    segment_size: int
    segments: int
    copies: int
    files: int
    first_key: bytes
    last_key: bytes


class PackPlace(NamedTuple):
    """Where the bytes of a file lie in a pack."""

    offset: int
    size: int
    digest: FileDigest | None


class PackExchange(NamedTuple):
    """A pack, and the object whose new articles it gets."""

    pack: int
    made: int
    left_out: int
    """Bytes of the pack that are zeros in them."""
    new_bytes: int
    """Bytes of the articles that were posted for it."""


async def are_chosen(tx: Transaction, folder: int) -> bool:
    """Whether `choose` was done since the last version of a folder was marked as forgotten."""
    chosen: bool = (await tx.one(_SQL["are_chosen"], _of(folder)))[0]
    return chosen


async def choose(
    tx: Transaction, folder: int, parts: int, closed: Sequence[tuple[int, int]]
) -> None:
    """Choose the packs of a folder to write again, when the rows of forgotten files are deleted.

    Those of whose bytes no file has one part in `parts` or more. `closed`: first and last version
    of ranges whose packs stay as they are. One pass over the folder's rows.
    """
    bases, lasts = [each[0] for each in closed], [each[1] for each in closed]
    for name in ("forget_plan", "choose", "chosen"):
        await tx.run(_SQL[name], _of(folder, parts=parts, bases=bases, lasts=lasts))


async def next_packs(tx: Transaction, folder: int, limit: int) -> list[WornPack]:
    """The next packs to write again."""
    return [WornPack._make(row) for row in await tx.fetch(_SQL["next"], _of(folder, limit=limit))]


async def places(
    tx: Transaction, folder: int, packs: Sequence[WornPack]
) -> Mapping[int, list[PackPlace]]:
    """The places of files of any version in some packs, by pack."""
    found: dict[int, list[PackPlace]] = {pack.id: [] for pack in packs}
    values = _of(folder, packs=int8_array(list(found)))
    values |= {"first": min(p.first_key for p in packs), "last": max(p.last_key for p in packs)}
    for pack, offset, size, digest, kind in await tx.fetch(_SQL["places"], values):
        found[pack].append(PackPlace(offset, size, file_digest(kind, digest)))
    return found


async def begin(tx: Transaction, folder: int, made: Collection[int]) -> None:
    """Objects that will have new articles of packs: forgotten, unless packs get these."""
    await tx.run(_SQL["begin"], _of(folder, made=int8_array(list(made))))


async def exchange(tx: Transaction, pairs: Sequence[PackExchange]) -> None:
    """Packs get new articles, all of which are posted. Announce it first (`index.changes`)."""
    packs, made = [pair.pack for pair in pairs], [pair.made for pair in pairs]
    values: dict[str, object] = {
        "packs": int8_array(packs),
        "made": int8_array(made),
        "both": int8_array([*packs, *made]),
        "left_out": int8_array([pair.left_out for pair in pairs]),
        "new_bytes": int8_array([pair.new_bytes for pair in pairs]),
    }
    for name in ("exchange", "rewritten", "replaced"):
        await tx.run(_SQL[name], values)


async def leave_out(tx: Transaction, left_out: Mapping[int, int]) -> None:
    """Packs in which so many bytes are zeros, or would free nothing if they were."""
    values = {"packs": int8_array(list(left_out)), "left_out": int8_array(list(left_out.values()))}
    await tx.run(_SQL["leave_out"], values)


async def done(tx: Transaction, packs: Collection[int]) -> None:
    """These packs need no more work in this job."""
    await tx.run(_SQL["done"], {"packs": int8_array(list(packs))})


async def has_replaced(tx: Transaction, folder: int) -> bool:
    """Whether articles that packs of a folder had before are still there."""
    found: bool = (await tx.one(_SQL["has_replaced"], _of(folder)))[0]
    return found


async def release(tx: Transaction, folder: int) -> None:
    """The index tells the new articles of all packs: the old ones may be deleted."""
    await tx.run(_SQL["release"], _of(folder))


async def is_read(tx: Transaction, folder: int) -> bool:
    """Whether a restore is under way that may still fetch articles that packs had before."""
    found: bool = (await tx.one(_SQL["reader"], _of(folder)))[0]
    return found


async def has_other_index(tx: Transaction, folder: int, realm: int | None) -> bool:
    """Whether a folder has an index in another realm than this one: no more is posted to that."""
    found: bool = (await tx.one(_SQL["other_index"], _of(folder, realm=realm)))[0]
    return found


def _of(folder: int, **values: object) -> dict[str, object]:
    return {"folder": folder, **values}
