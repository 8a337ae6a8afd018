"""The checks of posted articles: when each is due, and what they found (rows of `segments`).

"Posted" is not "verified": a server acknowledges an article before it can be read. The caller
decides the schedule; this module records when the next check is due and how many failed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables.segments import segment_of
from usenetsync_tui.model.segments import Segment

_SQL = load(__package__, "checks.sql")


class Due(NamedTuple):
    """A posted article to be checked, and how many checks did not find it."""

    segment: Segment
    checks: int


async def due(tx: Transaction, realm: int, longest: float, limit: int) -> list[Due]:
    """Posted articles of a realm whose check is due now.

    `longest`: the most seconds that any of them waits; a check due later than that is due now.
    """
    rows = await tx.fetch(_SQL["due"], {"realm": realm, "longest": longest, "limit": limit})
    return [Due(segment_of(fields), checks) for *fields, checks in rows]


async def next_due(tx: Transaction, realm: int, longest: float) -> float | None:
    """Seconds until the next check of a realm's article; None when none waits."""
    values = {"realm": realm, "longest": longest}
    seconds: float | None = (await tx.one(_SQL["next_due"], values))[0]
    return seconds


async def waits(tx: Transaction, realm: int, seconds: float) -> bool:
    """Whether an article of a realm waits for a check for longer than `seconds`."""
    later: bool = (await tx.one(_SQL["waits"], {"realm": realm, "seconds": seconds}))[0]
    return later


async def postpone(tx: Transaction, delays: Mapping[bytes, float], longest: float) -> None:
    """Check articles that are not readable yet again, after seconds by Message-ID."""
    values = {
        "message_ids": list(delays),
        "delays": list(delays.values()),
        "longest": longest,
    }
    await tx.run(_SQL["postpone"], values)


async def check_later(tx: Transaction, message_ids: Collection[bytes], delay: float) -> None:
    """No clear answer: check again after `delay` seconds; this check does not count."""
    await tx.run(_SQL["check_later"], {"message_ids": list(message_ids), "delay": delay})


async def database_clock(tx: Transaction) -> float:
    """The database's clock, in seconds."""
    seconds: float = (await tx.one(_SQL["database_clock"]))[0]
    return seconds


async def bring_forward(tx: Transaction, realm: int, seconds: float) -> None:
    """Move waiting checks forward by `seconds`, by which the clock was set back."""
    await tx.run(_SQL["bring_forward"], {"realm": realm, "seconds": seconds})


async def unverified(tx: Transaction, folder: int, realm: int) -> int:
    """The number of a folder's posted articles in a realm that wait for their check."""
    count: int = (await tx.one(_SQL["unverified"], {"folder": folder, "realm": realm}))[0]
    return count


async def missing(tx: Transaction, folder: int, realm: int) -> int:
    """The number of a folder's articles that were posted in a realm and are missing now."""
    count: int = (await tx.one(_SQL["missing"], {"folder": folder, "realm": realm}))[0]
    return count


async def lost_articles(tx: Transaction, folder: int, damaged: str) -> tuple[int, int]:
    """How many articles of a folder are known to be lost, and how many of these are damaged.

    `damaged`: the text by which damaged ones are marked.
    """
    every, some = await tx.one(_SQL["lost_articles"], {"folder": folder, "damaged": damaged})
    return every, some


class Lacking(NamedTuple):
    """Articles that are not posted; `sendable` are those whose source has not changed."""

    articles: int
    sendable: int


async def lacking(tx: Transaction, folder: int, realm: int) -> Lacking:
    """The articles that the objects of a folder lack in a realm."""
    return Lacking(*await tx.one(_SQL["lacking"], {"folder": folder, "realm": realm}))


async def lost_by_version(tx: Transaction, folder: int) -> list[tuple[int, int]]:
    """(version, articles it lacks) of the finished versions that lack some."""
    return await tx.fetch(_SQL["lost_by_version"], {"folder": folder})
