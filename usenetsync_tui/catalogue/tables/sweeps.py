"""The `sweeps` table: how far each sweep of verify is, so that an interrupted one continues.

A page of findings and the new position commit together: no article is counted twice, and none is
forgotten, wherever the program ends.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from usenetsync_tui.catalogue.session import Transaction, load, text
from usenetsync_tui.catalogue.tables.segments import segments_of
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.model.sweeps import Scope, Sweep

_SQL = load(__package__, "sweeps.sql")


async def under_way(tx: Transaction, scope: Scope) -> Sweep | None:
    """The sweep of a scope that was interrupted; None when none was."""
    row = await tx.maybe(_SQL["under_way"], _key(scope))
    return None if row is None else Sweep(*row)


async def begin(
    tx: Transaction, scope: Scope, job_id: int, *, known_missing: int, known_damaged: int
) -> Sweep:
    """A new sweep, of a sample's next part; the counts are articles known to be lost."""
    values = {
        "job": job_id,
        "lost": known_missing + known_damaged,
        "missing": known_missing,
        "damaged": known_damaged,
    }
    return Sweep(*await tx.one(_SQL["begin"], _key(scope) | values))


async def take_over(tx: Transaction, scope: Scope, job_id: int) -> None:
    """Let another job continue a sweep, and give it the notices of what was found so far."""
    await tx.run(_SQL["take_over"], _key(scope) | {"job": job_id})


async def advance(tx: Transaction, scope: Scope, sweep: Sweep) -> None:
    """Record a sweep's new position and counts."""
    await tx.run(
        _SQL["advance"],
        asdict(sweep) | _key(scope) | {"why_unknown": text(sweep.why_unknown)},
    )


async def finish(tx: Transaction, scope: Scope) -> None:
    """Record that a sweep is over: the next one starts from the beginning."""
    await tx.run(_SQL["finish"], _key(scope))


async def objects(tx: Transaction, folder: int, first: int, limit: int) -> list[tuple[int, int]]:
    """(id, files in it) of the objects of a folder, from the id `first` on, in order."""
    return await tx.fetch(_SQL["objects"], {"folder": folder, "first": first, "limit": limit})


async def articles(
    tx: Transaction,
    objects: Collection[int],
    after: tuple[int, int, int],
    limit: int,
    *,
    sample: int = 1,
    part: int = 0,
) -> list[Segment]:
    """The next posted articles of these objects, all or those of a sample's part.

    `after`: (object, segment index, redundancy); (0, -1, 0) begins.
    """
    first, index, redundancy = after
    values = {
        "objects": list(objects),
        "object": first,
        "index": index,
        "redundancy": redundancy,
        "limit": limit,
        "sample": sample,
        "part": part,
    }
    return segments_of(await tx.fetch(_SQL["posted_articles"], values))


async def keys(
    tx: Transaction, folder: int, objects: Sequence[int]
) -> list[tuple[int, bytes, bytes]]:
    """(id, first key, last key) of those of some objects that belong to a folder."""
    return await tx.fetch(_SQL["keys"], {"folder": folder, "objects": list(objects)})


async def total(tx: Transaction, folder: int) -> tuple[int, int]:
    """(source bytes of a folder's posted articles, files of its objects)."""
    size, files = await tx.one(_SQL["total"], {"folder": folder})
    return size, files


def _key(scope: Scope) -> dict[str, Any]:
    return {"folder": scope.folder_id, "bodies": scope.bodies, "sample": scope.sample}
