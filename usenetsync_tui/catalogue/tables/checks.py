"""When posted articles are looked for, and which of them are not there: also of `segments`.

"Posted" is not "verified": a server acknowledges an article before it can be read. The
schedule itself is the caller's; here is when the next look is due, and how many were in vain.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables.segments import segment_of
from usenetsync_tui.model.segments import Segment

_SQL = load(__package__, "checks.sql")


class Due(NamedTuple):
    """A posted article to be looked for, and how often it was not there."""

    segment: Segment
    checks: int


async def due(tx: Transaction, realm: int, longest: float, limit: int) -> list[Due]:
    """Posted articles of a realm that are to be looked for now.

    `longest`: seconds that any of them has to wait at most; what is due later is due now.
    """
    rows = await tx.fetch(_SQL["due"], {"realm": realm, "longest": longest, "limit": limit})
    return [Due(segment_of(fields), checks) for *fields, checks in rows]


async def next_due(tx: Transaction, realm: int, longest: float) -> float | None:
    """Seconds until an article of a realm is to be looked for; None when none waits."""
    values = {"realm": realm, "longest": longest}
    seconds: float | None = (await tx.one(_SQL["next_due"], values))[0]
    return seconds


async def waits(tx: Transaction, realm: int, seconds: float) -> bool:
    """Whether an article of a realm is to be looked for, and not within so many seconds."""
    later: bool = (await tx.one(_SQL["waits"], {"realm": realm, "seconds": seconds}))[0]
    return later


async def postpone(tx: Transaction, delays: Mapping[bytes, float], longest: float) -> None:
    """Not readable yet; looked for again after so many seconds, by Message-ID."""
    values = {
        "message_ids": list(delays),
        "delays": list(delays.values()),
        "longest": longest,
    }
    await tx.run(_SQL["postpone"], values)


async def put_off(tx: Transaction, message_ids: Collection[bytes], delay: float) -> None:
    """No clear answer; looked for again after so many seconds, as if nobody had asked."""
    await tx.run(_SQL["put_off"], {"message_ids": list(message_ids), "delay": delay})


async def wall(tx: Transaction) -> float:
    """What the database's clock says, in seconds."""
    seconds: float = (await tx.one(_SQL["wall"]))[0]
    return seconds


async def bring_forward(tx: Transaction, realm: int, seconds: float) -> None:
    """The clock was set back by so much while articles wait: they do not wait longer for that."""
    await tx.run(_SQL["bring_forward"], {"realm": realm, "seconds": seconds})


async def unverified(tx: Transaction, folder: int, realm: int) -> int:
    """How many articles of a folder in a realm are posted, to be found, and not found yet."""
    count: int = (await tx.one(_SQL["unverified"], {"folder": folder, "realm": realm}))[0]
    return count


async def missing(tx: Transaction, folder: int, realm: int) -> int:
    """How many articles of a folder that were posted in a realm are missing now."""
    count: int = (await tx.one(_SQL["missing"], {"folder": folder, "realm": realm}))[0]
    return count


async def gone(tx: Transaction, folder: int, damaged: str) -> tuple[int, int]:
    """How many articles of a folder are known to be gone, and how many of them were damaged.

    `damaged`: the words by which they were marked so.
    """
    every, some = await tx.one(_SQL["gone"], {"folder": folder, "damaged": damaged})
    return every, some


class Lacking(NamedTuple):
    """Articles that are not posted; `sendable` are those whose source has not changed."""

    articles: int
    sendable: int


async def lacking(tx: Transaction, folder: int, realm: int) -> Lacking:
    """What the objects of a folder in a realm lack."""
    return Lacking(*await tx.one(_SQL["lacking"], {"folder": folder, "realm": realm}))


async def lost_by_version(tx: Transaction, folder: int) -> list[tuple[int, int]]:
    """(version, articles it lacks) of the finished versions that lack some."""
    return await tx.fetch(_SQL["lost_by_version"], {"folder": folder})
