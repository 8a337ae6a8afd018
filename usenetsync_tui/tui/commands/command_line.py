"""The `:` line: a command typed over the footer, with completion and a history.

Knows how a line is edited and parsed. Refuses to know what a command does: it posts `Entered`.
Mount it as the last widget before the footer; it takes the focus and returns it when it closes.
"""

from __future__ import annotations

import os
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static

from usenetsync_tui.tui.commands.command_parser import completions, offered, parse, path_begin
from usenetsync_tui.tui.commands.command_specs import COMMAND_SPECS
from usenetsync_tui.tui.commands.parsed_commands import CommandError, KnownNames, ParsedCommand
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.path_input import listed
from usenetsync_tui.tui.kit.path_words import at_home, common_text, shown_path, typed_path

MOST_REMEMBERED = 100


class CommandHistory:
    """The lines of this session, oldest first; all command lines share one object."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def remember(self, line: str) -> None:
        """Put a line at the end. A line occurs once; the oldest of over 100 are dropped."""
        if line in self.lines:
            self.lines.remove(line)
        self.lines.append(line)
        del self.lines[:-MOST_REMEMBERED]


class _Completions(Suggester):
    def __init__(self, known: KnownNames) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._known = known

    async def get_suggestion(self, value: str) -> str | None:
        """The first completion of the line."""
        found = completions(value, self._known)
        return found[0] if found else None


class LineInput(Input):
    """The input field: tab completes, up and down recall earlier lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete", id="command.complete"),
        Binding("up", "recall(-1)", "line before", show=False, id="command.before"),
        Binding("down", "recall(1)", "line after", show=False, id="command.after"),
        Binding("escape", "close", "close", id="command.close"),
        Binding("shift+tab", "complete", "complete", show=False, id="command.stay"),
    ]

    def __init__(self, text: str, known: KnownNames, history: CommandHistory) -> None:
        super().__init__(
            text,
            suggester=_Completions(known),
            compact=True,
            select_on_focus=False,
            id="command",
        )
        self.cursor_blink = False
        self._known = known
        self._history = history
        self._draft = text
        """What the user typed before recalling a line."""
        self._back = 0
        """How many lines back the shown line is; 0: the draft."""

    class Closed(Message):
        """The user pressed escape, or backspace in an empty line."""

    def action_complete(self) -> None:
        """Extend the line by what all completions share; the note above it lists them."""
        begin = path_begin(self.value)
        if begin is not None:
            run_beside(self, partial(self._complete_path, begin), group="complete", exclusive=True)
            return
        longest = common_text(completions(self.value, self._known))
        if len(longest) > len(self.value):
            self.put(longest)

    async def _complete_path(self, begin: int) -> None:
        typed = self.value
        path = at_home(typed_path(typed[begin:]), self._known.home)
        directory, prefix = os.path.split(path)
        if not directory.startswith(b"/"):
            return
        listing = await listed(directory, prefix)
        if listing.problem:
            self.notify(listing.problem, timeout=3, markup=False)
        continued = listing.continued(prefix)
        if len(continued) > len(prefix) and typed == self.value:
            self.put(typed[:begin] + shown_path(os.path.join(directory, continued)))

    def action_recall(self, by: int) -> None:
        """Show an earlier line (negative `by`) or a later one."""
        if self._back == 0:
            self._draft = self.value
        self._back = min(len(self._history.lines), max(0, self._back - by))
        self.put(self._history.lines[-self._back] if self._back else self._draft)

    def put(self, line: str) -> None:
        """Replace the line, with the cursor at its end."""
        self.value = line
        self.cursor_position = len(line)

    def action_delete_left(self) -> None:
        """Delete a character; in an empty line, close it."""
        if self.value:
            super().action_delete_left()
        else:
            self.action_close()

    def action_close(self) -> None:
        """Ask the command line to close."""
        self.post_message(self.Closed())


class CommandLine(Vertical):
    """The input field, below a note with the error in the line or its possible completions."""

    class Entered(Message):
        """The user entered a valid command."""

        def __init__(self, command: ParsedCommand) -> None:
            super().__init__()
            self.command = command

    def __init__(self, known: KnownNames, history: CommandHistory, text: str = "") -> None:
        """`text`: the initial text, without the colon."""
        super().__init__(id="command-line")
        self._known = known
        self._history = history
        self._text = text
        self._came_from: Widget | None = None

    def compose(self) -> ComposeResult:
        yield Static("", markup=False, id="command-note")
        with Horizontal(id="command-row"):
            yield Static(":", markup=False, id="command-colon")
            yield LineInput(self._text, self._known, self._history)

    def on_mount(self) -> None:
        """Take the focus, and remember which widget had it."""
        self._came_from = self.screen.focused
        self.query_one(LineInput).focus()
        self._explain()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the completions of the new text."""
        event.stop()
        self._explain()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Post the command, or show why the line is not one."""
        event.stop()
        line = event.value.strip()
        if not line.removeprefix(":").strip():
            self.close()
            return
        self._history.remember(line)
        try:
            command = parse(line, self._known)
        except CommandError as error:
            self.query_one("#command-note", Static).update(
                Content.styled(f"! {error.sentence}", "bold $error")
            )
            return
        # Post to the screen: this widget may be removed before its own message is handled.
        holder = self.parent
        self.close()
        if holder is not None:
            holder.post_message(self.Entered(command))

    def on_line_input_closed(self, event: LineInput.Closed) -> None:
        """Close without a command."""
        self.close()

    def close(self) -> None:
        """Remove the line and return the focus."""
        if self._came_from is not None and self._came_from.is_attached:
            self._came_from.focus()
        self.remove()

    def _explain(self) -> None:
        note = self.query_one("#command-note", Static)
        words = explanation(self.query_one(LineInput).value, self._known)
        note.update(Content.styled(words, "$ink-muted"))


def explanation(line: str, known: KnownNames) -> str:
    """The commands that begin with `line`; of a single one its arguments, or why it does not
    work here."""
    name, space, _ = line.lstrip(": ").partition(" ")
    begun = [name] if space else [other for other in offered(known) if other.startswith(name)]
    if not begun and name in COMMAND_SPECS:
        begun = [name]
    if len(begun) != 1:
        return "  ".join(begun)
    spec = COMMAND_SPECS.get(begun[0])
    if spec is None:
        return ""
    if spec.name in known.refusals:
        return known.refusals[spec.name]
    return f"{spec.name} {spec.arguments}".rstrip() + f" · {spec.meaning}"
