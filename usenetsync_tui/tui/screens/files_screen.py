"""The screen of the files of one version."""

from __future__ import annotations

from textual.widget import Widget

from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.lists.files import FileFilter
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.tui.actions.context import AtHand
from usenetsync_tui.tui.files.files_pane import FilesPane
from usenetsync_tui.tui.kit.version_words import version_name
from usenetsync_tui.tui.screens.deeper_screen import DeeperScreen, crumbs_of


class FilesScreen(DeeperScreen):
    """A files pane whose folder and version never change."""

    def __init__(
        self,
        browser: Browser,
        folder: Folder,
        version: int,
        *,
        unfinished: bool = False,
        wanted: FileFilter | None = None,
    ) -> None:
        """`wanted`: the filter that the list begins with; None: all files."""
        name = version_name(version, unfinished=unfinished)
        crumbs = crumbs_of(folder.name, name, "files")
        super().__init__(crumbs, browser=browser, folder=folder)
        self._listed = (browser, folder, version)
        self._unfinished = unfinished
        self._wanted = wanted
        self._pane = FilesPane(
            id="version-files-pane", table_id="version-files", name_of_pane="Files"
        )

    @property
    def at_hand(self) -> AtHand:
        """The marked files, and the one under the cursor, in this version."""
        table, version = self._pane.table, self._listed[2]
        latest = self.chosen.latest if self.chosen is not None else None
        finished = latest is not None and latest.version >= version
        unfinished = self._unfinished and not finished
        return AtHand(version, table.path_at_hand, unfinished, table.marked)

    def content(self) -> Widget:
        return self._pane

    def on_mount(self) -> None:
        """List the files."""
        table = self._pane.table
        table.open(*self._listed, unfinished=self._unfinished)
        if self._wanted is not None:
            table.filter_by(self._wanted)
        if self.status is not None:
            table.show(self.status)
        table.focus()

    def show(self, status: EngineStatus) -> None:
        """Show the latest status: the files of an unfinished version change."""
        self._pane.table.show(status)
        super().show(status)
