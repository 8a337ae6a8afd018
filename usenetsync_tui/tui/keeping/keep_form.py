"""The keep rules of a folder: a form, and below it which versions they keep, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Button, Input

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands.folders import SetKeepRules
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.keep_rules import (
    COUNTED,
    KeepPolicy,
    KeepRules,
    TimeSpan,
    count_typed,
    rules_in_words,
    span_typed,
    tag_list_problem,
)
from usenetsync_tui.model.versions.kept_versions import to_forget, verdicts
from usenetsync_tui.tui.keeping.effect_view import EffectView
from usenetsync_tui.tui.keeping.verdict_lines import verdict_lines
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.form import Field, Form, line_input
from usenetsync_tui.tui.kit.lines_view import page_keys
from usenetsync_tui.tui.kit.options import OptionRow, Options, Pick
from usenetsync_tui.tui.kit.version_words import finished

_OWN, _SETTINGS, _OFF = "own", "settings", "off"
_HINTS = {
    "last": "The newest versions. Empty, here and below: no such rule.",
    "hourly": "The newest version of each of so many hours that have one.",
    "daily": "The newest version of each of so many days that have one.",
    "weekly": "The newest version of each of so many weeks, from Monday on.",
    "monthly": "The newest version of each of so many months that have one.",
    "yearly": "The newest version of each of so many years that have one.",
}
_WITHIN_HINT = "All versions up to this much older than the newest: 30d, 12h, 1y6m."
_TAGS_HINT = "All versions with one of these tags, with spaces between them; a,b: both."


@value_object
class KeepAnswer:
    """What the user wants of the keep rules."""

    command: SetKeepRules | None
    """None: they stay as they are."""
    forget: tuple[int, ...] = ()
    """Versions to forget now, ascending; none: not before the next upload."""


class KeepForm(Form[KeepAnswer]):
    """Dismissed with a `KeepAnswer`, or with None. Shows what the rules keep while they change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *page_keys("keep", "scroll the versions"),
    ]

    def __init__(self, folder: Folder, browser: Browser, default: KeepRules) -> None:
        """`default`: the rules of the settings."""
        super().__init__(f"Which versions of {cut_middle(safe_name(folder.name), 40)} to keep")
        self._folder, self._browser, self._default = folder, browser, default
        self._versions: Mapping[int, Snapshot] | None = None

    def fields(self) -> ComposeResult:
        policy = self._folder.keep
        rules = policy.rules
        which = _SETTINGS if not policy.is_own else _OWN if rules else _OFF
        yield Field("Rules", Options(self._picks, which, id="which"))
        for name in COUNTED:
            count = str(getattr(rules, name) or "")
            yield Field(name.capitalize(), line_input(name, count), hint=_HINTS[name])
        yield Field("Within", line_input("within", str(rules.within)), hint=_WITHIN_HINT)
        yield Field("Tags", line_input("tags", " ".join(rules.tags)), hint=_TAGS_HINT)

    @property
    def _picks(self) -> tuple[Pick, ...]:
        words = rules_in_words(self._default) or "every version is kept"
        return (
            Pick(_OWN, "own", "The rules below run after each upload of this folder."),
            Pick(_SETTINGS, "of the settings", f"Those of config.toml: {words}."),
            Pick(_OFF, "off", "Every version is kept."),
        )

    def buttons(self) -> ComposeResult:
        yield from super().buttons()
        yield Button("Save, forget now…", id="now", compact=True)

    def after(self) -> ComposeResult:
        yield EffectView()

    def on_mount(self) -> None:
        """Read the versions, to show which of them the rules keep."""
        self.query_one(EffectView).say("Reading the versions…")
        run_beside(self, self._read, group="versions", exclusive=True)

    async def _read(self) -> None:
        try:
            found = finished(await self._browser.snapshots(self._folder.id))
        except UsenetSyncError as error:
            self.query_one(EffectView).say(f"! {safe_name(str(error))}", "bad")
            return
        self._versions = {snapshot.version: snapshot for snapshot in found}
        self._show_effect()

    def show(self, status: EngineStatus) -> None:
        """Pass the status on: the list of versions draws once it has one."""
        self.query_one(EffectView).show(status)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what the new rules keep."""
        super().on_input_changed(event)
        if event.input.has_focus and event.value:
            self.query_one("#which", Options).offer(self._picks, _OWN)
        self._show_effect()

    def on_option_row_changed(self, event: OptionRow.Changed) -> None:
        """Show what the chosen rules keep."""
        super().on_option_row_changed(event)
        self._show_effect()

    def _show_effect(self) -> None:
        if self._versions is None:
            return
        policy = self._policy(quiet=True)
        if policy is None:
            return
        rules = policy.in_force(self._default)
        view = self.query_one(EffectView)
        if not rules:
            view.say("Every version is kept.")
            return
        found = verdicts([*self._versions.values()], rules, datetime.now(UTC))
        view.tell(partial(verdict_lines, found, self._versions))

    def action_scroll(self, by: int) -> None:
        """Scroll the list of versions down (`by` > 0) or up, a page."""
        view = self.query_one(EffectView)
        view.action_page_down() if by > 0 else view.action_page_up()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Save the rules, and perhaps forget at once."""
        if event.button.id == "now":
            self._finish(now=True)
        else:
            super().on_button_pressed(event)

    def accept(self) -> None:
        self._finish(now=False)

    def _finish(self, *, now: bool) -> None:
        policy = self._policy()
        if policy is None:
            return
        is_new = policy != self._folder.keep
        command = SetKeepRules(self._folder.id, policy) if is_new else None
        gone: tuple[int, ...] = ()
        if now and self._versions is not None:
            rules = policy.in_force(self._default)
            gone = to_forget([*self._versions.values()], rules, datetime.now(UTC))
            if not gone:
                self.complain({"which": "These rules keep every version that there is now."})
                return
        self.end(KeepAnswer(command, gone) if command is not None or gone else None)

    def _policy(self, *, quiet: bool = False) -> KeepPolicy | None:
        """The answers; None after complaints about them, which `quiet` leaves out."""
        which = self.choice("which")
        if which != _OWN:
            return KeepPolicy(is_own=which == _OFF)
        rules, complaints = self._rules()
        if not complaints and not rules:
            complaints["last"] = "Type at least one rule, or choose off above."
        if not quiet:
            self.complain(complaints)
        return None if complaints else KeepPolicy(rules, is_own=True)

    def _rules(self) -> tuple[KeepRules, dict[str, str]]:
        """The typed rules, and what is wrong with some of them."""
        counts, complaints, within = {}, {}, TimeSpan()
        for name in COUNTED:
            try:
                counts[name] = count_typed(self.text(name))
            except ValueError as error:
                complaints[name] = str(error)
        try:
            typed = self.text("within").strip()
            within = span_typed(typed) if typed else within
        except ValueError as error:
            complaints["within"] = str(error)
        tags = tuple(self.text("tags").split())
        if problem := next(filter(None, map(tag_list_problem, tags)), ""):
            complaints["tags"] = problem
        return KeepRules(**counts, within=within, tags=tags), complaints
