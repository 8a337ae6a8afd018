"""What several tests of lanes count."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.posting_session import Together
from usenetsync_tui.store.usenet.connection.sending.messages import SharedArticle
from usenetsync_tui.store.usenet.connection.sending.sender import Sender
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


@pytest.fixture
def by_process(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many articles each burst of a process had."""
    seen: list[int] = []
    send = Connection.post_together

    def counted(self: Connection, sender: Sender, articles: Sequence[SharedArticle]) -> Together:
        seen.append(len(articles))
        return send(self, sender, articles)

    monkeypatch.setattr(Connection, "post_together", counted)
    return seen
