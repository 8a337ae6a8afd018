"""The dialog that starts a restore: which version and part of it, where to, and what gives way.

Knows fields and words; refuses to know what a restore does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.restores.paths import inside
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.dialogs.restoring.restore_form import RestoreForm
from usenetsync_tui.tui.dialogs.restoring.restore_picks import (
    ELSEWHERE,
    OWN_PLACE,
    PLACES,
    RECREATED,
)
from usenetsync_tui.tui.dialogs.version_field import VersionField
from usenetsync_tui.tui.kit.folder_listing import PathCheck, check_target
from usenetsync_tui.tui.kit.form import Field, line_input
from usenetsync_tui.tui.kit.options import OptionRow, Options
from usenetsync_tui.tui.kit.path_input import PathField, checked
from usenetsync_tui.tui.kit.path_words import shown_path, typed_path
from usenetsync_tui.tui.kit.version_words import finished

_DEFAULT = RestoreChoices()
_NAMED, _WIDTH = 3, 56
"""Paths that the dialog names, and their most cells."""


def marked_words(paths: Sequence[bytes]) -> str:
    """What several paths are: their number and the first of them, safe to show."""
    shown = "".join(f"\n  {cut_middle(safe_name(path), _WIDTH)}" for path in paths[:_NAMED])
    more = f"\n  and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return f"Only these {len(paths):,}, which are marked:{shown}{more}"


class RestoreDialog(RestoreForm[Restore]):
    """Dismissed with the restore to start, or with None."""

    def __init__(
        self,
        folder: Folder,
        versions: Sequence[Snapshot],
        paths: Sequence[bytes] = (),
        *,
        version: int | None = None,
        target: bytes = b"",
        choices: RestoreChoices = _DEFAULT,
        in_place: bool = False,
    ) -> None:
        """`paths`: what to restore; none: everything. `target`: initial text of its field."""
        super().__init__(f"Restore {cut_middle(safe_name(folder.name), 40)}", choices)
        self._folder = folder
        self._versions = finished(versions)
        self._chosen = version
        self._paths = tuple(paths)
        self._target = target
        self._place = OWN_PLACE if in_place else ELSEWHERE

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
        yield from self.except_field()
        yield Field("Into", Options(PLACES, self._place, id="place"))
        yield PathField("", id="target", path=self._target, hint="A folder for the files.")
        yield from self.choice_fields()

    def on_mount(self) -> None:
        """Name the key of the preview beside the others."""
        frame = self.query_one("#form")
        frame.border_subtitle = Content("ctrl+r preview · ctrl+s restore · esc back")
        self._show_place()

    def on_option_row_changed(self, event: OptionRow.Changed) -> None:
        """Show the field of the target only if it counts."""
        super().on_option_row_changed(event)
        self._show_place()

    def _show_place(self) -> None:
        self.query_one(PathField).display = self.choice("place") == ELSEWHERE

    async def judged(self) -> Restore | None:
        version = self.query_one(VersionField).version
        place = self.choice("place")
        target = PathCheck()
        if place == ELSEWHERE:
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
        if complaints or not isinstance(version, Snapshot):
            return None
        return Restore(
            self._folder.id,
            target.path,
            version.version,
            paths,
            in_place=place != ELSEWHERE,
            choices=self.choices,
            recreate=place == RECREATED,
        )

    def begin(self, wanted: Restore) -> None:
        self.end(wanted)

    def _typed(self) -> tuple[bytes, ...]:
        """The typed path; one that was copied, with the folder before it, becomes relative."""
        path = typed_path(self.text("prefix"))
        root = self._folder.path.rstrip(b"/")
        if path.startswith(root + b"/") or path == root:
            path = inside(path, root)
        return (path,) if path else ()
