"""The folder's secret of a recovery string that a window sent."""

from __future__ import annotations

from anyio import to_thread

from usenetsync_tui.model.secret import Secret


async def secret_of(string: Secret, passphrase: Secret) -> bytes:
    """The secret; an empty passphrase is none. `UsageError`: a slip, or a wrong passphrase."""
    from usenetsync_tui.codec.recovery_string import read_string  # which few runs need

    read = read_string(string)
    return await to_thread.run_sync(read.opened, str(passphrase) or None)
