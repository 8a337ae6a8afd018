"""What changes after an index told it: which changes a run, or a root, surely has.

Rows of files and names of articles have the time of their last change, and the next run tells those
that are newer than the run before. A transaction may change a row before a run is read and commit
after it: the run does not see the change, and the time of the change is before the run. So a
transaction announces such changes first, and takes the time (`clock_timestamp`) after that; a run
takes its moment while no such transaction is open, and before it reads. What was changed before the
moment is committed, and all later changes have later times.
"""

from __future__ import annotations

from datetime import datetime

from usenetsync_tui.catalogue.session import Catalogue, Transaction, load

_SQL = load(__package__, "changes.sql")
_LOCK = {"lock": int.from_bytes(b"usync:ch")}


async def announce(tx: Transaction) -> None:
    """Before a transaction changes rows of finished versions, or names of articles."""
    await tx.run(_SQL["announce"], _LOCK)


async def moment(catalogue: Catalogue) -> datetime:
    """A time by the database's clock: what was changed before it can be read by now.

    Waits for open transactions that announced a change. The caller must hold no transaction open.
    """
    async with catalogue.transaction() as tx:
        await tx.run(_SQL["hold"], _LOCK)
        at: datetime = (await tx.one(_SQL["moment"]))[0]
        return at
