"""Whether the servers are silent, so that every connection in use waits for an answer.

Knows how long a silence must last to be shown. Refuses to know which tasks wait for a connection
(`servers`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from usenetsync_tui.model.waiting import Waiting, WaitsFor
from usenetsync_tui.store.usenet.pool.slots import ServerSlots

_WORTH_A_WORD = 2.0
"""Seconds of silence before it is shown: normal answers take less."""


def silence(entries: Iterable[ServerSlots]) -> Waiting | None:
    """The server whose silence began last, when all connections in use wait; else None."""
    used = [(entry, slot) for entry in entries for slot in entry.slots if slot.lanes]
    since = [(slot.silent_since, entry, slot) for entry, slot in used]
    begun = [(at, entry, slot) for at, entry, slot in since if at is not None]
    if not begun or len(begun) < len(used):
        return None
    last, entry, slot = max(begun, key=lambda one: one[0])
    seconds = time.monotonic() - last
    if seconds < _WORTH_A_WORD:
        return None
    doing = "no connection yet" if slot.connecting else "no answer yet"
    return Waiting(
        f"waiting for {entry.server.host}: {doing}", seconds, ", for", what=WaitsFor.SERVER
    )
