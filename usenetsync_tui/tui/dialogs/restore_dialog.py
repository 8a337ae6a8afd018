"""The dialog that starts a restore: which version, which part of it, and the target."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.app import ComposeResult

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands import Restore
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.dialogs.version_field import VersionField
from usenetsync_tui.tui.kit.folder_listing import check_target
from usenetsync_tui.tui.kit.form import Field, Form, line_input
from usenetsync_tui.tui.kit.path_input import PathField, checked
from usenetsync_tui.tui.kit.path_words import shown_path, typed_path
from usenetsync_tui.tui.kit.version_words import finished

_WHAT_HAPPENS = (
    "Identical files are left alone; differing files are replaced; other files in it stay."
)


class RestoreDialog(Form[Restore]):
    """Dismissed with the restore to start, or with None."""

    ACTION = "Restore"

    def __init__(
        self,
        folder: Folder,
        versions: Sequence[Snapshot],
        prefix: bytes = b"",
        *,
        version: int | None = None,
        target: bytes = b"",
    ) -> None:
        """`prefix`: the part of the folder to restore. `target`: initial text of its field."""
        super().__init__(f"Restore {cut_middle(safe_name(folder.name), 40)}")
        self._folder = folder
        self._versions = finished(versions)
        self._chosen = version
        self._prefix = prefix
        self._target = target

    def fields(self) -> ComposeResult:
        yield VersionField(self._versions, self._chosen)
        yield Field(
            "Only",
            line_input("prefix", shown_path(self._prefix), placeholder="everything"),
            hint="A file or a folder inside the version; empty: all of it.",
        )
        yield PathField("Into", id="target", path=self._target, hint=_WHAT_HAPPENS)

    def accept(self) -> None:
        self.run_worker(self._judge(), group="judge", exclusive=True)

    async def _judge(self) -> None:
        version = self.query_one(VersionField).version
        path = self.query_one(PathField).path
        target = await checked(partial(check_target, path, self._folder.path))
        prefix = typed_path(self.text("prefix"))
        complaints: dict[str, str] = {}
        if isinstance(version, str):
            complaints["version"] = version
        if prefix.startswith(b"/"):
            complaints["prefix"] = "A path inside the folder does not begin with a slash."
        if target.problem:
            complaints["target"] = target.problem
        self.complain(complaints)
        if not complaints and isinstance(version, Snapshot):
            self.end(Restore(self._folder.id, target.path, version.version, prefix))
