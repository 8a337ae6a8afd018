"""How much the key of a sealed realm has sealed, the change to another key, and all wrapped keys.

The statements that record nonces count `realms.sealed` (`segments.sql`). When a key has sealed
enough, `renew` replaces the folder's realm with one that `continues` it under a new key. For
everything else the two count as one realm (`moves`), so nothing is read or posted again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.model.folders import NEWEST_HEADER_STYLE, Folder

_SQL = load(__package__, "keys.sql")


class KeyUse(NamedTuple):
    """A key's use; field order is that of the query."""

    sealed: int
    """Units of `codec.sealing`."""
    under_way: bool
    """Whether articles of the realm may have been sent without a known answer."""
    unfinished: bool
    """Whether articles of the realm are still to be posted or checked."""


async def key_use(tx: Transaction, folder: Folder) -> KeyUse:
    """The use of the key of a folder's realm."""
    return KeyUse(*await tx.one(_SQL["key_use"], {"folder": folder.id, "realm": folder.realm.id}))


async def renew(tx: Transaction, folder: Folder, wrapped_key: bytes) -> Folder:
    """Move the folder to a realm that continues its own under another key; returns it."""
    await tx.run(_SQL["retire"], {"realm": folder.realm.id})
    values = {
        "realm": folder.realm.id,
        "wrapped_key": wrapped_key,
        "header_style": NEWEST_HEADER_STYLE,
    }
    realm_id = (await tx.one(_SQL["continue"], values))[0]
    await tx.run(_SQL["move"], {"folder": folder.id, "realm": realm_id})
    renewed = await folders.by_id(tx, folder.id)
    assert renewed is not None
    return renewed


class WrappedKey(NamedTuple):
    """The wrapped key of a realm; field order is that of the query."""

    realm: int
    wrapped: bytes
    name: str | None
    """The folder's name; None if there is no folder at the path any more."""
    path: bytes
    is_index: bool
    """Whether it is the secret of the folder's index."""
    is_renewed: bool
    """Whether the folder has another key for its next versions."""


async def every_wrapped(tx: Transaction) -> list[WrappedKey]:
    """The wrapped keys of all realms, by folder."""
    return [WrappedKey(*row) for row in await tx.fetch(_SQL["wrapped"])]


async def rewrap(tx: Transaction, wrapped: Mapping[int, bytes], before: list[WrappedKey]) -> bool:
    """Replace the wrapped keys of realms, if all are still as they were; else return False."""
    await tx.run(_SQL["hold_keys"])
    if await every_wrapped(tx) != before:
        return False
    values = {"realms": list(wrapped), "wrapped": list(wrapped.values())}
    await tx.run(_SQL["rewrap"], values)
    return True
