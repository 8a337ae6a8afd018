"""The files pane: what a job does to the files listed, and what the user does.

What is to be done to files is only said, with `CommandRequest`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands import ActOnFiles
from usenetsync_tui.model.files import FileAction
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.ports import Browser, FileRow
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineState, EngineStatus, JobStatus
from usenetsync_tui.tui.files.marked_files import MarkedFiles
from usenetsync_tui.tui.files.marks import Marks
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.paste_safe import copyable
from usenetsync_tui.tui.kit.question import Ask, Choice

REFRESH = 1.0
"""Seconds between two looks at the rows on the screen while a job runs."""
_SAID = {
    FileAction.RETRY: "Retrying",
    FileAction.HOLD: "Holding",
    FileAction.LEAVE_OUT: "Leaving out",
}


class FilesTable(MarkedFiles):
    """The files of one version of one folder, live, with all that can be done to them."""

    HELP = "Keys act on the marked files, or on the one under the cursor. `?` closes this help."
    BINDING_GROUP_TITLE = "Files"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Articles", id="files.open", tooltip="of the file"),
        Binding("R", "retry", "Retry", id="files.retry", tooltip="failed, held and left out"),
        Binding("H", "hold", "Hold", show=False, id="files.hold", tooltip="until it is retried"),
        Binding("x", "leave_out", "Leave out", id="files.leave_out", tooltip="of this version"),
        Binding("y", "copy", "copy the path", show=False, id="files.copy"),
    ]

    @dataclass
    class Opened(Message):
        """The articles of a file are wanted."""

        browser: Browser
        folder: Folder
        version: int
        row: FileRow

    def __init__(self, *, id: str, name_of_pane: str = "2 Files") -> None:
        super().__init__(id=id, name_of_pane=name_of_pane)
        self._job: JobStatus | None = None
        self._stage: tuple[str, bool] | None = None
        self._starting = True

    def on_mount(self) -> None:
        """Look again while a job runs."""
        self.set_interval(REFRESH, self._poll, name="file list")

    def show(self, status: EngineStatus) -> None:
        """Learn whether a job changes these files."""
        starting, self._starting = self._starting, status.state is EngineState.STARTING
        query, stage = self.query_now, None
        self._job = None
        if query is not None:
            at = (query.folder_id, query.version)
            jobs = (job for job in status.jobs if (job.folder_id, job.version) == at)
            self._job = next((job for job in jobs if job.state is JobState.RUNNING), None)
        if self._job is not None:
            stage = (self._job.phase, self._job.scanned)
        if stage != self._stage and query is not None:
            # Between its phases the rows of a version come and go; within one they stay.
            self.pages.refresh_all(at_once=True)
        self._stage = stage
        if starting != self._starting and not self.row_count:
            self.refresh()

    def _poll(self) -> None:
        if self._job is None or not self.is_displayed or not self.screen.is_current:
            return
        if not self._job.scanned or self.wanted.view is not None:
            # The list grows, or loses what is done.
            self.pages.refresh_all(at_once=False)
        else:
            self.pages.refresh()

    def empty(self) -> Line:
        if self.query_now is None and self._starting:
            return (("Opening the catalogue…", "muted"),)
        if self.query_now is None and self.folder is not None:
            return (("Files are listed once the walk has begun.", "muted"),)
        if self._job is not None and self.pages.loaded and not self.wanted:
            return (("No files in this version yet; the walk has just begun.", "muted"),)
        return super().empty()

    def action_open(self) -> None:
        """The articles of the file under the cursor."""
        row, query = self.cursor_row, self.query_now
        if row is None or query is None or self.browser is None or self.folder is None:
            return
        if row.object_id is None:
            self.say("It has no articles yet." if row.articles else "It has no articles.")
            return
        self.post_message(self.Opened(self.browser, self.folder, query.version, row))

    def action_copy(self) -> None:
        """Put the whole path on the terminal's clipboard."""
        row = self.cursor_row
        if row is not None and self.folder is not None:
            path = os.path.join(self.folder.path, row.path)
            self.app.copy_to_clipboard(copyable(path))
            self.say(f"Copied {cut_middle(safe_name(path), 60)}")

    def action_retry(self) -> None:
        """Read failed, held and left-out files again."""
        self._act(FileAction.RETRY)

    def action_hold(self) -> None:
        """Pass over files not read yet, until they are retried."""
        self._act(FileAction.HOLD)

    def action_leave_out(self) -> None:
        """Leave files not read yet out of this version; asks when several are meant."""
        if self.marks.count(self.row_count) < 2:
            self._act(FileAction.LEAVE_OUT)
            return
        choices = (
            Choice("y", "Leave them out", "of this version, if they are not read yet", "yes"),
            Choice("n", "Keep them", "", "no"),
        )

        def answered(choice: str | None) -> None:
            if choice == "yes":
                self._act(FileAction.LEAVE_OUT)

        self.app.push_screen(Ask(f"Leave out {self.amount()}?", choices), answered)

    def _act(self, action: FileAction) -> None:
        selection = self.selection()
        if selection is not None:
            said = f"{_SAID[action]} {self.amount()}."
            self.post_message(CommandRequest(ActOnFiles(action, selection), said=said))
            self.remark(Marks())
