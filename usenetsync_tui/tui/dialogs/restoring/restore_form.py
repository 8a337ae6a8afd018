"""What every form of a restore has: the choices of what gives way, and a preview.

The preview is a dialog over the form. A restore that deletes begins only in that dialog.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.tui.dialogs.restoring.plan_dialog import PlanDialog
from usenetsync_tui.tui.dialogs.restoring.restore_picks import (
    BY_NAME,
    BY_NUMBER,
    DELETED,
    DIFFERING,
    EXCEPT_HINT,
    OTHERS,
    OWNERS,
    STAY,
)
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.form import Field, line_input
from usenetsync_tui.tui.kit.options import Options
from usenetsync_tui.tui.kit.pattern_words import typed, words
from usenetsync_tui.tui.kit.preview_form import PreviewForm

T = TypeVar("T")


class RestoreForm(PreviewForm[T]):
    """Its fields include `except_field` and `choice_fields`. Satisfies `StatusScreen`."""

    ACTION = "Restore"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "preview", "preview", id="restore.preview", tooltip="what happens"),
    ]

    def __init__(self, heading: str, choices: RestoreChoices) -> None:
        """`choices`: those that the form begins with. `heading`: safe to show."""
        super().__init__(heading)
        self._first = choices
        self._latest = 0
        """The number of the latest preview of the engine."""

    def except_field(self) -> ComposeResult:
        """The field of what is neither restored nor deleted."""
        patterns = typed(self._first.exclude, escaped=True)
        yield Field("Except", line_input("exclude", patterns), hint=EXCEPT_HINT)

    def choice_fields(self) -> ComposeResult:
        """The rows of options."""
        first = self._first
        yield Field("Differing", Options(DIFFERING, str(first.overwrite), id="overwrite"))
        others = DELETED if first.delete else STAY
        yield Field("Other files", Options(OTHERS, others, id="others"))
        owners = BY_NUMBER if first.numeric_ids else BY_NAME
        yield Field("Owners", Options(OWNERS, owners, id="owners"))

    @property
    def choices(self) -> RestoreChoices:
        """The answers of these fields."""
        return RestoreChoices(
            words(self.text("exclude"), escaped=True),
            Overwrite(self.choice("overwrite")),
            self.choice("others") == DELETED,
            self.choice("owners") == BY_NUMBER,
        )

    async def judged(self) -> Restore | None:
        """The restore of the answers; None after complaints about them."""
        raise NotImplementedError

    def preview_of(self, wanted: Restore, page: int) -> PreviewRestore:
        """The command for a page of its preview."""
        return PreviewRestore(wanted, page)

    def begin(self, wanted: Restore) -> None:
        """Begin the restore."""
        raise NotImplementedError

    def show(self, status: EngineStatus) -> None:
        """Note which preview is not ours."""
        found = status.restore_preview
        self._latest = self._latest if found is None else found.number

    def action_preview(self) -> None:
        """Show what the restore would do."""
        run_beside(self, self._preview, group="judge", exclusive=True)

    async def _preview(self) -> None:
        if (wanted := await self.judged()) is not None:
            self._look(wanted)

    def accept(self) -> None:
        run_beside(self, self._judge, group="judge", exclusive=True)

    async def _judge(self) -> None:
        wanted = await self.judged()
        if wanted is not None and wanted.choices.delete:
            self._look(wanted)
        elif wanted is not None:
            self.begin(wanted)

    def _look(self, wanted: Restore) -> None:
        def answered(begins: bool | None) -> None:
            if begins:
                self.begin(wanted)

        if self.is_current:
            dialog = PlanDialog(self._heading, wanted, self.preview_of, after=self._latest)
            self.app.push_screen(dialog, answered)
