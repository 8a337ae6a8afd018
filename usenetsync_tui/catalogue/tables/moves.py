"""A folder that posts differently from now on: to another realm, or in more copies.

The next upload then reads the current files again, though they did not change; earlier versions
keep their articles where they are. A realm that only continues another one under a new key (`keys`)
does not count as another realm: articles stay, except of files that are incomplete or that cannot
be decoded.
"""

from __future__ import annotations

from collections.abc import Collection

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.segments import LARGEST_PAYLOAD

_SQL = load(__package__, "moves.sql")


async def is_placed(tx: Transaction, folder: Folder, version: int) -> bool:
    """Whether all unchanged files of the version are in the folder's realm and copies."""
    row = await tx.maybe(_SQL["placed"], _values(folder, version))
    return row is not None and bool(row[0])


async def place(tx: Transaction, folder: Folder, version: int) -> None:
    """Record that the version is in the folder's realm and copies."""
    await tx.run(_SQL["place"], _values(folder, version))


async def misplaced(tx: Transaction, folder: Folder, after: bytes, limit: int) -> list[bytes]:
    """Keys of the next current files, after a key, in another realm or in too few copies."""
    return column(
        await tx.fetch(_SQL["misplaced"], {**_values(folder, 0), "after": after, "limit": limit})
    )


async def under_old_key(tx: Transaction, folder: Folder, limit: int) -> list[bytes]:
    """Keys of some current files with articles under an earlier key, of which some are lacking."""
    return column(await tx.fetch(_SQL["under_old_key"], {**_values(folder, 0), "limit": limit}))


async def oversized(tx: Transaction, folder: Folder, limit: int) -> list[bytes]:
    """Keys of some current files whose articles are too large to be decoded.

    They were planned, or posted, with a larger `chunk_size` than can be decoded.
    """
    values = {**_values(folder, 0), "largest": LARGEST_PAYLOAD, "limit": limit}
    return column(await tx.fetch(_SQL["oversized"], values))


async def read_again(
    tx: Transaction, folder: Folder, version: int, keys: Collection[bytes]
) -> None:
    """Mark current files as to be read again in the version under construction."""
    await tx.run(_SQL["read_again"], {**_values(folder, version), "keys": list(keys)})


def _values(folder: Folder, version: int) -> dict[str, object]:
    return {
        "folder": folder.id,
        "realm": folder.realm.id,
        "copies": folder.copies,
        "version": version,
    }
