"""The form that brings a folder back by its recovery string, on a machine that lost it or is new.

It stays open until the folder is there, so that a typing error costs no second typing.
"""

from __future__ import annotations

from functools import partial

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.recovery import Adopt
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.recovery import Adopting
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.dialogs.by_string.string_fields import string_fields
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.kit.folder_listing import check_new_folder
from usenetsync_tui.tui.kit.form import Form
from usenetsync_tui.tui.kit.path_input import PathField, checked

_SEARCHING = "Searching the store…"


class AdoptForm(Form[str]):
    """Dismissed with what was adopted, in words, or with None. Satisfies `StatusScreen`."""

    ACTION = "Bring it back"

    def __init__(self) -> None:
        super().__init__("Bring a folder back by its recovery string")
        self._seen: int | None = None
        """The adoption before ours."""
        self._waits = False

    def fields(self) -> ComposeResult:
        yield from string_fields()
        hint = "Where the folder is now, or will be restored; empty: where it was."
        yield PathField("Its place", id="place", hint=hint)

    def after(self) -> ComposeResult:
        yield Static("", markup=False, id="adopt-note")

    def accept(self) -> None:
        if not self._waits:
            run_beside(self, self._judge, group="judge", exclusive=True)

    async def _judge(self) -> None:
        path = self.query_one(PathField).path
        place = await checked(partial(check_new_folder, path)) if path else None
        complaints = {} if self.text("string").strip() else {"string": "Type the string."}
        if place is not None and place.problem:
            complaints["place"] = place.problem
        self.complain(complaints)
        if complaints:
            return
        self._waits = True
        self._note(_SEARCHING)
        string, phrase = self.secret("string"), self.secret("passphrase")
        command = Adopt(string, phrase, b"" if place is None else place.path)
        self.app.post_message(CommandRequest(command))

    def show(self, status: EngineStatus) -> None:
        """Show how far it is; close when the folder is there."""
        now = status.adopting
        if not self._waits:
            self._seen = now.number if now is not None else 0
        elif now is not None and now.number != self._seen:
            self._follow(now)
        elif status.read_only:
            self._fail("This window is view only: another usenetsync is using the catalogue.")

    def _follow(self, now: Adopting) -> None:
        if not now.over:
            name = cut_middle(safe_name(now.folder), 30)
            self._note(f"{name}: {plural(now.files, 'file')} …" if now.folder else _SEARCHING)
        elif now.problem:
            self._fail(safe_name(now.problem))
        else:
            self.end(now.outcome)

    def _fail(self, problem: str) -> None:
        self._waits = False
        self._note("")
        self.complain({"string": problem})

    def _note(self, words: str) -> None:
        self.query_one("#adopt-note", Static).update(Content(words))
