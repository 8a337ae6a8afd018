"""Commands that start jobs, and those that steer them."""

from __future__ import annotations

from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.lists.files import FileAction, FileSelection
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.value_object import value_object


@value_object
class Upload:
    """Back up this folder as a new version."""

    path: bytes
    choices: FolderChoices = FolderChoices()
    allow_shrink: bool = False
    """Accept the folder as it is now, even if most files are gone."""
    as_new: bool = False
    """It is another folder, even if its directory is that of a known one."""


@value_object
class Pause:
    """Pause a job after finishing what is in flight."""

    job_id: int


@value_object
class Resume:
    """Continue a paused job."""

    job_id: int


@value_object
class Cancel:
    """End a job; the next one uses what it has posted."""

    job_id: int


@value_object
class Retry:
    """Queue a failed, incomplete or cancelled job again."""

    job_id: int
    allow_shrink: bool = False
    """An upload accepts the folder as it is now, even if most files are gone."""


@value_object
class SetPriority:
    """Move a job up or down the queue."""

    job_id: int
    priority: Priority


@value_object
class Restore:
    """Bring a version of a folder, or what is at and below some paths, back into `target`."""

    folder_id: int
    target: bytes
    """Absolute; empty: see `in_place`."""
    version: int | None = None
    """None: the newest finished one."""
    paths: tuple[bytes, ...] = ()
    """Inside the folder, or absolute and below it; none: all of it."""
    in_place: bool = False
    """The target may be the folder itself, inside it or around it; empty: the folder's own path."""
    choices: RestoreChoices = RestoreChoices()
    recreate: bool = False
    """With an empty target: even if the folder is gone or empty, or its disk is not mounted."""


@value_object
class Verify:
    """Check that every article of a folder is in the store; with `bodies`, fetch them too."""

    folder_id: int
    bodies: bool = False
    sample: int = 1
    """Fetch only one of so many parts of the articles, each time another one; 1: all."""


@value_object
class Forget:
    """Forget versions of a folder, and delete what only they need.

    Protected versions, the newest finished one, and one that a restore reads are refused.
    """

    folder_id: int
    versions: tuple[int, ...]


@value_object
class PostIndex:
    """Post what is missing of a folder's index, so that its recovery string brings all back."""

    folder_id: int


@value_object
class PauseAll:
    """Pause every queued or running job."""


@value_object
class ResumeAll:
    """Continue every paused job."""


@value_object
class ActOnFiles:
    """Do this to every file of a selection, in batches; `EngineStatus.tasks` shows how far."""

    action: FileAction
    selection: FileSelection


@value_object
class SetWorkers:
    """How many threads read and compress, from now on; 1 to `MOST_WORKERS`."""

    count: int


MOST_WORKERS = 32
"""The most workers that the user can set while a job runs."""
