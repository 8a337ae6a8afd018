"""The engine: opens the catalogue, runs the jobs in order of priority, publishes its status.

It runs on an event loop of its own, headless or in a thread behind the screen. Other threads use
only two things: `status`, an immutable value replaced five times a second, and `submit`, a mailbox.
Neither ever waits.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from usenetsync_tui.catalogue.lookups.browse import CatalogueBrowser
from usenetsync_tui.engine.by_string.adopting import Adoptions
from usenetsync_tui.engine.by_string.looking import StringSearches
from usenetsync_tui.engine.by_string.sharing import SharedString
from usenetsync_tui.engine.by_string.string_plans import StringPlans
from usenetsync_tui.engine.by_string.string_restores import StringRestores
from usenetsync_tui.engine.doctor.checks import Opener
from usenetsync_tui.engine.doctor.examination import Examinations
from usenetsync_tui.engine.job_loop import HEARTBEAT, JobLoop, RefreshTimer, open_all_realms
from usenetsync_tui.engine.opening import OpenCatalogue, application_name, open_catalogue
from usenetsync_tui.engine.previews.previews import Previews
from usenetsync_tui.engine.previews.restore_previews import RestorePreviews
from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.engine.progress.listening import Listening
from usenetsync_tui.engine.progress.tasks import Tasks
from usenetsync_tui.engine.queue import JobQueue
from usenetsync_tui.engine.requests.dispatch import drain
from usenetsync_tui.engine.requests.mailbox import Letter, Mailbox
from usenetsync_tui.engine.requests.reception import Reception
from usenetsync_tui.engine.requests.secret import settled
from usenetsync_tui.engine.status import composed
from usenetsync_tui.engine.stop_request import StopRequest
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.engine.trials import Trials
from usenetsync_tui.engine.working_state import WorkingState
from usenetsync_tui.errors import (
    CatalogueHeldError,
    DatabaseUnavailableError,
    UsenetSyncError,
    leading_error,
)
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.answers import Answered
from usenetsync_tui.model.commands.command import EXAMINATION_COMMANDS, Command
from usenetsync_tui.model.commands.engine import Drain
from usenetsync_tui.model.folders import Realm
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.model.windows import Farewell
from usenetsync_tui.postgres.lock import SHORTEST_PATIENCE, EngineLock
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.wire.attached_window import visible

_TO_OPEN = 10.0
"""Seconds after which an examination reports a database that is still not open."""


class Engine:
    """One engine on one catalogue; implements the screen's `EngineHandle`."""

    def __init__(
        self,
        settings: Settings,
        locations: Locations,
        *,
        what: str,
        patience: float = 0.0,
        asks: bool = False,
        listening: Listening | None = None,
    ) -> None:
        """`patience`: seconds to wait while another engine holds the catalogue.

        `asks`: the heavy jobs that it finds waiting do not go on before the user says so.
        `listening`: serves the progress, also after this engine's end; None: only while it runs.
        """
        self._listening = listening or Listening(locations, lambda: self._status, lasting=False)
        self._settings = settings
        self._asks = asks
        self._patience = max(patience, SHORTEST_PATIENCE)
        self._locations = locations
        self._what = what
        self._mailbox: Mailbox = Mailbox()
        self._whole_status = EngineStatus(EngineState.STARTING, limits=settings.limits)
        self._status = self._whole_status
        self._browser: CatalogueBrowser | None = None
        self._state: EngineState | None = EngineState.STARTING
        """The state while there is no `_working_state`."""
        self._message = ""
        self._waits = Waits()
        self._stop = StopRequest()
        self._opened: OpenCatalogue | None = None
        self._queue: JobQueue | None = None
        self._working_state: WorkingState | None = None
        self._events = EventLog()
        self._examinations = Examinations(locations, self._opener, self._events)
        self._reception = Reception(
            self,
            self._events,
            kind="screen" if what == "tui" else what,
            database_url=settings.database_url,
        )
        self._hands_over = False
        self._was_held = False
        """Whether this engine holds the catalogue, or did."""
        self._read_only = False
        self.summaries: dict[int, Summary] = {}
        """How the jobs of this engine ended, by job id."""
        self.started: list[int] = []
        """The ids of the jobs that commands asked for, in order."""

    @property
    def status(self) -> EngineStatus:
        """The latest status, without what only another window may see."""
        return self._status

    @property
    def browser(self) -> CatalogueBrowser | None:
        """Pages of the catalogue, on a connection of its own; None until it is open."""
        return self._browser

    def submit(self, command: Command, answered: Answered | None = None) -> None:
        """Leave a command; from any thread, never waits.

        `answered` is called once the command is obeyed or refused; never, if the engine ends first.
        """
        letter = Letter(command, answered)
        if isinstance(command, EXAMINATION_COMMANDS):
            self._examinations.submit(command)
            letter.obeyed()
        else:
            self._mailbox.post(letter)
        if isinstance(command, Drain):
            self._hands_over = command.hand_over
            self._stop.make(time.monotonic())

    def is_open(self, job_id: int) -> bool:
        """Whether the queue has this job, and it is not over; or how it ended is not told yet."""
        if self._working_state is not None and job_id in self._working_state.active:
            return True  # a folder that is removed takes its jobs with it
        return self._queue is not None and self._queue.job(job_id) is not None

    def go_on(self) -> None:
        """Do not ask about heavy jobs: they ran until the engine before this one was lost."""
        self._asks = False

    def report(self, problem: str) -> None:
        """Log a problem that occurred before `run`; until work begins, it is the message."""
        self._events.bad(problem)
        self._message = problem
        self._whole_status = self._status = replace(self._status, message=problem)

    @property
    def unread(self) -> tuple[Command, ...]:
        """The commands that it has not obeyed."""
        return tuple(letter.command for letter in self._mailbox)

    async def run(self, *, until_idle: bool, view_only: bool = True) -> None:
        """Work until drained; with `until_idle`, until the jobs asked for before are over.

        Raises what ends the engine: `DatabaseStartError`, `DatabaseUnavailableError`,
        `CatalogueHeldError` (with `until_idle`, or without `view_only`: at once; else the catalogue
        is opened read-only).
        Without `until_idle` it raises only after `Drain`: until then it obeys `Examine`.
        """
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._heartbeat, group)
                await self._live(until_idle, view_only=view_only and not until_idle)
                group.cancel_scope.cancel()
        except Exception as error:  # noqa: BLE001 - raised again, once the screen knows
            failure = leading_error(error)
            self._state, self._message = EngineState.FAILED, str(failure)
            self._events.bad(str(failure))
            self._publish()
            if not (until_idle or isinstance(failure, CatalogueHeldError)):
                await self._linger()
            raise failure from None
        self._state, self._message = EngineState.STOPPED, ""
        self._publish()

    async def _linger(self) -> None:
        """Examine this machine on request, so that the user can find the cause of a failure."""
        async with anyio.create_task_group() as group:
            while not self._stop.is_made:
                self._examinations.obey(group)
                self._publish()
                await anyio.sleep(HEARTBEAT)
            group.cancel_scope.cancel()

    def _opener(self, settings: Settings) -> Opener:
        return partial(self._lent, settings)

    @asynccontextmanager
    async def _lent(self, settings: Settings) -> AsyncIterator[OpenCatalogue]:
        """The open catalogue; after a failure, opened again with the current settings."""
        with anyio.move_on_after(_TO_OPEN):
            while self._opened is None and self._state is EngineState.STARTING:  # noqa: ASYNC110
                await anyio.sleep(HEARTBEAT)
        if self._state is EngineState.FAILED:
            async with open_catalogue(settings, self._locations, "doctor") as opened:
                yield opened
        elif self._opened is None:
            why = self._waits.current or "the database is being opened"
            words = f"The database is not open after {_TO_OPEN:.0f} s: {why}"
            raise DatabaseUnavailableError(words, whole=True)
        else:
            yield self._opened

    async def _live(self, until_idle: bool, *, view_only: bool) -> None:
        async with open_catalogue(
            self._settings, self._locations, self._what, waits=self._waits
        ) as opened:
            self._opened = opened
            self._queue = JobQueue(opened.catalogue)
            name = application_name("screen")
            self._browser = CatalogueBrowser(opened.conninfo, name, wire_id=self._wire_id)
            lock = EngineLock(
                opened.conninfo,
                application_name=application_name(self._what),
                patience=self._patience,
                waits=self._waits,
            )
            try:
                async with lock, anyio.create_task_group() as group:
                    group.start_soon(self._watch, lock, opened)
                    await self._begin(self._queue)
                    async with self._reception.open(self._locations):
                        await self._hold(opened, self._queue, group, until_idle)
                        self._reception.part(self._farewell)
                    group.cancel_scope.cancel()
            except CatalogueHeldError as held:
                if not view_only:
                    raise
                await self._view_only(self._queue, held)

    async def _begin(self, queue: JobQueue) -> None:
        """Read the queue before any window attaches: it may follow a job of the engine before."""
        self._was_held = True
        await queue.requeue_interrupted()
        await queue.refresh()
        self._publish()

    @property
    def _farewell(self) -> Farewell:
        if self._hands_over:
            return Farewell.HANDED_OVER
        return Farewell.STOPPED if self._stop.is_made else Farewell.FINISHED

    def _wire_id(self, realm: Realm, message_id: bytes) -> str | None:
        return (
            self._working_state.stores.wire_id(realm, message_id) if self._working_state else None
        )

    async def _watch(self, lock: EngineLock, opened: OpenCatalogue) -> None:
        await lock.lost()
        # Any connection may notice the loss first and end the engine; all must give this reason.
        if (why := await to_thread.run_sync(opened.why_lost)) is not None:
            raise why
        raise UsenetSyncError("The connection that holds the catalogue was lost.")

    async def _view_only(self, queue: JobQueue, held: CatalogueHeldError) -> None:
        """Another engine holds the catalogue: show it, and refuse to change it."""
        self._read_only, self._state, self._message = True, EngineState.IDLE, str(held)
        self._events.warn(str(held))
        timer = RefreshTimer()
        while True:
            while self._mailbox:
                letter = self._mailbox.popleft()
                if isinstance(letter.command, Drain):
                    return
                name = type(letter.command).__name__
                self._events.warn(f"{name} refused: this window is view only")
                letter.refused_here(f"{name} is refused: {self._message}")
            if timer.is_due():
                await queue.refresh()
                self._publish()
            await anyio.sleep(HEARTBEAT)

    async def _hold(
        self, opened: OpenCatalogue, queue: JobQueue, group: TaskGroup, until_idle: bool
    ) -> None:
        """Run jobs until there is a reason to end; this engine holds the catalogue."""
        self._settings = await settled(
            opened.catalogue, self._settings, self._locations, self._events
        )
        async with Stores(opened.catalogue, self._settings, self._locations, self._waits) as stores:
            working_state = WorkingState(
                catalogue=opened.catalogue,
                database=opened.own,
                settings=self._settings,
                locations=self._locations,
                stores=stores,
                queue=queue,
                tasks=Tasks(group, self._events),
                trials=Trials(group, self._events),
                shared=SharedString(group, opened.catalogue, stores.keys),
                adoptions=Adoptions(
                    group,
                    opened.catalogue,
                    lambda: working_state.settings,
                    self._locations,
                    self._waits,
                    self._events,
                ),
                string_searches=StringSearches(group, stores, self._locations),
                string_restores=StringRestores(
                    group,
                    stores,
                    self._locations,
                    self._events,
                    lambda string: working_state.restore_previews.give_way(string),
                ),
                previews=Previews(
                    group,
                    opened.catalogue,
                    lambda: working_state.settings,
                    self._locations,
                    opened.own,
                ),
                restore_previews=RestorePreviews(
                    group,
                    opened.catalogue,
                    lambda: working_state.guarded,
                    StringPlans(stores, self._locations),
                ),
                events=self._events,
                summaries=self.summaries,
                started=self.started,
            )
            self._working_state = working_state
            if self._asks:
                await queue.refresh()
                working_state.hold_heavy()
            loop = JobLoop(
                working_state, self._mailbox, until_idle=until_idle, publish=self._publish
            )
            try:
                # The status must not be "idle" before the first commands are obeyed.
                await loop.obey_commands()
                self._state, self._message = None, ""
                self._publish()  # the screen lists the folders without waiting for a heartbeat
                group.start_soon(open_all_realms, stores, lambda: queue.folders)
                group.start_soon(
                    self._listening.follow, lambda: working_state.settings, self._events
                )
                await loop.take_jobs()
            finally:
                self._working_state, self._state = None, self._status.state

    async def _heartbeat(self, group: TaskGroup) -> None:
        while True:
            self._examinations.obey(group)
            self._publish()
            self._stop_unread()
            if self._is_stuck():
                group.cancel_scope.cancel()
            await anyio.sleep(HEARTBEAT)

    def _stop_unread(self) -> None:
        """Drain although the mailbox is not being read, as an earlier command does not end."""
        working_state = self._working_state
        if working_state is None or working_state.draining:
            return
        if self._stop.is_unread(time.monotonic(), silent=self._is_database_silent()):
            drain(working_state)

    def _is_stuck(self) -> bool:
        """Whether the engine must stop, but something outside of any job holds it up."""
        has_job = self._working_state is not None and self._working_state.is_held_up
        silent = self._is_database_silent()
        if self._stop.is_overdue(time.monotonic(), has_job=has_job, silent=silent):
            return True
        # Do not wait for a catalogue that is still being opened.
        return self._stop.is_made and not has_job and not self._was_held

    def _is_database_silent(self) -> bool:
        return self._opened is not None and self._opened.catalogue.is_silent

    def _publish(self) -> None:
        """Replace the status."""
        if self._working_state is not None:
            self._events.watch_servers(self._working_state.stores.statuses)
        self._whole_status = composed(
            self._whole_status,
            state=self._state,
            message=self._message or (self._working_state.message if self._working_state else ""),
            waiting=self._waits.current,
            working_state=self._working_state,
            queue=self._queue,
            pool=self._opened.catalogue.pool_status() if self._opened else None,
            database="embedded" if self._settings.database_url is None else "external",
            events=self._events.events,
            read_only=self._read_only,
            examination=self._examinations.latest,
            windows=self._reception.windows,
        )
        self._status = visible(self._whole_status, 0)
        self._reception.publish(self._whole_status)
