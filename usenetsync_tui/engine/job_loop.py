"""The loop of an engine that holds its catalogue: it takes jobs, and obeys commands meanwhile.

Knows the mailbox and the order of the two. Refuses to know how a command is obeyed (`requests`),
how a job runs (`work`), and when an engine holds its catalogue (`engine`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio

from usenetsync_tui.engine.requests.dispatch import drain, obey
from usenetsync_tui.engine.requests.mailbox import Letter, Mailbox
from usenetsync_tui.engine.requests.servers import renew
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.engine.work import work
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import QueuedAlreadyError, UsenetSyncError
from usenetsync_tui.model.commands.command import JOB_COMMANDS, UNASKED_COMMANDS
from usenetsync_tui.model.folders import Realm
from usenetsync_tui.model.jobs import Job
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.settings.settings import Settings

HEARTBEAT = 0.2
"""Seconds between two statuses. A command is obeyed, and shown, at once."""
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
        mailbox: Mailbox,
        *,
        until_idle: bool,
        publish: Callable[[], object],
    ) -> None:
        """`until_idle`: end when the jobs of the commands are over that came before the first job.

        Until then it also runs the jobs that are asked for meanwhile, and no others. `publish`
        shows what a command changed, without waiting for a heartbeat.
        """
        self._working_state = working_state
        self._mailbox = mailbox
        self._until_idle = until_idle
        self._own: tuple[int, ...] | None = None
        """The jobs to end with; None before the first job."""
        if until_idle:
            working_state.queue.only = working_state.started
        self._publish = publish
        self._timer = RefreshTimer()

    async def take_jobs(self) -> None:
        """Run jobs until the engine drains, or until none is left to wait for.

        Jobs that do not compete run at the same time.
        """
        working_state = self._working_state
        async with anyio.create_task_group() as group:
            while True:
                await self.obey_commands()
                self._end_with_own()
                if not working_state.is_working:
                    if working_state.draining:
                        return
                    if working_state.settings is not working_state.stores.settings:
                        await renew(working_state)
                while not working_state.draining:
                    job = working_state.next_job()
                    if job is None:
                        break
                    working_state.active[job.id] = job
                    group.start_soon(self._work, job)
                with anyio.move_on_after(HEARTBEAT):
                    await self._mailbox.wait()

    def _end_with_own(self) -> None:
        """Drain once the jobs of our own commands, and those that follow them, are over.

        Other programs go on with theirs.
        """
        working_state = self._working_state
        if self._own is None:
            self._own = tuple(working_state.started)
        own = {*self._own, *working_state.follow_ups}
        # A job that is over in the catalogue is active until it has begun what follows it.
        if own & {*working_state.active} or any(map(working_state.queue.job, own)):
            return
        if self._until_idle and not working_state.string_restores.is_running:
            drain(working_state)

    async def _work(self, job: Job) -> None:
        try:
            await work(self._working_state, job)
        finally:
            del self._working_state.active[job.id]
            self._mailbox.wake()

    async def obey_commands(self) -> None:
        """Obey the commands in the mailbox, and refresh the queue every second."""
        working_state = self._working_state
        has_obeyed = bool(self._mailbox)
        while self._mailbox:
            await self._obey(self._mailbox.popleft())
            self._timer.expire()
        if self._timer.is_due():
            await working_state.queue.refresh()
            working_state.give_way()
        if has_obeyed:
            self._publish()

    async def _obey(self, letter: Letter) -> None:
        working_state = self._working_state
        try:
            job_id = await obey(working_state, letter)
        except UsenetSyncError as error:
            if error.retryable:
                raise
            letter.refused(error)
            if isinstance(error, QueuedAlreadyError):
                self._note(error.job_id)
            working_state.message = str(error)  # the screen shows why; everything else continues
            working_state.events.bad(str(error))
        else:
            if not isinstance(letter.command, UNASKED_COMMANDS):
                working_state.message = ""
            if isinstance(letter.command, JOB_COMMANDS) and job_id is not None:
                self._note(job_id)

    def _note(self, job_id: int) -> None:
        """Note that this engine was asked to do a job."""
        if job_id not in self._working_state.started:
            self._working_state.started.append(job_id)


async def open_all_realms(stores: Stores, folders: Callable[[], tuple[FolderStatus, ...]]) -> None:
    """Unwrap the keys of new and changed folders: the screen shows Message-IDs as posted."""
    reached: dict[Realm, Settings] = {}
    while True:
        for standing in folders():
            realm, settings = standing.folder.realm, stores.settings
            if reached.get(realm) is not settings:
                await stores.of(realm)
                reached[realm] = settings
        await anyio.sleep(_REFRESH)
