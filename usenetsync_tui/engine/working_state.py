"""A shift: what an engine has in its hands while it holds the catalogue.

Data, and the little that is true of it at any moment. What is done with it: `obey` (what a user
asks), `work` (one job), `engine` (the life around both).
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
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.status import JobStatus
from usenetsync_tui.pipeline.run.job_run import JobRun, Progress
from usenetsync_tui.settings.settings import Settings


@dataclass(slots=True)
class WorkingState:
    """One engine at work on one catalogue."""

    catalogue: Catalogue
    database: tuple[OwnPlace, ...]
    """Where the embedded database is."""
    settings: Settings
    """Those in force; `stores` follow them when no job is at work."""
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
    """Threads a run may use, if the user has said so."""
    message: str = ""
    """Why the last command was refused; empty when it was not."""
    rates: RateMeter = field(default_factory=RateMeter)
    done_bytes: int = 0
    done_files: int = 0
    """Of the jobs before the one at work."""

    @property
    def run(self) -> JobRun | None:
        """The run at work."""
        return self.at_work.run if self.at_work is not None else None

    def is_at_work_on(self, job_id: int) -> JobLife | None:
        """The job at work, if it is this one."""
        mine = self.at_work
        return mine if mine is not None and mine.job.id == job_id else None

    def upload_of(self, folder_id: int) -> JobRun | None:
        """The upload of a folder that runs now."""
        mine = self.at_work
        if mine is None or mine.job.verb is not Verb.UPLOAD or mine.run.folder.id != folder_id:
            return None
        return mine.run

    def measure(self) -> JobStatus | None:
        """Feed the rates; the figures of the job at work now."""
        now, mine = time.monotonic(), self.at_work
        done = mine.run.progress if mine is not None else Progress()
        self.rates.add(now, self.done_bytes + done.done_bytes, self.done_files + done.done_files)
        if mine is None:
            return None
        return mine.figures(self.rates, self.queue.job(mine.job.id))  # its priority may be another

    def give_way(self) -> None:
        """What is more urgent goes first, and everything before what is paused.

        The job at work drains, and is queued, or paused, again.
        """
        mine, waiting = self.at_work, self.queue.next()
        if mine is None or waiting is None or self.draining or waiting.id == mine.job.id:
            return
        current = self.queue.job(mine.job.id) or mine.job
        if mine.is_paused or waiting.priority < current.priority:
            mine.run.drain()


def urgent(priority: Priority) -> Priority:
    """What somebody waits for goes before the folder's own uploads."""
    return Priority(max(Priority.CRITICAL, min(Priority.HIGH, priority - 1)))
