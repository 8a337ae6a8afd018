"""The pause before another try, announced while it lasts."""

from __future__ import annotations

import anyio

from usenetsync_tui.model.waiting import Waiting, Waits


async def pause(waits: Waits, reason: str, seconds: float) -> None:
    """Wait, saying what for: "waiting for news.example.com: connection refused"."""
    with waits.announced(Waiting(reason, seconds)):
        await anyio.sleep(seconds)
