"""The pause before another try, shown to the user while it lasts."""

from __future__ import annotations

import anyio

from usenetsync_tui.model.waiting import Waiting, Waits, WaitsFor


async def pause(waits: Waits, reason: str, seconds: float) -> None:
    """Wait and announce why: "waiting for news.example.com: connection refused"."""
    with waits.announced(Waiting(reason, seconds, what=WaitsFor.SERVER)):
        await anyio.sleep(seconds)
