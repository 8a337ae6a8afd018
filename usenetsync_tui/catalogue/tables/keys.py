"""How much the key of a sealed realm has sealed, and another key for what comes next.

`realms.sealed` is counted by the statements that write nonces down (`segments.sql`). A realm whose
key is worn is `renewed`: one that `continues` it takes its place in the folder, with a key of its
own. For everything else the two are one place (`moves`), so nothing is read or posted again.
"""

from __future__ import annotations

from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.model.folders import NEWEST_DRESS, Folder

_SQL = load(__package__, "keys.sql")


class Wear(NamedTuple):
    """A key's use; field order is that of the query."""

    sealed: int
    """Units of `codec.sealing`."""
    under_way: bool
    """Articles of the realm may have been sent, and no answer is known."""
    unfinished: bool
    """Articles of the realm are still to be posted, or to be looked for."""


async def wear(tx: Transaction, folder: Folder) -> Wear:
    """What the key of a folder's realm has sealed."""
    return Wear(*await tx.one(_SQL["wear"], {"folder": folder.id, "realm": folder.realm.id}))


async def renew(tx: Transaction, folder: Folder, wrapped_key: bytes) -> Folder:
    """The folder with a realm that continues its own under another key."""
    await tx.run(_SQL["retire"], {"realm": folder.realm.id})
    values = {"realm": folder.realm.id, "wrapped_key": wrapped_key, "dress": NEWEST_DRESS}
    realm_id = (await tx.one(_SQL["continue"], values))[0]
    await tx.run(_SQL["move"], {"folder": folder.id, "realm": realm_id})
    renewed = await folders.by_id(tx, folder.id)
    assert renewed is not None
    return renewed
