"""The recovery string of a folder: the string, its QR code, what it brings back, a file.

The engine makes the string when the dialog opens, and forgets it when the dialog closes: it is in
no other screen. Knows the words; refuses to know how a string is made.
"""

from __future__ import annotations

import textwrap
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.jobs import PostIndex
from usenetsync_tui.model.commands.recovery import Share, StopSharing, WriteString
from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.recovery.passphrases import passphrase_problem
from usenetsync_tui.model.recovery.recovery_words import brings_back
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.status.recovery import Sharing
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.action import say
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.kit.folder_listing import check_new_file
from usenetsync_tui.tui.kit.form import Field, Form, line_input
from usenetsync_tui.tui.kit.path_input import PathField, checked

_GROUP = 4
_FRAME = 7
"""Lines of the dialog besides the code: the frame, the buttons, a note."""
_ALONE = "Anyone who has it and reaches the store can read the folder. Keep it off this machine."
_PROTECTED = "It opens nothing without its passphrase. Keep both off this machine, apart."
_INK = "#000000 on #ffffff"
_MAKING = "Making the string…"


class ShareDialog(ModalScreen[None]):
    """Shows the string of one folder. Satisfies `StatusScreen`."""

    BINDING_GROUP_TITLE = "Recovery string"
    AUTO_FOCUS = "#write"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,q", "close", "close", id="share.close"),
        Binding("w", "write", "write to a file", id="share.write"),
        Binding("p", "protect", "with a passphrase", id="share.protect"),
        Binding("i", "post", "post the index", id="share.post"),
        Binding("right,down,l,j", "app.focus_next", "next", show=False, id="share.next"),
        Binding("left,up,h,k", "app.focus_previous", "before", show=False, id="share.before"),
    ]

    def __init__(self, folder: FolderStatus, browser: Browser) -> None:
        super().__init__()
        self._folder = folder.folder
        self._browser = browser
        self._shown = cut_middle(safe_name(folder.folder.name), 30)
        self._latest: Snapshot | None = None
        self._versions: tuple[Snapshot, ...] | None = None
        self._sharing: Sharing | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="share", can_focus=False) as frame:
            frame.border_title = Content(f"Recovery string of {self._shown}")
            frame.border_subtitle = Content("w file · p passphrase · esc close")
            with Horizontal(id="share-body"):
                yield Static("", markup=False, id="share-code")
                with Vertical(id="share-words"):
                    yield Static(_MAKING, markup=False, id="share-string")
                    yield Static("", markup=False, id="share-brings")
                    yield Static("", markup=False, id="share-care")
            yield Static("", markup=False, id="share-note")
            with Horizontal(id="form-buttons"):
                yield Button("Write to a file", id="write", compact=True)
                yield Button("With a passphrase", id="protect", compact=True)
                yield Button("Post the index", id="post", compact=True)

    def on_mount(self) -> None:
        """Ask the engine for the string, and the catalogue for the versions."""
        self.query_one("#post", Button).display = False
        self._want(Share(self._folder.id))
        self._look()

    def on_unmount(self) -> None:
        """Whatever closes the dialog, the engine forgets the string."""
        self._sharing = None
        self._want(StopSharing())

    def _want(self, command: Command, said: str = "") -> None:
        self.app.post_message(CommandRequest(command, said=said))

    # What is shown

    def show(self, status: EngineStatus) -> None:
        """Show the string as soon as it is there, and the versions again when one is posted."""
        mine = next((f for f in status.folders if f.folder.id == self._folder.id), None)
        if mine is not None and mine.latest != self._latest:
            self._latest = mine.latest
            self._look()
        sharing = status.sharing
        if (
            sharing is not None
            and sharing.folder_id == self._folder.id
            and sharing != self._sharing
        ):
            self._sharing = sharing
            self._draw()

    def on_resize(self) -> None:
        """The code may fit now, or no longer."""
        self._draw()

    def _look(self) -> None:
        run_beside(self, self._read, group="versions", exclusive=True)

    async def _read(self) -> None:
        try:
            self._versions = await self._browser.snapshots(self._folder.id)
        except UsenetSyncError as error:
            self.query_one("#share-brings", Static).update(Content(safe_name(str(error))))
            return
        finished = [v for v in self._versions if v.finished_at is not None]
        lines = brings_back(self._shown, finished)
        self.query_one("#share-brings", Static).update(Content("\n".join(lines)))
        is_left = bool(finished) and not finished[-1].indexed
        self.query_one("#post", Button).display = is_left

    def _draw(self) -> None:
        sharing = self._sharing
        if sharing is None:
            return
        words = safe_name(sharing.problem) if sharing.problem else _MAKING
        lines = self._code(sharing.string) if sharing.string else []
        code = self.query_one("#share-code", Static)
        code.display = bool(lines)
        code.update(Content.styled("\n".join(lines), _INK))
        shown = _groups(sharing.string, self._room(lines)) if sharing.string else words
        ink = "$error" if sharing.problem else "bold"
        self.query_one("#share-string", Static).update(Content.styled(shown, ink))
        care = (_PROTECTED if sharing.has_passphrase else _ALONE) if sharing.string else ""
        if sharing.string and not lines:
            care += f" {self._why_no_code(sharing.string)}"
        if sharing.waits:
            care += f"\n! {sharing.waits[0].upper()}{sharing.waits[1:]}."
        self.query_one("#share-care", Static).update(Content(care))
        self.query_one("#share-note", Static).update(_note(sharing))

    def _room(self, lines: list[str]) -> int:
        """Cells for the string beside the code."""
        width = min(self.app.size.width, 100) - 6
        return width - len(lines[0]) - 2 if lines else width

    def _code(self, string: str) -> list[str]:
        """The lines of the QR code; none where it does not fit."""
        if self._is_ascii:
            return []
        lines = _code_lines(string)
        fits = len(lines) + _FRAME <= self.app.size.height
        return lines if fits and len(lines[0]) + 40 <= self.app.size.width else []

    @property
    def _is_ascii(self) -> bool:
        """Whether the terminal has no half blocks."""
        return bool(getattr(self.app, "ascii_only", False))

    def _why_no_code(self, string: str) -> str:
        if self._is_ascii:
            return "A QR code needs a terminal with UTF-8."
        lines = _code_lines(string)
        return f"Its QR code needs {len(lines[0]) + 40} × {len(lines) + _FRAME} characters."

    # What the user does

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """The same as the keys."""
        {"write": self.action_write, "protect": self.action_protect, "post": self.action_post}[
            event.button.id or ""
        ]()

    def action_close(self) -> None:
        """Close the dialog, once."""
        if self.is_current:
            self.dismiss(None)

    def action_write(self) -> None:
        """Ask for the file, and have the engine write it."""
        if self._sharing is None or not self._sharing.string:
            say(self, "There is no string to write.")
            return

        def answered(path: bytes | None) -> None:
            if path is not None:
                self._want(WriteString(path))

        self.app.push_screen(StringFileForm(self._shown), answered)

    def action_protect(self) -> None:
        """Ask for a passphrase, and show the string that needs it."""

        def answered(passphrase: Secret | None) -> None:
            if passphrase is not None:
                self._want(Share(self._folder.id, passphrase))

        self.app.push_screen(PassphraseForm(self._shown), answered)

    def action_post(self) -> None:
        """Have the engine post what is missing of the index."""
        if not self.query_one("#post", Button).display:
            say(self, "Nothing of its index is missing.")
            return
        self._want(PostIndex(self._folder.id), "Its index is posted when its turn comes.")


class StringFileForm(Form[bytes]):
    """Dismissed with the path of a new file, or with None."""

    ACTION = "Write"

    def __init__(self, name: str) -> None:
        """`name`: of the folder, safe to show."""
        super().__init__(f"Write the recovery string of {name} to a file")

    def fields(self) -> ComposeResult:
        yield PathField("File", id="file", hint="A new file; only you can read it.")

    def accept(self) -> None:
        run_beside(self, self._judge, group="judge", exclusive=True)

    async def _judge(self) -> None:
        found = await checked(partial(check_new_file, self.query_one(PathField).path))
        self.complain({"file": found.problem})
        if not found.problem:
            self.end(found.path)


class PassphraseForm(Form[Secret]):
    """Dismissed with a passphrase that was typed twice (empty: none), or with None."""

    ACTION = "Show the string"

    def __init__(self, name: str) -> None:
        """`name`: of the folder, safe to show."""
        super().__init__(f"A passphrase for the recovery string of {name}")

    def fields(self) -> ComposeResult:
        hint = "Needed with the string from then on; empty: a string that needs none."
        yield Field("Passphrase", line_input("passphrase", secret=True), hint=hint)
        yield Field("Once more", line_input("again", secret=True), hint="So that it has no slip.")

    def accept(self) -> None:
        first, second = self.secret("passphrase"), self.secret("again")
        problem = passphrase_problem(first) if first else ""
        again = "" if first == second else "The two are not the same."
        self.complain({"passphrase": problem, "again": "" if problem else again})
        if not problem and not again:
            self.end(first)


def _code_lines(string: str) -> list[str]:
    from usenetsync_tui.qr_code import NARROW, qr_lines  # segno takes a while to load

    return qr_lines(string, margin=NARROW)


def _groups(string: str, width: int) -> str:
    """A string in groups of four characters, the same number on each line."""
    text = str(string)
    groups = [text[at : at + _GROUP] for at in range(0, len(text), _GROUP)]
    return textwrap.fill(" ".join(groups), max(_GROUP, width), break_on_hyphens=False)


def _note(sharing: Sharing) -> Content:
    """What became of the file."""
    if sharing.file_problem:
        return Content.styled(f"! {safe_name(sharing.file_problem)}", "$error")
    if not sharing.file:
        return Content("")
    verb = "is in" if sharing.is_written else "is being written to"
    return Content.styled(
        f"The string {verb} {cut_middle(safe_name(sharing.file), 50)}.", "$success"
    )
