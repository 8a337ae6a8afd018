"""The first run: three steps from an empty database to an upload.

Each step opens its dialog and then shows the user's answer; escape skips a step. The server form
saves its server at once; the last step starts the upload.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.commands.servers import AddServer
from usenetsync_tui.model.folders import FolderDefaults
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.dialogs.add_folder import AddFolder
from usenetsync_tui.tui.dialogs.by_string.adopt_form import AdoptForm
from usenetsync_tui.tui.dialogs.folder_fields import STORES
from usenetsync_tui.tui.dialogs.server_form import ServerForm
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.kit.question import Choice, choice_options

_WELCOME = "UsenetSync keeps every version of your folders. Setup takes three steps."
_TITLES = ("Where articles go", "A folder to back up", "Start")
_SKIPPED = "skipped"
_WIDTH = 40


@value_object
class Question:
    """A step's question and its answers."""

    question: str
    choices: Sequence[Choice]


class FirstRun(ModalScreen[None]):
    """Shown over an empty dashboard; dismissed after the last step."""

    BINDING_GROUP_TITLE = "First run"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "skip", "skip this step", id="first_run.skip"),
        Binding("backspace", "before", "step before", id="first_run.before"),
        Binding("j", "move(1)", "down", show=False, id="first_run.down"),
        Binding("k", "move(-1)", "up", show=False, id="first_run.up"),
        Binding("q,ctrl+q", "app.quit", "Quit", key_display="q", id="app.quit"),
    ]

    def __init__(
        self, servers: Sequence[str] = (), *, defaults: FolderDefaults | None = None
    ) -> None:
        """`servers`: names of configured servers. `defaults`: the settings for new folders."""
        super().__init__()
        self._defaults = defaults
        self._servers = tuple(servers)
        self._on_usenet = bool(servers)
        self._upload: Upload | None = None
        self._step = 0
        self._chosen = ["", "", ""]
        """The answer to each step, in words; empty: none yet."""

    def compose(self) -> ComposeResult:
        with Vertical(id="first-run") as frame:
            frame.border_title = "Welcome to usenetsync"
            frame.border_subtitle = "enter chooses · esc skips · backspace goes back · q quits"
            yield Static(_WELCOME, markup=False, id="first-run-welcome")
            yield Static("", markup=False, id="first-run-steps")
            yield Static("", markup=False, id="first-run-question")
            yield OptionList(markup=False, compact=True)

    def on_mount(self) -> None:
        """Show the first step."""
        self._go_to(0)

    def _go_to(self, step: int) -> None:
        if step >= len(_TITLES):
            if self.is_current:
                self.dismiss(None)
            return
        self._step = max(0, step)
        shown = self._current()
        self.query_one("#first-run-steps", Static).update(self._steps())
        self.query_one("#first-run-question", Static).update(Content(shown.question))
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(choice_options(shown.choices))
        options.highlighted = 0
        options.focus()

    def _steps(self) -> Content:
        lines = []
        for number, title in enumerate(_TITLES):
            done = bool(self._chosen[number]) and self._chosen[number] != _SKIPPED
            glyph = "✓" if done else "·"
            ink = "$success" if done else "$ink-muted"
            if number == self._step:
                glyph, ink = ">", "bold $accent"
            chosen = cut_middle(self._chosen[number], _WIDTH)
            lines.append(
                Content.assemble((f"{glyph} {number + 1} {title:22}", ink), (chosen, "$foreground"))
            )
        return Content("\n").join(lines)

    def _current(self) -> Question:
        return (self._where, self._folder, self._start)[self._step]()

    def _where(self) -> Question:
        here = Choice("d", "In the database here", "nothing to set up", "database")
        usenet = Choice("u", "On Usenet", "add a server, and test it", "usenet")
        if not self._servers:
            return Question("Where should backups be stored?", (here, usenet))
        names = ", ".join(self._servers)
        known = Choice("s", f"To {cut_middle(safe_name(names), 24)}", "as configured", "known")
        more = Choice("u", "Add another server", "and test it", "usenet")
        return Question("Where should backups be stored?", (known, more, here))

    def _folder(self) -> Question:
        where = "on Usenet" if self._on_usenet else "in the database here"
        pick = Choice("f", "Choose a folder", "and backup options", "folder")
        back = Choice("b", "Bring one back", "lost your machine? type its recovery string", "back")
        skip = Choice("l", "Later", "a adds a folder at any time", "skip")
        return Question(f"Which folder do you want to back up {where}?", (pick, back, skip))

    def _start(self) -> Question:
        if self._upload is None:
            done = Choice("d", "To the dashboard", "a adds a folder at any time", "skip")
            return Question("No folder is chosen yet.", (done,))
        name = cut_middle(safe_name(self._upload.path), _WIDTH)
        start = Choice("s", "Start", "it can be paused at any time", "start")
        later = Choice("n", "Not now", "nothing is backed up yet", "skip")
        return Question(f"Everything is chosen. Start backing up {name}?", (start, later))

    def on_key(self, event: events.Key) -> None:
        """Answer with a choice's letter."""
        for choice in self._current().choices:
            if choice.key == event.key:
                event.stop()
                self._answer(choice.value)
                return

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer with enter or a click."""
        self._answer(event.option_id or "")

    def _answer(self, value: str) -> None:
        match value:
            case "usenet":
                self.app.push_screen(ServerForm(taken=self._servers), self._save)
            case "database" | "known":
                self._on_usenet = value == "known"
                names = safe_name(", ".join(self._servers))
                self._choose(names if self._on_usenet else "in the database here")
            case "folder":
                dialog = AddFolder(servers=self._on_usenet, defaults=self._defaults)
                self.app.push_screen(dialog, self._keep)
            case "back":
                self.app.push_screen(AdoptForm(), self._brought_back)
            case "start" if self._upload is not None:
                name = cut_middle(safe_name(self._upload.path), _WIDTH)
                self.post_message(
                    CommandRequest(self._upload, said=f"{name} is backed up from now on.")
                )
                self._choose("begun")
            case _:
                self.action_skip()

    def _save(self, server: Server | None) -> None:
        if server is None:
            return
        self._servers = (*self._servers, server.name)
        self._on_usenet = True
        said = f"Server {server.name} is saved."
        self.post_message(CommandRequest(AddServer(server), said=said))
        self._choose(f"on Usenet: {server.name} · {safe_name(server.host)}")

    def _brought_back(self, words: str | None) -> None:
        if words is not None and self.is_current:
            self.app.notify(safe_name(words), markup=False)
            self.dismiss(None)

    def _keep(self, upload: Upload | None) -> None:
        if upload is None:
            return
        self._upload = upload
        store = upload.choices.store
        where = f" · {STORES[store].label}" if store in STORES else ""
        self._choose(safe_name(upload.path) + where)

    def _choose(self, words: str) -> None:
        self._chosen[self._step] = words
        self._go_to(self._step + 1)

    def action_skip(self) -> None:
        """Go to the next step; keep an earlier answer to this one."""
        if not self._chosen[self._step]:
            self._chosen[self._step] = _SKIPPED
        self._go_to(self._step + 1)

    def action_before(self) -> None:
        """Go back to the step before."""
        self._go_to(self._step - 1)

    def action_move(self, by: int) -> None:
        """Move the highlight with the vi keys."""
        options = self.query_one(OptionList)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()
