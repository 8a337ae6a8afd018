"""Which versions to forget: the form shows what that frees before it lets the user do it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands.jobs import Forget
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.kept_versions import runs_in_words, versions_typed
from usenetsync_tui.tui.keeping.effect_view import EffectView
from usenetsync_tui.tui.keeping.verdict_lines import preview_lines
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.form import Field, Form, line_input
from usenetsync_tui.tui.kit.lines_view import page_keys

_HINT = "Numbers and ranges: 3, 5-8, 11. What is forgotten is gone for good."
_LOOK_FIRST = "Read below what goes, then press the button, or ctrl+s, once more."


class ForgetForm(Form[Forget]):
    """Dismissed with a `Forget` of versions whose preview the user has seen, or with None."""

    ACTION = "Forget"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "look", "preview", id="forget.preview", tooltip="what it frees"),
        *page_keys("forget", "scroll the preview"),
    ]

    def __init__(self, folder: Folder, browser: Browser, versions: Sequence[int] = ()) -> None:
        """`versions`: those that the form begins with, ascending."""
        super().__init__(f"Forget versions of {cut_middle(safe_name(folder.name), 40)}")
        self._folder, self._browser = folder, browser
        self._begin = runs_in_words(versions)
        self._seen: tuple[int, ...] = ()
        """The versions whose preview is shown; none: it is not there."""

    def fields(self) -> ComposeResult:
        yield Field("Versions", line_input("versions", self._begin), hint=_HINT)

    def after(self) -> ComposeResult:
        yield EffectView()

    def on_mount(self) -> None:
        """Preview the versions that the form begins with."""
        frame = self.query_one("#form")
        frame.border_subtitle = Content("ctrl+r preview · ctrl+s forget · esc back")
        if self._begin:
            self.action_look()

    def show(self, status: EngineStatus) -> None:
        """Pass the status on: the preview draws once it has one."""
        self.query_one(EffectView).show(status)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another answer needs another preview."""
        super().on_input_changed(event)
        if self._typed(quiet=True) != self._seen:
            self._seen = ()
            self.query_one(EffectView).say("ctrl+r shows what forgetting these versions frees.")

    def action_look(self) -> None:
        """Find what forgetting the typed versions frees."""
        versions = self._typed()
        if versions:
            self.query_one(EffectView).say("Adding up what that frees…")
            run_beside(self, partial(self._look, versions), group="look", exclusive=True)

    async def _look(self, versions: tuple[int, ...]) -> None:
        view = self.query_one(EffectView)
        try:
            listed = {s.version: s for s in await self._browser.snapshots(self._folder.id)}
            found = await self._browser.would_free(self._folder.id, versions)
        except UsenetSyncError as error:
            view.say(f"! {safe_name(str(error))}", "bad")
            return
        self._seen = versions
        view.tell(partial(preview_lines, found, listed))

    def action_scroll(self, by: int) -> None:
        """Scroll the preview down (`by` > 0) or up, a page."""
        view = self.query_one(EffectView)
        view.action_page_down() if by > 0 else view.action_page_up()

    def accept(self) -> None:
        versions = self._typed()
        if not versions:
            return
        if versions != self._seen:
            self.action_look()
            self.complain({"versions": _LOOK_FIRST})
            return
        self.end(Forget(self._folder.id, versions))

    def _typed(self, *, quiet: bool = False) -> tuple[int, ...]:
        """The typed versions; none after a complaint about them, which `quiet` leaves out."""
        try:
            versions = versions_typed(self.text("versions"))
            problem = "" if versions else "Which versions?"
        except ValueError as error:
            versions, problem = (), str(error)
        if not quiet:
            self.complain({"versions": problem})
        return versions


def forgotten_words(command: Forget) -> str:
    """What a toast says of it."""
    return f"{plural(len(command.versions), 'version')} forgotten. A job deletes what they needed."
