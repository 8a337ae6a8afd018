"""Gives a folder a new key when its key has sealed enough, before its next upload begins.

The folder gets the new key only when no article is planned, unchecked or lost under the old one: an
article that may have been sent must not be posted again under another name. If a server keeps
refusing an article, the key is renewed anyway at four times the bound, and incomplete files are
read again.
"""

from __future__ import annotations

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders, keys
from usenetsync_tui.codec import sealing
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.model.folders import Folder

_AT_LAST = 4
"""Times the bound, after which a key is renewed even if articles are unfinished."""


async def renewed(catalogue: Catalogue, ring: KeyRing, folder: Folder) -> Folder:
    """The folder, with a new key if the old one has sealed enough. `NoKeyError`."""
    if folder.realm.wrapped_key is None:
        return folder
    async with catalogue.transaction() as tx:
        use = await keys.key_use(tx, folder)
        others = await folders.wrapped_keys(tx)
    bound = sealing.RENEW_AFTER * (_AT_LAST if use.unfinished else 1)
    if use.under_way or use.sealed < bound:
        return folder
    wrapped = await to_thread.run_sync(ring.new_key, others)
    async with catalogue.transaction(durable=True) as tx:
        return await keys.renew(tx, folder, wrapped)
