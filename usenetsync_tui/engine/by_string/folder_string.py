"""The recovery string of a folder: its secret is made on first use, and stays the same.

Knows how the secret becomes the string, with or without a passphrase. Refuses to know who asks,
and how the index gets into the store (`index_realm`).
"""

from __future__ import annotations

import secrets

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders, snapshots
from usenetsync_tui.codec.key_wrapping import SALT_SIZE
from usenetsync_tui.codec.recovery_string import recovery_string, wrapped_string
from usenetsync_tui.codec.sealing import NONCE_SIZE
from usenetsync_tui.engine.index_realm import make_secret
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.model.recovery.passphrases import passphrase_problem
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.pipeline.index.untold import what_waits


async def folder_string(
    catalogue: Catalogue, ring: KeyRing, folder: int, passphrase: str | None
) -> Secret:
    """The string of a folder, not grouped; with a passphrase it opens nothing without that.

    With a passphrase it differs each time, by its salt; the secret in it does not. `UsageError` for
    a weak passphrase; `KeyUnavailableError`, `NoKeyError` without what wraps the secret.
    """
    if passphrase is not None and (problem := passphrase_problem(passphrase)):
        raise UsageError(problem)
    wrapped = await make_secret(catalogue, ring, folder)
    secret = await to_thread.run_sync(ring.unwrap, wrapped)
    return await to_thread.run_sync(_written, secret, passphrase)


def _written(secret: bytes, passphrase: str | None) -> Secret:
    if passphrase is None:
        return Secret(recovery_string(secret))
    salt, nonce = secrets.token_bytes(SALT_SIZE), secrets.token_bytes(NONCE_SIZE)
    return Secret(wrapped_string(secret, passphrase, salt=salt, nonce=nonce))


async def names_that_wait(catalogue: Catalogue, folder: int) -> str:
    """Why names that articles got are not in the index that the string leads to; empty: they are.

    A sentence without its end.
    """
    async with catalogue.transaction() as tx:
        return await what_waits(tx, folder)


async def seen(catalogue: Catalogue, folder: int) -> tuple[Snapshot, ...]:
    """Record that the user sees the string; returns the finished versions, the oldest first."""
    async with catalogue.transaction(durable=True) as tx:
        await folders.saw_string(tx, folder)
        return tuple(await snapshots.finished(tx, folder))
