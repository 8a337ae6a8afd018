"""Whether the servers are silent, so that every connection in use waits for an answer.

Knows how long a silence must last to be shown. Refuses to know which tasks wait for a connection
(`servers`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from usenetsync_tui.model.waiting import Waiting
from usenetsync_tui.store.usenet.pool.slots import ServerSlots

_WORTH_A_WORD = 2.0
"""Seconds of silence before it is shown: normal answers take less."""


def silence(places: Iterable[ServerSlots]) -> Waiting | None:
    """The server whose silence began last, when all connections in use wait; else None."""
    used = [(place, slot) for place in places for slot in place.slots if slot.lanes]
    since = [(slot.silent_since, place, slot) for place, slot in used]
    begun = [(at, place, slot) for at, place, slot in since if at is not None]
    if not begun or len(begun) < len(used):
        return None
    last, place, slot = max(begun, key=lambda one: one[0])
    seconds = time.monotonic() - last
    if seconds < _WORTH_A_WORD:
        return None
    doing = "no connection yet" if slot.connecting else "no answer yet"
    return Waiting(f"waiting for {place.server.host}: {doing}", seconds, ", for")
