"""What the engine says to the program that sent it a command."""

from __future__ import annotations

from collections.abc import Callable

from usenetsync_tui.model.folders import MovedFolder
from usenetsync_tui.model.recovery.adoption import AdoptedFolder
from usenetsync_tui.model.recovery.backups import BackupFound
from usenetsync_tui.model.recovery.keys import ChangedSecret
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.kept_versions import PolicyEffect
from usenetsync_tui.model.versions.version_marks import MarkedVersions

Result = AdoptedFolder | ChangedSecret | BackupFound | MovedFolder | PolicyEffect | MarkedVersions
"""What commands that are not jobs bring about: the program that sent one prints it."""


@value_object
class Answer:
    """What became of one command, once the engine has obeyed or refused it.

    A command with a `Result` is answered when its work is done; one that begins a job or a task, as
    soon as that has begun.
    """

    job_id: int | None = None
    """The job that it made, changed or found open; None if it concerns none, or was refused."""
    problem: str = ""
    """Why it was refused, as a sentence; empty: it was not.

    With a job: the queue has that job already, and gets no second one.
    """
    exit_code: int = 0
    """The exit code of a command that ends with the problem."""
    kind: str = ""
    """The name of the problem's class in `errors`."""
    result: Result | None = None
    """What it brought about; None: nothing to tell, or it was refused."""


Answered = Callable[[Answer], None]
"""Takes the answer to a command, once; called in the engine's thread, and must not wait."""
