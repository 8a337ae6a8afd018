"""The dialog that starts a restore: which version, which part of it, and the target."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands import Restore
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.restored_paths import inside
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.dialogs.version_field import VersionField
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.folder_listing import check_target
from usenetsync_tui.tui.kit.form import Field, Form, line_input
from usenetsync_tui.tui.kit.path_input import PathField, checked
from usenetsync_tui.tui.kit.path_words import shown_path, typed_path
from usenetsync_tui.tui.kit.version_words import finished

_WHAT_HAPPENS = (
    "Identical files are left alone; differing files are replaced; other files in it stay."
)

_NAMED, _WIDTH = 3, 56
"""Paths that the dialog names, and their most cells."""


def marked_words(paths: Sequence[bytes]) -> str:
    """What several paths are: their number and the first of them, safe to show."""
    shown = "".join(f"\n  {cut_middle(safe_name(path), _WIDTH)}" for path in paths[:_NAMED])
    more = f"\n  and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return f"Only these {len(paths):,}, which are marked:{shown}{more}"


class RestoreDialog(Form[Restore]):
    """Dismissed with the restore to start, or with None."""

    ACTION = "Restore"

    def __init__(
        self,
        folder: Folder,
        versions: Sequence[Snapshot],
        paths: Sequence[bytes] = (),
        *,
        version: int | None = None,
        target: bytes = b"",
    ) -> None:
        """`paths`: what to restore; none: everything. `target`: initial text of its field."""
        super().__init__(f"Restore {cut_middle(safe_name(folder.name), 40)}")
        self._folder = folder
        self._versions = finished(versions)
        self._chosen = version
        self._paths = tuple(paths)
        self._target = target

    def fields(self) -> ComposeResult:
        yield VersionField(self._versions, self._chosen)
        if len(self._paths) > 1:
            yield Static(Content(marked_words(self._paths)), id="marked-paths")
        else:
            yield Field(
                "Only",
                line_input("prefix", shown_path(b"".join(self._paths)), placeholder="everything"),
                hint="A file or a folder inside the version; empty: all of it.",
            )
        yield PathField("Into", id="target", path=self._target, hint=_WHAT_HAPPENS)

    def accept(self) -> None:
        run_beside(self, self._judge, group="judge", exclusive=True)

    async def _judge(self) -> None:
        version = self.query_one(VersionField).version
        path = self.query_one(PathField).path
        target = await checked(partial(check_target, path, self._folder.path))
        paths = self._paths if len(self._paths) > 1 else self._typed()
        complaints: dict[str, str] = {}
        if isinstance(version, str):
            complaints["version"] = version
        if any(path.startswith(b"/") for path in paths):
            complaints["prefix"] = "This path is not inside the folder."
        if target.problem:
            complaints["target"] = target.problem
        self.complain(complaints)
        if not complaints and isinstance(version, Snapshot):
            self.end(Restore(self._folder.id, target.path, version.version, paths))

    def _typed(self) -> tuple[bytes, ...]:
        """The typed path; one that was copied, with the folder before it, becomes relative."""
        path = typed_path(self.text("prefix"))
        root = self._folder.path.rstrip(b"/")
        if path.startswith(root + b"/") or path == root:
            path = inside(path, root)
        return (path,) if path else ()
