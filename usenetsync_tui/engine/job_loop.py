"""The loop of an engine that holds its catalogue: it takes jobs, and obeys commands meanwhile.

Knows the mailbox and the order of the two. Refuses to know how a command is obeyed (`requests`),
how a job runs (`work`), and when an engine holds its catalogue (`engine`).
"""

from __future__ import annotations

import time
from collections import deque

import anyio

from usenetsync_tui.engine.requests.dispatch import obey
from usenetsync_tui.engine.requests.servers import renew
from usenetsync_tui.engine.work import work
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands import Command, Upload
from usenetsync_tui.model.folders import Realm
from usenetsync_tui.model.jobs import Job
from usenetsync_tui.settings.settings import Settings

HEARTBEAT = 0.2
"""Seconds between two reads of the mailbox, and between two statuses."""
_REFRESH = 1.0
"""Seconds between two reads of what other programs may have changed."""


class RefreshTimer:
    """Says when the queue must be read again."""

    def __init__(self) -> None:
        self._refreshed = 0.0

    def is_due(self) -> bool:
        """Whether `_REFRESH` seconds have passed; if so, they begin again."""
        now = time.monotonic()
        if now - self._refreshed < _REFRESH:
            return False
        self._refreshed = now
        return True

    def expire(self) -> None:
        """Make the next call of `is_due` return true."""
        self._refreshed = 0.0


class JobLoop:
    """Runs the jobs of one engine, and obeys the commands of its mailbox."""

    def __init__(
        self,
        working_state: WorkingState,
        mailbox: deque[Command],
        *,
        until_idle: bool,
        refused: list[tuple[bytes, UsenetSyncError]],
    ) -> None:
        """With `until_idle` only requested uploads run; folders without one go to `refused`."""
        self._working_state = working_state
        self._mailbox = mailbox
        self._until_idle = until_idle
        self._refused = refused
        self._ended = anyio.Event()
        """Set when a job ends."""
        self._timer = RefreshTimer()

    async def take_jobs(self) -> None:
        """Run jobs until the engine drains, or until none is left to wait for.

        Jobs that do not compete run at the same time.
        """
        working_state = self._working_state
        among = working_state.started if self._until_idle else None
        async with anyio.create_task_group() as group:
            while True:
                await self.obey_commands()
                if not working_state.active:
                    if working_state.draining:
                        return
                    if working_state.settings is not working_state.stores.settings:
                        await renew(working_state)
                while not working_state.draining:
                    job = working_state.next_job(among)
                    if job is None:
                        break
                    working_state.active[job.id] = job
                    group.start_soon(self._work, job)
                if self._until_idle and not working_state.active:
                    return
                with anyio.move_on_after(HEARTBEAT):
                    await self._ended.wait()
                self._ended = anyio.Event()

    async def _work(self, job: Job) -> None:
        try:
            await work(self._working_state, job)
        finally:
            del self._working_state.active[job.id]
            self._ended.set()

    async def obey_commands(self) -> None:
        """Obey the commands in the mailbox, and refresh the queue every second."""
        working_state = self._working_state
        while self._mailbox:
            await self._obey(self._mailbox.popleft())
            self._timer.expire()
        if self._timer.is_due():
            await working_state.queue.refresh()
            working_state.give_way()

    async def _obey(self, command: Command) -> None:
        working_state = self._working_state
        try:
            await obey(working_state, command)
        except UsenetSyncError as error:
            if error.retryable:
                raise
            if self._until_idle:
                if not isinstance(command, Upload):
                    raise
                self._refused.append((command.path, error))  # the other folders are uploaded
                return
            working_state.message = str(error)  # the screen shows why; everything else continues
            working_state.events.bad(str(error))
        else:
            working_state.message = ""


async def open_all_realms(working_state: WorkingState) -> None:
    """Unwrap the keys of new and changed folders: the screen shows Message-IDs as posted."""
    reached: dict[Realm, Settings] = {}
    while True:
        for standing in working_state.queue.folders:
            realm, settings = standing.folder.realm, working_state.stores.settings
            if reached.get(realm) is not settings:
                await working_state.stores.of(realm)
                reached[realm] = settings
        await anyio.sleep(_REFRESH)
