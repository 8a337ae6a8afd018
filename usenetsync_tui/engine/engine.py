"""The engine: opens the catalogue, takes the jobs in order of priority, tells how it goes.

It runs on an event loop of its own, headless or in a thread behind the screen. Outside it
only two things are touched: `status`, an immutable value swapped five times a second, and
`submit`, a mailbox. Neither ever waits.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace

import anyio

from usenetsync_tui.catalogue import folders, jobs
from usenetsync_tui.catalogue.browse import CatalogueBrowser
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.engine.figures import queued_figures, run_status, running_figures
from usenetsync_tui.engine.opening import OpenCatalogue, application_name, open_catalogue
from usenetsync_tui.engine.rates import RateMeter
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.engine.summary import Summary, summarise
from usenetsync_tui.errors import CatalogueHeldError, StoreError, UsenetSyncError, leading_error
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands import (
    Cancel,
    Command,
    Drain,
    LimitBandwidth,
    Pause,
    Resume,
    Retry,
    SetPriority,
    Upload,
)
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import Job, JobState, Verb
from usenetsync_tui.model.status import EngineState, EngineStatus, JobStatus
from usenetsync_tui.pipeline.run import Progress, Run
from usenetsync_tui.pipeline.upload import Outcome, upload
from usenetsync_tui.postgres.lock import EngineLock
from usenetsync_tui.settings import Settings

_HEARTBEAT = 0.2
_IDLE = 0.2
_PAUSABLE = (JobState.QUEUED, JobState.RUNNING)
_RETRIABLE = (JobState.FAILED, JobState.INCOMPLETE, JobState.CANCELLED)


class Engine:
    """One engine on one catalogue; implements the screen's `EngineHandle`."""

    def __init__(self, settings: Settings, locations: Locations, *, what: str) -> None:
        self._settings = settings
        self._locations = locations
        self._what = what
        self._mailbox: deque[Command] = deque()
        self._status = EngineStatus(EngineState.STARTING, limits=settings.limits)
        self._browser: CatalogueBrowser | None = None
        self._state = EngineState.STARTING
        self._message = "opening the catalogue"
        self._opened: OpenCatalogue | None = None
        self._stores: Stores | None = None
        self._folders: dict[int, Folder] = {}
        self._figures: dict[int, JobStatus] = {}
        self._rates = RateMeter()
        self._done_bytes = self._done_files = 0  # of the jobs before the one at work
        self._run: Run | None = None
        self._job: Job | None = None
        self._started = 0.0
        self._stop_as = JobState.QUEUED
        self._draining = False
        self._headless = True
        self._read_only = False
        self.summaries: dict[int, Summary] = {}
        """How the jobs of this engine's life ended, by job id."""
        self.started: list[int] = []
        """The jobs asked for by `Upload` commands, in order."""

    @property
    def status(self) -> EngineStatus:
        """The latest status."""
        return self._status

    @property
    def browser(self) -> CatalogueBrowser | None:
        """Pages of the catalogue, on a connection of its own; None until it is open."""
        return self._browser

    def submit(self, command: Command) -> None:
        """Leave a command; any thread, never waits."""
        self._mailbox.append(command)

    async def run(self, *, until_idle: bool) -> None:
        """Work until drained; with `until_idle`, until the uploads asked for are over.

        Raises what ends the engine: `DatabaseStartError`, `DatabaseUnavailableError`,
        `CatalogueHeldError` (only with `until_idle`; else the catalogue is opened read-only).
        """
        self._headless = until_idle
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._heartbeat)
                await self._live(until_idle)
                group.cancel_scope.cancel()
        except Exception as error:  # noqa: BLE001 - raised again, once the screen knows
            failure = leading_error(error)
            self._state, self._message = EngineState.FAILED, str(failure)
            self._publish()
            raise failure from None
        self._state, self._message = EngineState.STOPPED, ""
        self._publish()

    async def _live(self, until_idle: bool) -> None:
        def waiting(words: str) -> None:
            self._message = words

        async with open_catalogue(
            self._settings, self._locations, self._what, on_wait=waiting
        ) as opened:
            self._opened = opened
            self._browser = CatalogueBrowser(opened.conninfo, application_name("screen"))
            self._message = ""
            lock = EngineLock(opened.conninfo, application_name=application_name(self._what))
            try:
                async with lock, anyio.create_task_group() as group:
                    group.start_soon(self._watch, lock)
                    await self._work_queue(until_idle)
                    group.cancel_scope.cancel()
            except CatalogueHeldError as held:
                if until_idle:
                    raise
                await self._look_on(held)

    async def _watch(self, lock: EngineLock) -> None:
        await lock.lost()
        raise UsenetSyncError("The connection that holds the catalogue was lost.")

    async def _look_on(self, held: CatalogueHeldError) -> None:
        """Another engine is at work: show what is there, refuse to change it."""
        self._read_only, self._state, self._message = True, EngineState.IDLE, str(held)
        while not any(isinstance(c, Drain) for c in self._mailbox):
            await self._refresh()
            await anyio.sleep(1.0)

    async def _work_queue(self, until_idle: bool) -> None:
        assert self._opened is not None
        async with self._opened.catalogue.transaction() as tx:
            await jobs.requeue_interrupted(tx)
        async with Stores(self._opened.catalogue, self._settings, self._locations) as stores:
            self._stores = stores
            await self._take_jobs(stores, until_idle)

    async def _take_jobs(self, stores: Stores, until_idle: bool) -> None:
        while not self._draining:
            await self._obey_all()
            await self._refresh()
            job = await self._next(only_started=until_idle)
            if job is not None:
                await self._work(job, stores)
            elif until_idle:
                return
            else:
                self._state = EngineState.IDLE
                await anyio.sleep(_IDLE)

    async def _next(self, *, only_started: bool) -> Job | None:
        assert self._opened is not None
        async with self._opened.catalogue.transaction() as tx:
            queue = await jobs.open_uploads(tx)
        wanted = set(self.started) if only_started else None
        for job in queue:
            if job.state is JobState.QUEUED and (wanted is None or job.id in wanted):
                return job
        return None

    async def _work(self, job: Job, stores: Stores) -> None:
        """One job from its start to its outcome."""
        assert self._opened is not None
        catalogue, folder = self._opened.catalogue, self._folders[job.folder_id]
        try:
            run = await stores.run(folder, job.id)
        except UsenetSyncError as error:
            await self._refuse(job, folder, str(error))
            return
        self._run, self._job, self._stop_as = run, job, JobState.QUEUED
        self._state, self._started = EngineState.RUNNING, time.monotonic()
        async with catalogue.transaction() as tx:
            await jobs.set_state(tx, job.id, JobState.RUNNING)
        try:
            outcome = await upload(run, self._opened.exclude)
            if outcome.state is JobState.QUEUED:
                outcome = Outcome(self._stop_as, outcome.version, outcome.message)
        except Exception as error:
            failure = leading_error(error)
            if not isinstance(failure, UsenetSyncError) or (
                failure.retryable and not isinstance(failure, StoreError)
            ):
                raise
            outcome = Outcome(JobState.FAILED, 0, str(failure))
        async with catalogue.transaction(durable=True) as tx:
            await jobs.set_state(tx, job.id, outcome.state, outcome.message)
        figures = self._publish()
        assert figures is not None
        self.summaries[job.id] = await summarise(run, outcome, figures)
        self._done_bytes += run.progress.done_bytes
        self._done_files += run.progress.done_files
        self._run = self._job = None
        await self._remember(job.id)

    async def _refuse(self, job: Job, folder: Folder, words: str) -> None:
        """End a job that cannot even begin: its place cannot be reached with these settings."""
        assert self._opened is not None
        async with self._opened.catalogue.transaction(durable=True) as tx:
            await jobs.set_state(tx, job.id, JobState.FAILED, words)
        figures = queued_figures(job, folder)
        outcome = Outcome(JobState.FAILED, 0, words)
        self.summaries[job.id] = Summary(folder, outcome, figures, None, (), 0)
        await self._remember(job.id)

    async def _obey_all(self) -> None:
        while self._mailbox and not self._read_only:
            try:
                await self._obey(self._mailbox.popleft())
            except UsenetSyncError as error:
                if self._headless or error.retryable:
                    raise
                self._message = str(error)  # the screen says why; everything else goes on

    async def _obey(self, command: Command) -> None:
        """All a user can do."""
        assert self._opened is not None
        async with self._opened.catalogue.transaction(durable=True) as tx:
            mine = self._run
            match command:
                case Upload(path, choices):
                    assert self._stores is not None
                    folder = await folders.keep(
                        tx, path, choices, self._settings.folder_defaults, self._stores.keys.new_key
                    )
                    job_id = await jobs.queue_upload(tx, folder.id, folder.priority)
                    self.started.append(job_id)
                    if mine and mine.job_id == job_id:
                        await self._go_on(tx, mine)
                case Pause(job_id):
                    paused = await jobs.change_state(tx, job_id, JobState.PAUSED, _PAUSABLE)
                    if paused and mine and mine.job_id == job_id:
                        mine.gate.close()
                        self._state, self._stop_as = EngineState.PAUSED, JobState.PAUSED
                case Resume(job_id):
                    await jobs.change_state(tx, job_id, JobState.QUEUED, (JobState.PAUSED,))
                    if mine and mine.job_id == job_id:
                        await self._go_on(tx, mine)
                case Cancel(job_id):
                    if mine and mine.job_id == job_id:
                        self._stop_as = JobState.CANCELLED
                        mine.drain()
                    else:
                        waiting = (JobState.QUEUED, JobState.PAUSED)
                        await jobs.change_state(tx, job_id, JobState.CANCELLED, waiting)
                case Retry(job_id):
                    await jobs.change_state(tx, job_id, JobState.QUEUED, _RETRIABLE)
                case SetPriority(job_id, priority):
                    await jobs.set_priority(tx, job_id, priority)
                case LimitBandwidth(bytes_per_second):
                    assert self._stores is not None
                    self._stores.limit_bandwidth(bytes_per_second)
                case Drain():
                    self._draining = True
                    self._state = EngineState.DRAINING
                    if mine:
                        mine.drain()
        if not isinstance(command, Drain):
            await self._remember_command(command)
            await self._give_way()

    async def _go_on(self, tx: Transaction, mine: Run) -> None:
        """The job at work is not paused any more, if it was."""
        await jobs.change_state(tx, mine.job_id, JobState.RUNNING, (JobState.QUEUED,))
        if not mine.gate.is_open:
            mine.gate.open()
            self._state, self._stop_as = EngineState.RUNNING, JobState.QUEUED

    async def _remember_command(self, command: Command) -> None:
        await self._refresh()
        if isinstance(command, Cancel):
            await self._remember(command.job_id)

    async def _give_way(self) -> None:
        """A queued job of higher priority goes first: the one at work drains and queues again."""
        if self._run is None or self._job is None or self._state is not EngineState.RUNNING:
            return
        waiting = await self._next(only_started=False)
        current = self._figures.get(self._job.id)
        if waiting and current and waiting.priority < current.priority:
            self._run.drain()

    async def _refresh(self) -> None:
        """Look at the queue: it is short, and in the catalogue."""
        assert self._opened is not None
        async with self._opened.catalogue.transaction() as tx:
            self._folders = {f.id: f for f in await folders.every(tx)}
            queue = await jobs.open_uploads(tx)
            recent = [j for j in await jobs.recent(tx, 20) if j.state.is_over]
        shown = [j for j in reversed(recent) if j.verb is Verb.UPLOAD] + queue
        self._figures = {j.id: queued_figures(j, self._folders.get(j.folder_id)) for j in shown}
        if self._job and self._job.id in self._figures:
            job = next(j for j in shown if self._job and j.id == self._job.id)
            self._job = job

    async def _remember(self, job_id: int) -> None:
        assert self._opened is not None
        async with self._opened.catalogue.transaction() as tx:
            job = await jobs.by_id(tx, job_id)
        if job is not None:
            self._figures[job_id] = queued_figures(job, self._folders.get(job.folder_id))

    async def _heartbeat(self) -> None:
        while True:
            if self._run is not None:
                await self._obey_all()
            self._publish()
            await anyio.sleep(_HEARTBEAT)

    def _publish(self) -> JobStatus | None:
        """Swap the status; returns the figures of the job at work."""
        now, run, job = time.monotonic(), self._run, self._job
        figures = dict(self._figures)
        done = run.progress if run is not None else Progress()
        self._rates.add(now, self._done_bytes + done.done_bytes, self._done_files + done.done_files)
        if run is not None and job is not None:
            state = JobState.RUNNING if run.gate.is_open else JobState.PAUSED
            figures[job.id] = running_figures(run, job, state, self._rates, now, self._started)
        self._status = replace(
            run_status(self._status, run, self._rates),
            state=self._state,
            message=self._message,
            jobs=tuple(figures.values()),
            pool=self._opened.catalogue.pool_status() if self._opened else None,
            database="embedded" if self._settings.database_url is None else "external",
            servers=self._stores.statuses if self._stores else (),
            bandwidth_limit=self._stores.bandwidth_limit if self._stores else 0,
            read_only=self._read_only,
        )
        return figures[job.id] if run is not None and job is not None else None
