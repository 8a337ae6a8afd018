"""Tests one server at a time, and publishes each step for the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import anyio
from anyio.abc import TaskGroup

from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.model.status.tasks import Trial, TrialStep
from usenetsync_tui.model.waiting import Waiting, Waits, WaitsFor
from usenetsync_tui.store.usenet.diagnosis import diagnose


class Trials:
    """The latest test of a server; a new one stops it."""

    def __init__(self, group: TaskGroup, events: EventLog) -> None:
        self._group = group
        self._events = events
        self._scope = anyio.CancelScope()
        self.trial: Trial | None = None

    def begin(self, server: Server, newsgroups: Sequence[str], poster: str) -> None:
        """Test a server; if it may post, post to `newsgroups`: sealed, and plain from `poster`."""
        self._scope.cancel()
        self._scope = anyio.CancelScope()
        self.trial = Trial(server.name)
        self._group.start_soon(self._run, self._scope, server, newsgroups, poster)

    async def _run(
        self, scope: anyio.CancelScope, server: Server, newsgroups: Sequence[str], poster: str
    ) -> None:
        trial = Trial(server.name)
        with scope:
            async for step in diagnose(server, newsgroups=newsgroups, poster=poster):
                trial = replace(trial, steps=(*trial.steps, step))
                if scope is self._scope:
                    self.trial = trial
        if scope.cancel_called:
            return
        self.trial = trial = replace(trial, over=True)
        if trial.passed:
            self._events.info(f"server {server.name} was tested: it works")
        else:
            self._events.bad(f"server {server.name} was tested: {trial.steps[-1].detail}")


async def next_step(
    steps: AsyncIterator[TrialStep], server: Server, waits: Waits
) -> TrialStep | None:
    """Wait for the next step of a server's test; None after the last."""
    with waits.announced(Waiting(f"waiting for {server.host}", what=WaitsFor.SERVER)):
        return await anext(steps, None)
