"""A folder whose articles go elsewhere from now on: to another realm, or in more copies.

Its current files are then read again in the version under construction, though they did not
change; earlier versions keep their articles where they are. A realm that only continues another
one under a new key (`keys`) is the same place: what is there stays there, but for files that are
not whole, or that cannot be decoded.
"""

from __future__ import annotations

from collections.abc import Collection

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.segments import LARGEST_PAYLOAD

_SQL = load(__package__, "moves.sql")


async def is_placed(tx: Transaction, folder: Folder, version: int) -> bool:
    """Whether what the version takes over from earlier ones is where the folder wants it."""
    row = await tx.maybe(_SQL["placed"], _values(folder, version))
    return row is not None and bool(row[0])


async def place(tx: Transaction, folder: Folder, version: int) -> None:
    """The version is where the folder wants it."""
    await tx.run(_SQL["place"], _values(folder, version))


async def strays(tx: Transaction, folder: Folder, after: bytes, limit: int) -> list[bytes]:
    """Keys of the next current files, after a key, that are not where the folder wants them."""
    return column(
        await tx.fetch(_SQL["strays"], {**_values(folder, 0), "after": after, "limit": limit})
    )


async def torn(tx: Transaction, folder: Folder, limit: int) -> list[bytes]:
    """Keys of some current files whose articles are under an earlier key, and not all there."""
    return column(await tx.fetch(_SQL["torn"], {**_values(folder, 0), "limit": limit}))


async def oversized(tx: Transaction, folder: Folder, limit: int) -> list[bytes]:
    """Keys of some current files that can never be had back from Usenet as they were cut.

    They were planned, or posted, when `chunk_size` was larger than what can be decoded.
    """
    values = {**_values(folder, 0), "largest": LARGEST_PAYLOAD, "limit": limit}
    return column(await tx.fetch(_SQL["oversized"], values))


async def read_again(
    tx: Transaction, folder: Folder, version: int, keys: Collection[bytes]
) -> None:
    """These current files are to be read again in the version under construction."""
    await tx.run(_SQL["read_again"], {**_values(folder, version), "keys": list(keys)})


def _values(folder: Folder, version: int) -> dict[str, object]:
    return {
        "folder": folder.id,
        "realm": folder.realm.id,
        "copies": folder.copies,
        "version": version,
    }
