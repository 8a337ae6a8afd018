"""The index of a folder after versions were forgotten: what no root of a kept version leads to.

The newest root lists the kept versions alone. Runs and roots of forgotten versions stay as long as
a kept version is read through them.
"""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Transaction, column, load

_SQL = load(__package__, "index_pages.sql")


async def forget_needless(tx: Transaction, folder: int, stride: int) -> None:
    """Delete runs and roots that no kept version is read through; their articles go later.

    `stride`: the roots of each so many versions stay, since the newest version is found by them.
    """
    await tx.run(_SQL["forget_runs"], {"folder": folder})
    await tx.run(_SQL["forget_roots"], {"folder": folder, "stride": stride})


async def is_told(tx: Transaction, folder: int, realm: int) -> bool:
    """Whether the newest root was made after the last version was forgotten, or there is none."""
    told: bool = (await tx.one(_SQL["is_told"], {"folder": folder, "realm": realm}))[0]
    return told


async def kept_before(tx: Transaction, folder: int, version: int) -> tuple[int, ...] | None:
    """The finished versions before one, ascending; None: no version up to it was forgotten."""
    values = {"folder": folder, "version": version}
    if not (await tx.one(_SQL["has_gaps"], values))[0]:
        return None
    return tuple(column(await tx.fetch(_SQL["unlisted"], values)))
