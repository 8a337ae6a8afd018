"""The state of an engine while it holds the catalogue.

Knows the data and simple questions about them. Refuses to know what is done with them: `requests`
(the user's commands), `work` (one job), `engine` (the loop around both).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.disk.source.own_files import OwnPath
from usenetsync_tui.engine.by_string.adopting import Adoptions
from usenetsync_tui.engine.by_string.looking import StringSearches
from usenetsync_tui.engine.by_string.sharing import SharedString
from usenetsync_tui.engine.by_string.string_restores import StringRestores
from usenetsync_tui.engine.jobs.guarded import Guarded, guarded
from usenetsync_tui.engine.jobs.job_life import JobLife
from usenetsync_tui.engine.previews.previews import Previews
from usenetsync_tui.engine.previews.restore_previews import RestorePreviews
from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.engine.progress.rates import RateMeter
from usenetsync_tui.engine.progress.tasks import Tasks
from usenetsync_tui.engine.queue import JobQueue
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.engine.trials import Trials
from usenetsync_tui.errors import EngineBusyError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.competition import is_heavy, rivals, workers_of
from usenetsync_tui.model.jobs import Job, Verb
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.settings.settings import Settings


@dataclass(slots=True)
class WorkingState:
    """The state of one engine that holds one catalogue."""

    catalogue: Catalogue
    database: tuple[OwnPath, ...]
    """The folders of the embedded database."""
    settings: Settings
    """The current settings; `stores` take them over when no job is running."""
    locations: Locations
    stores: Stores
    queue: JobQueue
    tasks: Tasks
    trials: Trials
    shared: SharedString
    adoptions: Adoptions
    string_searches: StringSearches
    string_restores: StringRestores
    previews: Previews
    restore_previews: RestorePreviews
    events: EventLog
    summaries: dict[int, Summary]
    started: list[int]
    follow_ups: list[int] = field(default_factory=list)
    """Jobs that keep rules have begun after uploads: an engine for these uploads does them too."""
    active: dict[int, Job] = field(default_factory=dict)
    """The jobs that run, and those about to begin, by id."""
    running: dict[int, JobLife] = field(default_factory=dict)
    """The jobs that have begun, by id."""
    held: set[int] = field(default_factory=set)
    """Jobs that wait for the user, who is asked whether they go on."""
    draining: bool = False
    workers: int | None = None
    """Workers of all jobs together, if the user has set a count."""
    message: str = ""
    """Why the last command was refused; empty if it was not."""
    rates: RateMeter = field(default_factory=RateMeter)
    done_bytes: int = 0
    done_files: int = 0
    """Files (and bytes, above) done by the jobs that have ended."""

    @property
    def guarded(self) -> Guarded:
        """What a restore must never delete."""
        return guarded(self.settings, self.locations, self.database)

    @property
    def runs(self) -> list[JobRun]:
        """The runs of the running jobs."""
        return [life.run for life in self.running.values()]

    @property
    def is_working(self) -> bool:
        """Whether a job runs or is about to begin, or a restore with a recovery string runs."""
        return bool(self.active) or self.string_restores.is_running

    @property
    def is_held_up(self) -> bool:
        """Whether a job runs that was not given up: the engine waits for it."""
        return any(not run.given_up for run in self.runs)

    def running_if(self, job_id: int) -> JobLife | None:
        """The running job with this id."""
        return self.running.get(job_id)

    def upload_of(self, folder_id: int) -> JobRun | None:
        """The running upload of a folder, if there is one."""
        return next(
            (
                life.run
                for life in self.running.values()
                if life.job.verb is Verb.UPLOAD and life.run.folder.id == folder_id
            ),
            None,
        )

    def measure(self) -> dict[int, JobStatus]:
        """Add a sample to the rates; returns the figures of the running jobs, by id."""
        now = time.monotonic()
        if not self.running:
            self.rates.rest()
            return {}
        progress = [run.progress for run in self.runs]
        done_bytes = self.done_bytes + sum(p.own_bytes for p in progress)
        done_files = self.done_files + sum(p.own_files for p in progress)
        self.rates.add(now, done_bytes, done_files)
        return {  # a job's priority may have changed
            job_id: life.figures(self.queue.job(job_id)) for job_id, life in self.running.items()
        }

    def next_job(self) -> Job | None:
        """The first waiting job that can run beside those that run."""
        for job in self._waiting():
            if not rivals(job, self.active.values()):
                return job
        return None

    def hold_heavy(self) -> None:
        """Hold the waiting jobs with much left to do, until the user has been asked."""
        self.held = {job.id for job in self.queue.waiting if is_heavy(job)}

    def give_way(self) -> None:
        """Let more urgent jobs run first, and any waiting job instead of a paused one.

        The running job drains, and is queued, or paused, again.
        """
        if self.draining:
            return
        for waiting in self._waiting():
            lives = [
                life
                for job in rivals(waiting, self.active.values())
                if (life := self.running.get(job.id)) is None or not life.run.draining
            ]
            if all(life is not None and self._yields(life, waiting) for life in lives):
                for life in lives:
                    assert life is not None
                    life.run.drain()

    def refuse_if_busy(self, wish: str) -> None:
        """`EngineBusyError` if a job, or other work, runs that a wish has to wait for."""
        now = ""
        if job := next(iter(self.active.values()), None):
            words = f"Job {job.id}, {job.verb}, is running"
            now = f"{words} (to follow it: usenetsync jobs --follow {job.id})"
        elif task := next((task for task in self.tasks.statuses if not task.over), None):
            now = f"It is busy with this: {task.words}"
        elif self.adoptions.is_running:
            now = "A folder is being adopted"
        elif self.string_restores.is_running:
            now = "A restore with a recovery string is running"
        if now:
            raise EngineBusyError(f"{now}: {wish} when that is over, or stop it first.")

    def share_workers(self) -> None:
        """Divide the workers among the running jobs."""
        workers = self.workers or self.settings.limits.max_workers
        shares = workers_of([life.job for life in self.running.values()], workers)
        for job_id, life in self.running.items():
            life.run.worker_counts.allowed = shares[job_id]

    def _waiting(self) -> Iterator[Job]:
        for job in self.queue.waiting:
            if job.id not in self.active and job.id not in self.held:
                yield job

    def _yields(self, life: JobLife, waiting: Job) -> bool:
        current = self.queue.job(life.job.id) or life.job
        return life.is_paused or waiting.priority < current.priority
