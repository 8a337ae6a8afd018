"""The preview of a restore: what would happen to each path, over the form that asks for it.

The engine looks while the dialog is open. Knows pages and keys; refuses to know how it is found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.folders import StopPreview
from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.restores.plans import RestorePreview
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.tui.dialogs.restoring.plan_lines import pages, plan_heads, plan_lines
from usenetsync_tui.tui.kit.command_request import READ_ONLY, CommandRequest
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.lines_view import LinesView, page_keys

_DELETES = "This deletes files. Look at the list; ctrl+s begins the restore."
_CHANGES_NOTHING = "The preview changes nothing. ctrl+s begins the restore."
_STILL_LOOKING = "The preview is not complete yet."


class PlanDialog(ModalScreen[bool]):
    """Dismissed with True to begin the restore, or with None. Satisfies `StatusScreen`."""

    AUTO_FOCUS = "#plan-rows"
    BINDING_GROUP_TITLE = "Restore preview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,q", "close", "back", id="plan.back"),
        Binding("ctrl+s", "begin", "restore", id="plan.restore"),
        *page_keys("plan", "page by page", "turn"),
    ]

    def __init__(
        self,
        heading: str,
        wanted: Restore,
        preview_of: Callable[[Restore, int], PreviewRestore],
        *,
        after: int = 0,
    ) -> None:
        """`heading`: safe to show. `after`: the number of the latest preview before this one."""
        super().__init__()
        self._heading = heading
        self._wanted = wanted
        self._preview_of = preview_of
        self._after = after
        self._found = RestorePreview(after, wanted)

    def compose(self) -> ComposeResult:
        with Vertical(id="plan") as frame:
            frame.border_title = Content(f"{self._heading}: preview")
            frame.border_subtitle = Content("PgUp PgDn · ctrl+s restore · esc back")
            yield LinesView(self._head_lines, id="plan-heads")
            yield LinesView(self._lines, id="plan-rows")
            yield Static("", markup=False, id="plan-note")
            with Horizontal(id="form-buttons"):
                yield Button("Restore", id="begin", compact=True)
                yield Button("Back", id="back", compact=True)

    def on_mount(self) -> None:
        """Have the engine look."""
        self.query_one("#plan-heads").can_focus = False
        self._note(_DELETES if self._wanted.choices.delete else _CHANGES_NOTHING)
        self._want(self._preview_of(self._wanted, 0))

    def on_unmount(self) -> None:
        """However the dialog is closed, the engine stops looking."""
        self._want(StopPreview())

    def show(self, status: EngineStatus) -> None:
        """Show what the engine found of this restore."""
        found = status.restore_preview
        if status.read_only and not self._found.rows:
            self._note(READ_ONLY)
        elif found is not None and found.restore == self._wanted and found.number > self._after:
            self._found = found
        heads = self.query_one("#plan-heads", LinesView)
        width = heads.scrollable_content_region.width
        heads.styles.height = len(plan_heads(self._found, width))
        for view in self.query(LinesView):
            view.show(status)

    def _head_lines(self, status: EngineStatus, width: int, height: int) -> Sequence[Line]:
        return plan_heads(self._found, width)

    def _lines(self, status: EngineStatus, width: int, height: int) -> Sequence[Line]:
        return plan_lines(self._found, width)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """The same as the keys."""
        self.action_begin() if event.button.id == "begin" else self.action_close()

    def action_close(self) -> None:
        """Back to the form."""
        if self.is_current:
            self.dismiss(None)

    def action_begin(self) -> None:
        """Begin the restore; one that deletes only once the user can see all that it deletes."""
        if self._wanted.choices.delete and not self._found.over:
            self._note(_STILL_LOOKING)
        elif self.is_current:
            self.dismiss(True)

    def action_turn(self, by: int) -> None:
        """Scroll down (`by` > 0) or up, a page; at the end to the next rows."""
        view, page = self.query_one("#plan-rows", LinesView), self._found.page + by
        at_end = view.scroll_offset.y >= view.max_scroll_y if by > 0 else not view.scroll_offset.y
        if at_end and 0 <= page < pages(self._found):
            self._want(self._preview_of(self._wanted, page))
            view.scroll_home(animate=False)
        elif by > 0:
            view.action_page_down()
        else:
            view.action_page_up()

    def _note(self, words: str) -> None:
        self.query_one("#plan-note", Static).update(Content(words))

    def _want(self, command: Command) -> None:
        self.app.post_message(CommandRequest(command))
