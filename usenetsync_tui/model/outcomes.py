"""How a job ended: its outcome, and the summary for the program that waits for it."""

from __future__ import annotations

from datetime import datetime

from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.servers.servers import ServerStatus
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.value_object import value_object


@value_object
class Verified:
    """The result of a sweep, in articles; includes those already known to be missing."""

    checked: int = 0
    missing: int = 0
    damaged: int = 0
    unknown: int = 0
    """Articles without a clear answer, before or after posting again."""
    why_unknown: str = ""
    """A reason why there was no clear answer."""
    reposted: int = 0
    """Missing and damaged ones that were posted again from the folder, and then found."""
    lost: tuple[tuple[int, int], ...] = ()
    """(version, missing articles) for each incomplete version."""
    sample: int = 1
    part: int = 0
    """It checked this part, from 0, of `sample` parts."""
    continued_from: datetime | None = None
    """When the sweep began, if an earlier run was interrupted and this one continued it."""


@value_object
class Outcome:
    """How a run ended; `version` is the newest one that can be restored (0: none)."""

    state: JobState
    version: int
    message: str
    refusal: Refusal | None = None
    """Why the folder was refused."""
    store_refused: bool = False
    """Whether the store did not take, or did not confirm, some of its articles (upload)."""
    made: bool = False
    """Whether the run made the version (upload)."""
    detail: str = ""
    """What the list of jobs says besides; a report has lines of its own for that."""
    verified: Verified | None = None
    """What a check found (verify)."""

    @property
    def recorded(self) -> str:
        """The message for the list of jobs, and for the log."""
        return f"{self.message}; {self.detail}" if self.detail else self.message


@value_object
class Summary:
    """A job's end. `notices` are the first ones; `notice_count` is how many there are."""

    folder: Folder
    outcome: Outcome
    figures: JobStatus
    snapshot: Snapshot | None
    notices: tuple[Notice, ...]
    notice_count: int
    servers: tuple[ServerStatus, ...] = ()
    """The work of the Usenet servers since the engine started."""
