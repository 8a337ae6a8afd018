"""Removes a folder with all its versions: the user types its name."""

from __future__ import annotations

from textual.app import ComposeResult

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.folders import RemoveFolder
from usenetsync_tui.model.folders import Folder, StoreKind
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.form import Field, Form, line_input


class RemoveForm(Form[RemoveFolder]):
    """Dismissed with a `RemoveFolder` once the user has typed the folder's name, or with None."""

    ACTION = "Remove for good"

    def __init__(self, folder: Folder) -> None:
        super().__init__(f"Remove {cut_middle(safe_name(folder.name), 40)} with all its versions")
        self._folder = folder

    def fields(self) -> ComposeResult:
        stays = (
            "Its articles stay on Usenet, unread."
            if self._folder.realm.store is StoreKind.USENET
            else "Its articles are deleted, but for those that other folders share."
        )
        hint = f"Type {safe_name(self._folder.name)}. Its files on disk are not touched. {stays}"
        yield Field("Its name", line_input("name"), hint=hint)

    def accept(self) -> None:
        is_it = self.text("name").strip() == safe_name(self._folder.name)
        self.complain({"name": "" if is_it else "This is not its name. Nothing was changed."})
        if is_it:
            self.end(RemoveFolder(self._folder.id))
