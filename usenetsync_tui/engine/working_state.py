"""The state of an engine while it holds the catalogue.

Knows the data and simple questions about them. Refuses to know what is done with them: `requests`
(the user's commands), `work` (one job), `engine` (the loop around both).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.disk.source.own_files import OwnPlace
from usenetsync_tui.engine.job_life import JobLife
from usenetsync_tui.engine.progress.events import EventLog
from usenetsync_tui.engine.progress.rates import RateMeter
from usenetsync_tui.engine.progress.summary import Summary
from usenetsync_tui.engine.progress.tasks import Tasks
from usenetsync_tui.engine.queue import JobQueue
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.engine.trials import Trials
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.status import JobStatus
from usenetsync_tui.pipeline.run.job_run import JobRun, Progress
from usenetsync_tui.settings.settings import Settings


@dataclass(slots=True)
class WorkingState:
    """The state of one engine that holds one catalogue."""

    catalogue: Catalogue
    database: tuple[OwnPlace, ...]
    """The folders of the embedded database."""
    settings: Settings
    """The current settings; `stores` take them over when no job is running."""
    locations: Locations
    stores: Stores
    queue: JobQueue
    tasks: Tasks
    trials: Trials
    events: EventLog
    summaries: dict[int, Summary]
    started: list[int]
    at_work: JobLife | None = None
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
        return self.at_work.run if self.at_work is not None else None

    def is_at_work_on(self, job_id: int) -> JobLife | None:
        """The running job, if it has this id."""
        mine = self.at_work
        return mine if mine is not None and mine.job.id == job_id else None

    def upload_of(self, folder_id: int) -> JobRun | None:
        """The running upload of a folder, if there is one."""
        mine = self.at_work
        if mine is None or mine.job.verb is not Verb.UPLOAD or mine.run.folder.id != folder_id:
            return None
        return mine.run

    def measure(self) -> JobStatus | None:
        """Add a sample to the rates; returns the figures of the running job."""
        now, mine = time.monotonic(), self.at_work
        done = mine.run.progress if mine is not None else Progress()
        self.rates.add(now, self.done_bytes + done.done_bytes, self.done_files + done.done_files)
        if mine is None:
            return None
        return mine.figures(self.rates, self.queue.job(mine.job.id))  # its priority may change

    def give_way(self) -> None:
        """Let a more urgent job run first, or any waiting job if the running one is paused.

        The running job drains, and is queued, or paused, again.
        """
        mine, waiting = self.at_work, self.queue.next()
        if mine is None or waiting is None or self.draining or waiting.id == mine.job.id:
            return
        current = self.queue.job(mine.job.id) or mine.job
        if mine.is_paused or waiting.priority < current.priority:
            mine.run.drain()
