"""Prepares a folder that is here for versions that another machine has made of it since.

The numbers of its objects are those that the other machine gave them, moved by the folder's offset.
Where pages of its index have taken some of these numbers here, they get others; where another
folder has, all objects of this one do.
"""

from __future__ import annotations

from collections.abc import Mapping

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables.index import adopted

_SQL = load(__package__, "forward.sql")


async def has_open_job(tx: Transaction, folder: int) -> bool:
    """Whether a job of the folder waits or runs. None begins until the transaction ends."""
    await tx.run(_SQL["lock_folder"], {"folder": folder})
    found: bool = (await tx.one(_SQL["open_job"], {"folder": folder}))[0]
    return found


async def forget_building(tx: Transaction, folder: int, version: int) -> None:
    """Make a finished version the newest one: forget one that is under construction after it."""
    values = {"folder": folder, "version": version}
    for name in (
        *("forget_building", "reopen", "forget_vanished", "forget_snapshot"),
        *("forget_objects", "forget_sweeps"),
    ):
        await tx.run(_SQL[name], values)


async def make_room(tx: Transaction, folder: int, offset: int, next_object: int) -> int:
    """Reserve the numbers of a root's objects, below `next_object`; returns the folder's offset.

    That is another one if the numbers are in use here. Then every row of the folder is rewritten.
    """
    last: int = (await tx.one(_SQL["last_own"], {"folder": folder, "offset": offset}))[0]
    values = {"folder": folder, "last": last, "end": next_object + offset}
    await adopted.lock_numbers(tx)
    if not (await tx.one(_SQL["collides"], values))[0]:
        await tx.run(_SQL["advance"], {"end": next_object + offset})
        await tx.run(_SQL["shift_pages"], values)
        return offset
    new = await adopted.reserve(tx, next_object)
    for name in ("shift_segments", "shift_files", "shift_objects"):
        await tx.run(_SQL[name], {"folder": folder, "by": new - offset})
    return new


async def renew(tx: Transaction, realm: int) -> None:
    """Another realm continues this one."""
    await tx.run(_SQL["renew"], {"realm": realm})


async def set_choices(tx: Transaction, folder: int, values: Mapping[str, object]) -> None:
    """The folder is backed up as the other machine did, from the version it was adopted with on."""
    await tx.run(_SQL["continue"], {**values, "folder": folder})


async def end(tx: Transaction, folder: int) -> None:
    """After the runs are loaded and summed up."""
    await tx.run(_SQL["widen"], {"folder": folder})
    await tx.run(_SQL["wear"])
