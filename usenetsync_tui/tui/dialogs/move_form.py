"""Where a folder is now: it goes on there with its versions."""

from __future__ import annotations

from functools import partial

from textual.app import ComposeResult

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.folders import MoveFolder
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.folder_listing import check_source
from usenetsync_tui.tui.kit.form import Form
from usenetsync_tui.tui.kit.path_input import PathField, checked

_HINT = "It keeps its name, its versions and its key; no file is moved. The next upload compares."


class MoveForm(Form[MoveFolder]):
    """Dismissed with the new path, or with None."""

    ACTION = "Go on there"

    def __init__(self, folder: Folder, path: bytes = b"") -> None:
        """`path`: the initial text; empty: where the folder was."""
        super().__init__(f"Where {cut_middle(safe_name(folder.name), 40)} is now")
        self._folder = folder
        self._path = path or folder.path

    def fields(self) -> ComposeResult:
        yield PathField("Path", id="path", path=self._path, hint=_HINT)

    def accept(self) -> None:
        run_beside(self, self._judge, group="judge", exclusive=True)

    async def _judge(self) -> None:
        found = await checked(partial(check_source, self.query_one(PathField).path))
        problem = found.problem
        if not problem and found.path == self._folder.path:
            problem = "It is there already."
        self.complain({"path": problem})
        if not problem:
            self.end(MoveFolder(self._folder.id, found.path))
