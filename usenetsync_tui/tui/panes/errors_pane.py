"""The errors of the chosen folder, grouped by cause, with the files each affects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import BindingType

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands.jobs import ActOnFiles
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.lists.files import FileAction, FileFilter, FileSelection, FileView
from usenetsync_tui.model.ports.browser import Browser, Cause
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.action import Action, bindings
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.choosing_view import ChoosingView, Item
from usenetsync_tui.tui.kit.command_request import CommandRequest, writable
from usenetsync_tui.tui.kit.inks import fit
from usenetsync_tui.tui.panes.error_lines import (
    MOST_FILES,
    PAGE,
    AffectedFiles,
    CauseFileKey,
    CauseKey,
    MoreKey,
    cause_items,
    has_errors,
    key_of,
    verdict_lines,
)
from usenetsync_tui.tui.panes.server_lines import trouble_lines

POLL_SECONDS = 2.0
MOST_CAUSES = 200


def _has_cause(pane: ErrorsPane) -> str:
    return "" if pane.chosen_key is not None else "There are no errors."


def _has_failed_files(pane: ErrorsPane) -> str:
    return "" if pane.has_failed_files else "There is nothing to retry."


ERROR_ACTIONS: tuple[Action[ErrorsPane], ...] = (
    Action(
        "errors.unfold",
        "Files",
        lambda pane: pane.unfold(),
        (_has_cause,),
        keys="enter,space",
        key_display="⏎",
        tooltip="or none",
        footer=True,
    ),
    Action(
        "errors.retry",
        "Retry",
        lambda pane: pane.retry(),
        (writable, _has_failed_files),
        keys="R",
        tooltip="all failed files of the folder",
        footer=True,
    ),
)


class ErrorsPane(ChoosingView):
    """Lists causes, under an unfolded cause its files, then the servers with trouble."""

    HELP = "`enter` shows the files a cause affects, `R` retries them. `?` closes this help."
    BINDING_GROUP_TITLE = "Errors"
    ACTIONS: ClassVar[Sequence[Action[Any]]] = ERROR_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ERROR_ACTIONS)

    def __init__(self, *, id: str) -> None:
        super().__init__(self._compose_causes, id=id)
        self._browser: Browser | None = None
        self._folder: FolderStatus | None = None
        self._causes: tuple[Cause, ...] = ()
        self._unfolded: dict[CauseKey, AffectedFiles] = {}
        self._asked: object = None
        """Folder, job and job state of the last read; without errors it is not repeated."""
        self._asking = False
        self._problem = ""

    def on_mount(self) -> None:
        """Read the causes regularly."""
        self.set_interval(POLL_SECONDS, self._poll, name="look for errors")

    def show(
        self,
        status: EngineStatus,
        folder: FolderStatus | None = None,
        browser: Browser | None = None,
    ) -> None:
        """Draw the errors of a folder; read them first if it is another folder."""
        before, self._folder = self._folder, folder
        self._browser = browser
        if _id(before) != _id(folder):
            self._causes, self._unfolded = (), {}
            self._asked, self._problem = None, ""
        if self._asked is None:
            self._poll()
        super().show(status)

    def on_show(self) -> None:
        self._poll()

    def _poll(self) -> None:
        folder, browser = self._folder, self._browser
        if folder is None or browser is None or self._asking or not self.is_looked_at:
            return
        job = folder.job
        now = (_id(folder), job.id if job else None, job.state if job else None)
        if now == self._asked and not has_errors(folder):
            return
        self._asked = now
        self._asking = True
        run_beside(self, partial(self._look_up, browser, folder), name="causes", group="causes")

    async def _look_up(self, browser: Browser, folder: FolderStatus) -> None:
        problem = ""
        causes: tuple[Cause, ...] = ()
        try:
            causes = await browser.causes(folder.folder.id, MOST_CAUSES)
        except UsenetSyncError as error:
            problem = str(error)
        finally:
            self._asking = False
        if _id(self._folder) != _id(folder):
            self._poll()
            return
        self._problem = problem
        if not problem:
            self._causes = causes
        self.recompose_lines()

    def _compose_causes(self, status: EngineStatus, width: int, height: int) -> list[Item]:
        folder = self._folder
        notes = verdict_lines(folder.job if folder else None, width)
        if self._problem:
            notes.append(((cut_middle(safe_name(self._problem), width), "bad"),))
        items = [Item(None, (*notes, ()))] if notes else []
        items += cause_items(self._causes, self._unfolded, width)
        if not items:
            unknown = has_errors(folder) and not self._causes
            items = [Item(None, ((("…" if unknown else "No errors.", "muted"),),))]
        servers = [fit(line, width) for line in trouble_lines(status.servers)]
        if servers:
            items.append(Item(None, ((), *servers)))
        return items

    def unfold(self) -> None:
        """Show or hide the files of the chosen cause; on the last line read more of them."""
        match self.chosen_key:
            case MoreKey(cause):
                self._more(cause)
            case CauseFileKey(cause):
                self._fold(cause)
            case tuple() as cause if cause in self._unfolded:
                self._fold(cause)
            case tuple() as cause:
                self._unfolded[cause] = AffectedFiles()
                self._more(cause)
                self.recompose_lines()

    def _fold(self, cause: CauseKey) -> None:
        self._unfolded.pop(cause, None)
        self.choose_key(cause)

    def _more(self, key: CauseKey) -> None:
        cause = next((cause for cause in self._causes if key_of(cause) == key), None)
        files = self._unfolded.get(key)
        if cause is None or files is None or files.complete or len(files.paths) >= MOST_FILES:
            return
        if self._browser is not None and self._folder is not None:
            run_beside(
                self,
                partial(self._fetch, self._browser, self._folder, cause, files),
                name="affected files",
                group="affected files",
                exclusive=True,
            )

    async def _fetch(
        self, browser: Browser, folder: FolderStatus, cause: Cause, files: AffectedFiles
    ) -> None:
        after = files.paths[-1] if files.paths else None
        try:
            paths = await browser.affected_paths(folder.folder.id, cause, after, PAGE)
        except UsenetSyncError as error:
            self._problem = str(error)
            self.recompose_lines()
            return
        key = key_of(cause)
        if self._unfolded.get(key) != files or _id(self._folder) != _id(folder):
            return
        all_paths = (*files.paths, *paths)
        self._unfolded[key] = AffectedFiles(all_paths, complete=len(paths) < PAGE)
        at_more = self.chosen_key == MoreKey(key)
        self.recompose_lines()
        if at_more and paths:
            self.choose_key(CauseFileKey(key, paths[0]))

    @property
    def has_failed_files(self) -> bool:
        """Whether a version of the folder has files that failed."""
        return _version(self._folder) is not None and has_errors(self._folder)

    def retry(self) -> None:
        """Ask the engine to retry all failed files of the folder."""
        folder, version = self._folder, _version(self._folder)
        if folder is None or version is None:
            return
        selection = FileSelection(folder.folder.id, version, FileFilter(view=FileView.FAILED))
        said = f"Retrying the failed files of {cut_middle(safe_name(folder.folder.name), 30)}."
        self.post_message(CommandRequest(ActOnFiles(FileAction.RETRY, selection), said=said))


def _id(folder: FolderStatus | None) -> int | None:
    return None if folder is None else folder.folder.id


def _version(folder: FolderStatus | None) -> int | None:
    """The version that an upload builds, else the newest finished one; None: neither."""
    if folder is None:
        return None
    job = folder.job
    if job is not None and job.verb is Verb.UPLOAD and job.version is not None:
        return job.version
    return folder.latest.version if folder.latest is not None else None
