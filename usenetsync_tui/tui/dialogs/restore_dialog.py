"""The dialog that starts a restore: which version and part of it, where to, and what gives way.

Below it a preview of what happens to each path, which the engine finds while the dialog is open. A
restore that deletes begins only after its preview. Knows fields and words; refuses to know what a
restore does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Static

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands import Command, PreviewRestore, Restore, StopPreview
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.restore_choices import Overwrite, RestoreChoices
from usenetsync_tui.model.restore_plans import RestorePreview
from usenetsync_tui.model.restored_paths import inside
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineStatus
from usenetsync_tui.tui.dialogs.plan_lines import pages, plan_lines
from usenetsync_tui.tui.dialogs.restore_picks import (
    DELETED,
    DIFFERING,
    ELSEWHERE,
    EXCEPT_HINT,
    OTHERS,
    OWN_PLACE,
    PLACES,
    RECREATED,
    STAY,
)
from usenetsync_tui.tui.dialogs.version_field import VersionField
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.kit.folder_listing import PathCheck, check_target
from usenetsync_tui.tui.kit.form import Field, Form, line_input
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.lines_view import LinesView, page_keys
from usenetsync_tui.tui.kit.options import OptionRow, Options
from usenetsync_tui.tui.kit.path_input import PathField, checked
from usenetsync_tui.tui.kit.path_words import shown_path, typed_path
from usenetsync_tui.tui.kit.pattern_words import typed, words
from usenetsync_tui.tui.kit.version_words import finished

_LEAST, _OTHER_ROWS = 8, 15
"""Rows of the preview, and those of the fields around it."""
_LOOK_FIRST = "This deletes files: see the preview below, then finish again."
_STILL_LOOKING = "The preview is not complete yet."

_DEFAULT = RestoreChoices()
_NAMED, _WIDTH = 3, 56
"""Paths that the dialog names, and their most cells."""


def marked_words(paths: Sequence[bytes]) -> str:
    """What several paths are: their number and the first of them, safe to show."""
    shown = "".join(f"\n  {cut_middle(safe_name(path), _WIDTH)}" for path in paths[:_NAMED])
    more = f"\n  and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return f"Only these {len(paths):,}, which are marked:{shown}{more}"


class RestoreDialog(Form[Restore]):
    """Dismissed with the restore to start, or with None. Shows a preview."""

    ACTION = "Restore"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "preview", "preview", id="restore.preview", tooltip="what happens"),
        *page_keys("restore", "scroll the preview", "turn"),
    ]

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
        super().__init__(f"Restore {cut_middle(safe_name(folder.name), 40)}")
        self._folder = folder
        self._versions = finished(versions)
        self._chosen = version
        self._paths = tuple(paths)
        self._target = target
        self._first = choices
        self._place = OWN_PLACE if in_place else ELSEWHERE
        self._asked: Restore | None = None
        self._seen: RestorePreview | None = None

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
        patterns = typed(self._first.exclude, escaped=True)
        yield Field("Except", line_input("exclude", patterns), hint=EXCEPT_HINT)
        yield Field("Into", Options(PLACES, self._place, id="place"))
        yield PathField("", id="target", path=self._target, hint="A folder for the files.")
        overwrite = Options(DIFFERING, str(self._first.overwrite), id="overwrite")
        yield Field("Differing", overwrite)
        others = DELETED if self._first.delete else STAY
        yield Field("Other files", Options(OTHERS, others, id="others"))
        if self._first.numeric_ids:
            yield Static("Owners keep their numbers, whatever has their names here.")

    def buttons(self) -> ComposeResult:
        yield from super().buttons()
        yield Button("Preview", id="preview", compact=True)

    def after(self) -> ComposeResult:
        yield LinesView(self._lines, id="restore-preview")

    def on_mount(self) -> None:
        """Name the key of the preview beside the others."""
        frame = self.query_one("#form")
        frame.border_subtitle = Content("ctrl+r preview · ctrl+s restore · esc back")
        self._show_place()

    def on_unmount(self) -> None:
        """However the dialog is closed, the engine stops looking."""
        if self._asked is not None:
            self._want(StopPreview())

    def on_option_row_changed(self, event: OptionRow.Changed) -> None:
        """Show the field of the target only if it counts."""
        super().on_option_row_changed(event)
        self._show_place()

    def _show_place(self) -> None:
        self.query_one(PathField).display = self.choice("place") == ELSEWHERE

    def show(self, status: EngineStatus) -> None:
        """Show what the engine found of this restore."""
        found = status.restore_preview
        if found is not None and found.restore == self._asked and found != self._seen:
            self._seen = found
        self.query_one("#restore-preview", LinesView).show(status)

    def _lines(self, status: EngineStatus, width: int, height: int) -> Sequence[Line]:
        return plan_lines(self._seen, width)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Accept the answers, or preview them."""
        if event.button.id == "preview":
            self.action_preview()
        else:
            super().on_button_pressed(event)

    def action_preview(self) -> None:
        """Have the engine find what the restore would do."""
        run_beside(self, self._preview, group="judge", exclusive=True)

    async def _preview(self) -> None:
        if (wanted := await self._judged()) is not None:
            self._look(wanted)

    def _look(self, wanted: Restore, page: int = 0) -> None:
        self.add_class("planned")
        self._size_preview()
        if wanted != self._asked:
            self._asked, self._seen = wanted, RestorePreview(0, wanted)
        self._want(PreviewRestore(wanted, page))
        view = self.query_one("#restore-preview", LinesView)
        view.scroll_home(animate=False)
        view.recompose_lines()

    def on_resize(self) -> None:
        """Give the preview the rows that the fields leave."""
        self._size_preview()

    def _size_preview(self) -> None:
        if self.has_class("planned"):
            view = self.query_one("#restore-preview", LinesView)
            view.styles.height = max(_LEAST, self.app.size.height - _OTHER_ROWS)

    def action_turn(self, by: int) -> None:
        """Scroll the preview down (`by` > 0) or up, a page; at its end to the next rows."""
        view, seen = self.query_one("#restore-preview", LinesView), self._seen
        at_end = view.scroll_offset.y >= view.max_scroll_y if by > 0 else not view.scroll_offset.y
        if at_end and seen is not None and self._asked is not None:
            if 0 <= seen.page + by < pages(seen):
                self._look(self._asked, seen.page + by)
        elif by > 0:
            view.action_page_down()
        else:
            view.action_page_up()

    def accept(self) -> None:
        run_beside(self, self._judge, group="judge", exclusive=True)

    async def _judge(self) -> None:
        wanted = await self._judged()
        if wanted is None:
            return
        if wanted.choices.delete and wanted != self._asked:
            self._look(wanted)
            self.complain({"others": _LOOK_FIRST})
        elif wanted.choices.delete and not (self._seen is not None and self._seen.over):
            self.complain({"others": _STILL_LOOKING})
        else:
            self.end(wanted)

    async def _judged(self) -> Restore | None:
        """The restore of the answers; None after complaints about them."""
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
        choices = RestoreChoices(
            words(self.text("exclude"), escaped=True),
            Overwrite(self.choice("overwrite")),
            self.choice("others") == DELETED,
            self._first.numeric_ids,
        )
        return Restore(
            self._folder.id,
            target.path,
            version.version,
            paths,
            in_place=place != ELSEWHERE,
            choices=choices,
            recreate=place == RECREATED,
        )

    def _want(self, command: Command) -> None:
        self.app.post_message(CommandRequest(command))

    def _typed(self) -> tuple[bytes, ...]:
        """The typed path; one that was copied, with the folder before it, becomes relative."""
        path = typed_path(self.text("prefix"))
        root = self._folder.path.rstrip(b"/")
        if path.startswith(root + b"/") or path == root:
            path = inside(path, root)
        return (path,) if path else ()
