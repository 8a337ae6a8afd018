"""Receives the windows of other programs at an engine that holds its catalogue.

Knows how a job's end is found for a window that waits for it. Refuses to know the wire.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

import anyio
from pydantic import SecretStr

from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.errors import SettingsError, UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.answers import Answered
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.outcomes import Outcome, Summary
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.windows import Farewell, Window
from usenetsync_tui.wire.frames import Goodbye
from usenetsync_tui.wire.listen import Listener
from usenetsync_tui.wire.places import catalogue_mark, this_window

_POLL = 0.1
"""Seconds between two looks for the end of a job."""


class ReceivingEngine(Protocol):
    """What windows need of an engine."""

    summaries: dict[int, Summary]

    @property
    def status(self) -> EngineStatus: ...

    def submit(self, command: Command, answered: Answered | None = None) -> None: ...

    def is_open(self, job_id: int) -> bool:
        """Whether the queue has this job, and it is not over; or how it ended is not told yet."""


class Reception:
    """The windows at one engine."""

    def __init__(
        self,
        engine: ReceivingEngine,
        events: EventLog,
        *,
        kind: str,
        database_url: SecretStr | None,
    ) -> None:
        """`kind`: of the program that runs the engine (`Window.kind`)."""
        self._engine = engine
        self._events = events
        mark = catalogue_mark(database_url)
        self._known: tuple[Window, ...] = ()
        self._listener = Listener(self, holder=this_window(kind), mark=mark)

    @property
    def windows(self) -> tuple[Window, ...]:
        """Who is attached."""
        return self._listener.windows

    @asynccontextmanager
    async def open(self, locations: Locations) -> AsyncIterator[None]:
        """Receive windows inside the block. If that is impossible, log why; all else goes on."""
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._listener.listening(locations))
            except (OSError, SettingsError) as error:
                self._events.warn(f"other windows cannot attach: {error}")
            yield

    def publish(self, status: EngineStatus) -> None:
        """Log who has come and gone, and send the status to all windows."""
        before, self._known = self._known, status.windows
        if before is not self._known and before != self._known:
            for window in set(self._known) - set(before):
                self._events.info(f"attached: {window}")
            for window in set(before) - set(self._known):
                self._events.info(f"left: {window}")
        self._listener.publish(status)

    def part(self, reason: Farewell) -> None:
        """What to tell the windows when the block of `open` ends without an error."""
        self._listener.farewell = Goodbye(reason)

    def submit(self, command: Command, answered: Answered) -> None:
        """Leave a window's command in the engine's mailbox."""
        self._engine.submit(command, answered)

    async def ended(self, job_id: int) -> Summary:
        """How a job ended, as soon as it is over. `UsageError` if the engine knows none."""
        while True:
            open_ = self._engine.is_open(job_id)
            summary = self._engine.summaries.get(job_id)
            if not open_ and summary is not None and summary.outcome.state.is_over:
                return summary
            status = self._engine.status
            found = next((job for job in status.jobs if job.id == job_id), None)
            if not open_ and found is None:
                raise UsageError(f"There is no job {job_id}.")
            if not open_ and found is not None and found.state.is_over:
                return _without_a_run(found, status)
            await anyio.sleep(_POLL)  # a row of the catalogue, and a status that follows it


def _without_a_run(job: JobStatus, status: EngineStatus) -> Summary:
    """The summary of a job that this engine did not run: cancelled in the queue, for example."""
    folder = next((f.folder for f in status.folders if f.folder.id == job.folder_id), None)
    if folder is None:
        raise UsageError(f"The folder of job {job.id} is no longer backed up here.")
    outcome = Outcome(job.state, job.version or 0, job.message, job.refusal)
    return Summary(folder, outcome, job, None, (), job.errors)
