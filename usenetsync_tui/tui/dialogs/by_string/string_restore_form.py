"""The form that restores with a recovery string: a folder that this catalogue need not know.

It lists the versions on request, and stays open until the restore is over, or the user leaves: the
restore goes on, and the form shows it again. The string is never shown.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Static

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.commands.recovery import (
    OF_STRING,
    LookByString,
    RestoreByString,
    StopStringRestore,
)
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.recovery import StringRestoreStatus, StringVersions
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.dialogs.by_string.string_fields import string_fields
from usenetsync_tui.tui.dialogs.restoring.restore_form import RestoreForm
from usenetsync_tui.tui.dialogs.version_field import VersionField
from usenetsync_tui.tui.kit.command_request import READ_ONLY, CommandRequest
from usenetsync_tui.tui.kit.folder_listing import check_target
from usenetsync_tui.tui.kit.form import Field, line_input, whole_number
from usenetsync_tui.tui.kit.path_input import PathField, checked
from usenetsync_tui.tui.kit.path_words import typed_path
from usenetsync_tui.tui.kit.string_restore_words import found_words, progress_words
from usenetsync_tui.tui.kit.version_words import finished

_SEARCHING = "Searching the store…"
_MOST_VERSIONS = 999_999_999


class StringRestoreForm(RestoreForm[str]):
    """Dismissed with what was restored, in words, or with None. Satisfies `StatusScreen`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "look", "versions", id="string.versions", tooltip="that it brings back"),
        Binding("ctrl+t", "stop", "stop", id="string.stop", tooltip="the restore that runs"),
    ]

    def __init__(self) -> None:
        super().__init__("Restore with a recovery string", RestoreChoices())
        self._status: EngineStatus | None = None
        self._begun: int | None = None
        """The number of the restore before ours, once we have asked for one."""
        self._looked: int | None = None
        """The number of the search before ours, while we wait for it."""

    def fields(self) -> ComposeResult:
        yield from string_fields()
        yield VersionField((), unknown="the newest · ctrl+l lists the versions")
        only = line_input("prefix", placeholder="everything")
        yield Field("Only", only, hint="A file or a folder inside the version; empty: all of it.")
        yield from self.except_field()
        yield PathField("Into", id="target", hint="A folder for the files.")
        yield from self.choice_fields()

    def buttons(self) -> ComposeResult:
        yield from super().buttons()
        yield Button("Versions", id="look", compact=True)
        yield Button("Stop", id="stop", compact=True)

    def after(self) -> ComposeResult:
        yield Static("", markup=False, id="string-note")

    def on_mount(self) -> None:
        """Name the keys of the versions and of the preview beside the others."""
        self.query_one("#stop").display = False
        frame = self.query_one("#form")
        keys = "ctrl+l versions · ctrl+r preview · ctrl+s restore · esc back"
        frame.border_subtitle = Content(keys)

    # What the user does

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """The same as the keys."""
        match event.button.id:
            case "look":
                self.action_look()
            case "stop":
                self.action_stop()
            case _:
                super().on_button_pressed(event)

    def action_look(self) -> None:
        """Have the engine list what the string brings back."""
        if self._has_string():
            now = self._status.string_versions if self._status is not None else None
            self._looked = now.number if now is not None else 0
            self._note(_SEARCHING)
            self._want(LookByString(self.secret("string"), self.secret("passphrase")))

    def action_stop(self) -> None:
        """Stop the restore that runs."""
        if self._restoring is not None:
            self._want(StopStringRestore())

    def accept(self) -> None:
        if self._restoring is not None:
            self._note(f"Another one runs. {progress_words(self._restoring)}")
        elif self._begun is None:
            super().accept()

    async def judged(self) -> Restore | None:
        if not self._has_string():
            return None
        version = self._version()
        target = await checked(partial(check_target, self.query_one(PathField).path, None))
        complaints: dict[str, str] = {}
        if isinstance(version, str):
            complaints["version"] = version
        if target.problem:
            complaints["target"] = target.problem
        self.complain(complaints)
        if target.problem or isinstance(version, str):
            return None
        path = typed_path(self.text("prefix"))
        paths = (path,) if path else ()
        return Restore(OF_STRING, target.path, version, paths, choices=self.choices)

    def preview_of(self, wanted: Restore, page: int) -> PreviewRestore:
        return PreviewRestore(wanted, page, self.secret("string"), self.secret("passphrase"))

    def begin(self, wanted: Restore) -> None:
        latest = self._status.string_restore if self._status is not None else None
        self._begun = latest.number if latest is not None else 0
        self._note(_SEARCHING)
        self._want(
            RestoreByString(
                self.secret("string"),
                self.secret("passphrase"),
                wanted.target,
                wanted.version,
                wanted.paths,
                wanted.choices,
            )
        )

    def _has_string(self) -> bool:
        typed = bool(self.text("string").strip())
        self.complain({} if typed else {"string": "Type the string."})
        return typed

    def _version(self) -> int | str | None:
        """The typed version, None for the newest, or a sentence on what is wrong."""
        field = self.query_one(VersionField)
        if not self.text("version"):
            return None
        found = field.version
        if isinstance(found, Snapshot):
            return found.version
        return found if field.is_known else whole_number(self.text("version"), 1, _MOST_VERSIONS)

    # What the engine says

    @property
    def _restoring(self) -> StringRestoreStatus | None:
        now = self._status.string_restore if self._status is not None else None
        return now if now is not None and not now.over else None

    def show(self, status: EngineStatus) -> None:
        """Show what was found, and how far the restore is; close when ours is done."""
        super().show(status)
        self._status = status
        self.query_one("#stop").display = self._restoring is not None
        if status.read_only and (self._begun, self._looked) != (None, None):
            self._fail(READ_ONLY)
        found, now = status.string_versions, status.string_restore
        if self._looked is not None and found is not None and found.number != self._looked:
            self._show_versions(found)
        if self._begun is not None:
            if now is not None and now.number != self._begun:
                self._follow(now)
        elif self._restoring is not None and self._looked is None:
            self._note(progress_words(self._restoring))

    def _show_versions(self, found: StringVersions) -> None:
        if not found.over:
            return
        self._looked = None
        if found.problem:
            self._fail(safe_name(found.problem))
            return
        self._note(found_words(found))
        self.query_one(VersionField).offer(finished(found.versions))

    def _follow(self, now: StringRestoreStatus) -> None:
        if not now.over:
            self._note(progress_words(now))
        elif now.problem:
            self._fail(safe_name(now.problem))
        else:
            self.end(now.outcome)

    def _fail(self, problem: str) -> None:
        self._begun = self._looked = None
        self._note("")
        self.complain({"string": problem})

    def _note(self, words: str) -> None:
        self.query_one("#string-note", Static).update(Content(words))

    def _want(self, command: Command) -> None:
        self.app.post_message(CommandRequest(command))
