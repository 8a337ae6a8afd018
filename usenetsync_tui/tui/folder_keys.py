"""What the dashboard's keys do to the chosen folder and its job.

Each key becomes a command of the engine, at once or after a dialog; where it cannot be obeyed
the user is told why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from textual.binding import Binding
from textual.screen import ModalScreen, Screen

from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands import (
    MOST_WORKERS,
    Cancel,
    Choose,
    Command,
    ExportNzb,
    FolderChoices,
    Pause,
    PauseAll,
    Restore,
    Resume,
    ResumeAll,
    Retry,
    SetPriority,
    SetWorkers,
    Upload,
    Verify,
)
from usenetsync_tui.model.folders import Folder, Priority, Snapshot, SnapshotState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports import EngineHandle
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineStatus, FolderStatus, JobStatus
from usenetsync_tui.tui.add_folder import AddFolder
from usenetsync_tui.tui.ask import Ask, Choice
from usenetsync_tui.tui.choices_dialog import (
    FolderChoicesDialog,
    NumberDialog,
    NzbDialog,
    VerifyDialog,
    nzb_refusal,
)
from usenetsync_tui.tui.files_table import FilesTable
from usenetsync_tui.tui.inks import cut_middle
from usenetsync_tui.tui.restore_dialog import RestoreDialog
from usenetsync_tui.tui.speeds import ask_speed
from usenetsync_tui.tui.wanted import Wanted
from usenetsync_tui.tui.words import plural

if TYPE_CHECKING:
    Host = Screen[None]
else:
    Host = object

T = TypeVar("T")

_RETRIABLE = (JobState.FAILED, JobState.INCOMPLETE, JobState.CANCELLED)

KEYS = (
    Binding("a", "add('')", "Add", id="folders.add", tooltip="a folder to keep"),
    Binding("U", "upload", "Upload", show=False, id="folders.upload", tooltip="a new version"),
    Binding("p", "pause", "Pause", id="job.pause", tooltip="or resume the chosen folder's job"),
    Binding("P", "pause_all", "pause all", show=False, id="jobs.pause", tooltip="or resume all"),
    Binding("x", "cancel", "Cancel", id="job.cancel", tooltip="the chosen folder's job; asks"),
    Binding("R", "retry", "Retry", show=False, id="job.retry", tooltip="the chosen folder's job"),
    Binding(
        "plus,equals_sign", "priority(-1)", "sooner", show=False, key_display="+", id="job.sooner"
    ),
    Binding("minus", "priority(1)", "later", show=False, key_display="-", id="job.later"),
    Binding("r", "restore", "Restore", id="folders.restore", tooltip="a version, or a part of it"),
    Binding("V", "verify", "verify", show=False, id="folders.verify", tooltip="its articles"),
    Binding("N", "nzb", "NZB", show=False, id="folders.nzb", tooltip="for other programs"),
    Binding("E", "choices", "how it is kept", show=False, id="folders.choices"),
    Binding("b", "bandwidth", "limit", show=False, id="servers.bandwidth", tooltip="how fast"),
    Binding("w", "workers", "workers", show=False, id="workers.count", tooltip="how many"),
)


class FolderKeys(Host):
    """The part of the dashboard that acts. Its host knows the chosen folder and the status."""

    handle: EngineHandle
    status: EngineStatus | None

    @property
    def chosen(self) -> FolderStatus | None:
        """The folder the keys mean."""
        raise NotImplementedError

    def want(self, command: Command, said: str = "") -> None:
        """Hand a command to the application."""
        self.post_message(Wanted(command, said=said))

    def say(self, text: str) -> None:
        """A short word; names in it are safe."""
        self.notify(text, timeout=3, markup=False)

    # Folders

    def action_add(self, path: str) -> None:
        """Ask which folder to keep, and how."""
        self.add_folder(path.encode())

    def add_folder(self, path: bytes) -> None:
        """The same, beginning with a path."""
        servers = bool(self.status and self.status.servers)
        self._ask(AddFolder(servers=servers, path=path), self._begin)

    def _begin(self, upload: Command) -> None:
        self.want(upload, "Added; it is uploaded when its turn comes.")

    def action_upload(self) -> None:
        """A new version of the chosen folder."""
        folder = self._folder()
        if folder is not None:
            self.want(Upload(folder.path, FolderChoices()), f"{_short(folder)}: a new version.")

    def action_choices(self) -> None:
        """How the chosen folder is kept."""
        folder = self._folder()
        if folder is not None:
            self._ask(FolderChoicesDialog(folder), self.want)

    def action_verify(self) -> None:
        """Look for the articles of the chosen folder."""
        folder = self._folder()
        if folder is None:
            return
        known = folder

        def answered(answer: str | None) -> None:
            if answer is not None:
                self.verify(known, bodies=answer == "bodies")

        self.app.push_screen(VerifyDialog(folder), answered)

    def verify(self, folder: Folder, *, bodies: bool) -> None:
        """Queue it."""
        self.want(Verify(folder.id, bodies), f"{_short(folder)} will be verified.")

    def action_restore(self) -> None:
        """Ask which version of the chosen folder to bring back, and where to."""
        table = self.query_one(FilesTable)
        row = table.cursor_row if table.has_focus else None  # else the whole folder is meant
        self.restore(b"", None, prefix=row.path.rstrip(b"/") if row else b"")

    def restore(self, target: bytes, version: int | None, *, prefix: bytes = b"") -> None:
        """The same, beginning with a target, a version and a part."""
        folder = self._folder()
        if folder is None:
            return
        known = folder

        def ask(versions: tuple[Snapshot, ...]) -> None:
            dialog = RestoreDialog(known, versions, prefix, version=version, target=target)
            self._ask(dialog, self._restore)

        self._with_versions(folder, ask)

    def _restore(self, command: Restore) -> None:
        self.want(command, f"Restoring into {_cut(command.target)}.")

    def action_nzb(self) -> None:
        """Ask where to write an NZB of the chosen folder."""
        self.nzb(b"")

    def nzb(self, path: bytes) -> None:
        """The same, beginning with a path."""
        folder = self._folder()
        if folder is None:
            return
        refusal, known = nzb_refusal(folder), folder
        if refusal:
            self.say(refusal)
            return

        def ask(versions: tuple[Snapshot, ...]) -> None:
            self._ask(NzbDialog(known, versions, path=path), self._write)

        self._with_versions(folder, ask)

    def _write(self, command: ExportNzb) -> None:
        self.want(command, f"Writing {_cut(command.path)}.")

    def _with_versions(self, folder: Folder, then: Callable[[tuple[Snapshot, ...]], None]) -> None:
        """Look the finished versions up, beside the screen, and go on with them."""

        async def look() -> None:
            browser = self.handle.browser
            try:
                found = await browser.snapshots(folder.id) if browser is not None else ()
            except UsenetSyncError as error:
                self.say(safe_name(str(error)))
                return
            finished = tuple(s for s in found if s.state is not SnapshotState.BUILDING)
            if finished:
                then(finished)
            else:
                self.say(f"No version of {_short(folder)} is finished yet.")

        self.run_worker(look(), group="versions", exclusive=True)

    # Jobs

    def action_pause(self) -> None:
        """Hold the chosen folder's job, or let it go on."""
        job = self._going_job()
        if job is not None:
            self.want(Resume(job.id) if job.state is JobState.PAUSED else Pause(job.id))

    def action_pause_all(self) -> None:
        """Hold every job; or let all go on, when none is left to hold."""
        going = self._going_jobs()
        held = [job for job in going if job.state is JobState.PAUSED]
        if not going:
            self.say("There is no job to act on.")
        elif len(held) == len(going):
            self.want(ResumeAll(), f"{plural(len(held), 'job')} will go on.")
        else:
            self.want(PauseAll(), "Everything is held. P lets it go on.")

    def action_priority(self, by: int) -> None:
        """Move the chosen folder's job in the queue."""
        job = self._going_job()
        if job is not None:
            self.prioritise(Priority(min(max(Priority), max(min(Priority), job.priority + by))))

    def prioritise(self, priority: Priority) -> None:
        """Give the chosen folder's job a priority; without a job, the folder itself."""
        folder, job = self._folder(), self._job()
        said = f"Priority {priority.name.lower()}."
        if folder is None:
            return
        if job is None or job.state.is_over:
            self.want(Choose(folder.id, FolderChoices(priority=priority)), said)
        elif priority != job.priority:
            self.want(SetPriority(job.id, priority), said)
        else:
            self.say(said)

    def action_retry(self) -> None:
        """The chosen folder's job again."""
        job = self._job()
        if job is None:
            self.say("There is no job to act on.")
        elif job.state in _RETRIABLE:
            self.want(Retry(job.id), f"The {job.verb} is queued again.")
        else:
            self.say("Only what failed, or is not whole, is tried again.")

    def action_cancel(self) -> None:
        """Ask, then end the chosen folder's job."""
        job = self._going_job()
        if job is None:
            return
        left = plural(max(0, job.total_files - job.done_files), "file")
        name, number = cut_middle(safe_name(job.folder), 30), job.id
        choices = (
            Choice("y", f"Cancel the {job.verb}", "what is done is kept", "yes"),
            Choice("n", "Go on", "", "no"),
        )

        def answered(choice: str | None) -> None:
            if choice == "yes":
                self.want(Cancel(number))

        self.app.push_screen(Ask(f"Cancel {name} with {left} to go?", choices), answered)

    # Limits

    def action_bandwidth(self) -> None:
        """Ask how fast to post, to all servers together."""
        if self.status is None or not self.status.servers:
            self.say("There is no server to post to.")
            return
        ask_speed(self, self.status.bandwidth_limit)

    def action_workers(self) -> None:
        """Ask how many threads read and compress."""
        now = self.status.workers_allowed if self.status else 0
        dialog = NumberDialog("Workers", "Threads", now or 1, most=MOST_WORKERS)
        self._ask(dialog, self._set_workers)

    def _set_workers(self, count: int) -> None:
        self.want(SetWorkers(count), f"{plural(count, 'worker')} from now on.")

    # What they act on

    def _ask(self, dialog: ModalScreen[T], then: Callable[[T], None]) -> None:
        def answered(answer: T | None) -> None:
            if answer is not None:
                then(answer)

        self.app.push_screen(dialog, answered)

    def _folder(self) -> Folder | None:
        """The chosen folder; else say that there is none."""
        if self.chosen is None:
            self.say("No folders yet. Press a to add one.")
            return None
        return self.chosen.folder

    def _job(self) -> JobStatus | None:
        """The open or latest job of the chosen folder."""
        return self.chosen.job if self.chosen else None

    def _going_jobs(self) -> list[JobStatus]:
        return [job for job in (self.status.jobs if self.status else ()) if not job.state.is_over]

    def _going_job(self) -> JobStatus | None:
        """The chosen folder's job if a command can still reach it; else say why not."""
        job = self._job()
        if job is None:
            self.say("There is no job to act on.")
        elif job.state.is_over:
            self.say("This job is over.")
        else:
            return job
        return None


def _short(folder: Folder) -> str:
    return cut_middle(safe_name(folder.name), 30)


def _cut(path: bytes) -> str:
    return cut_middle(safe_name(path), 40)
