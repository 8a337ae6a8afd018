"""What several tests of lanes count."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from usenetsync_tui.threads import Threads


@pytest.fixture
def crossings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that work crosses from the event loop to a connection's thread."""
    counted: list[int] = []
    run = Threads.run

    async def counting(self: Threads, call: Callable[[], object]) -> object:
        counted.append(1)
        return await run(self, call)

    monkeypatch.setattr(Threads, "run", counting)
    return counted
