"""The state of an engine while it holds the catalogue.

Knows the data and simple questions about them. Refuses to know what is done with them: `requests`
(the user's commands), `work` (one job), `engine` (the loop around both).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.disk.source.own_files import OwnPath
from usenetsync_tui.engine.by_string.adopting import Adoptions
from usenetsync_tui.engine.by_string.sharing import SharedString
from usenetsync_tui.engine.jobs.job_life import JobLife
from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.engine.progress.rates import RateMeter
from usenetsync_tui.engine.progress.tasks import Tasks
from usenetsync_tui.engine.queue import JobQueue
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.engine.trials import Trials
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.status import JobStatus
from usenetsync_tui.pipeline.run.job_run import JobRun, Progress
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
    events: EventLog
    summaries: dict[int, Summary]
    started: list[int]
    running: JobLife | None = None
    draining: bool = False
    workers: int | None = None
    """Workers that a run may use, if the user has set a count."""
    message: str = ""
    """Why the last command was refused; empty if it was not."""
    rates: RateMeter = field(default_factory=RateMeter)
    done_bytes: int = 0
    done_files: int = 0
    """Files (and bytes, above) done by the jobs before the current one."""

    @property
    def run(self) -> JobRun | None:
        """The current run."""
        return self.running.run if self.running is not None else None

    def running_if(self, job_id: int) -> JobLife | None:
        """The running job, if it has this id."""
        running = self.running
        return running if running is not None and running.job.id == job_id else None

    def upload_of(self, folder_id: int) -> JobRun | None:
        """The running upload of a folder, if there is one."""
        running = self.running
        if (
            running is None
            or running.job.verb is not Verb.UPLOAD
            or running.run.folder.id != folder_id
        ):
            return None
        return running.run

    def measure(self) -> JobStatus | None:
        """Add a sample to the rates; returns the figures of the running job."""
        now, running = time.monotonic(), self.running
        done = running.run.progress if running is not None else Progress()
        self.rates.add(now, self.done_bytes + done.own_bytes, self.done_files + done.own_files)
        if running is None:
            return None
        return running.figures(
            self.rates, self.queue.job(running.job.id)
        )  # its priority may change

    def give_way(self) -> None:
        """Let a more urgent job run first, or any waiting job if the running one is paused.

        The running job drains, and is queued, or paused, again.
        """
        running, waiting = self.running, self.queue.next()
        if running is None or waiting is None or self.draining or waiting.id == running.job.id:
            return
        current = self.queue.job(running.job.id) or running.job
        if running.is_paused or waiting.priority < current.priority:
            running.run.drain()
