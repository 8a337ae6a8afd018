"""The `:` line: a command typed where the footer is, completed, remembered, understood.

It posts what was said; what that does is the application's. Mount it as the last widget
before the footer; it takes the focus, and gives it back when it goes.
"""

from __future__ import annotations

import os
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static

from usenetsync_tui.tui.commands.command_parser import (
    PHRASES,
    completions,
    offered,
    parse,
    path_begin,
)
from usenetsync_tui.tui.commands.parsed_commands import CommandError, KnownNames, ParsedCommand
from usenetsync_tui.tui.kit.path_input import listed
from usenetsync_tui.tui.kit.path_words import at_home, common_text, shown_path, typed_path

MOST_REMEMBERED = 100


class CommandHistory:
    """The lines of this session, oldest first; one object for all command lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def remember(self, line: str) -> None:
        """Put a line last; each is there once."""
        if line in self.lines:
            self.lines.remove(line)
        self.lines.append(line)
        del self.lines[:-MOST_REMEMBERED]


class _Completions(Suggester):
    def __init__(self, known: KnownNames) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._known = known

    async def get_suggestion(self, value: str) -> str | None:
        """The first line that goes on from here."""
        found = completions(value, self._known)
        return found[0] if found else None


class LineInput(Input):
    """The line itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete", id="command.complete"),
        Binding("up", "recall(-1)", "line before", show=False, id="command.before"),
        Binding("down", "recall(1)", "line after", show=False, id="command.after"),
        Binding("escape", "close", "close", id="command.close"),
        Binding("shift+tab", "complete", "complete", show=False, id="command.stay"),
    ]

    def __init__(self, text: str, known: KnownNames, said: CommandHistory) -> None:
        super().__init__(
            text,
            suggester=_Completions(known),
            compact=True,
            select_on_focus=False,
            id="command",
        )
        self.cursor_blink = False
        self._known = known
        self._said = said
        self._draft = text
        """What was typed before a line was recalled."""
        self._back = 0
        """How many lines ago; 0: the draft."""

    class Closed(Message):
        """Escape, or backspace in an empty line."""

    def action_complete(self) -> None:
        """The longest beginning that all completions share; the line above shows them."""
        begin = path_begin(self.value)
        if begin is not None:
            self.run_worker(self._complete_path(begin), group="complete", exclusive=True)
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
        """Lines said before."""
        if self._back == 0:
            self._draft = self.value
        self._back = min(len(self._said.lines), max(0, self._back - by))
        self.put(self._said.lines[-self._back] if self._back else self._draft)

    def put(self, line: str) -> None:
        """Have another line."""
        self.value = line
        self.cursor_position = len(line)

    def action_delete_left(self) -> None:
        """Backspace leaves an empty line."""
        if self.value:
            super().action_delete_left()
        else:
            self.action_close()

    def action_close(self) -> None:
        """Leave."""
        self.post_message(self.Closed())


class CommandLine(Vertical):
    """The line with what is wrong with it, or what can follow, above it."""

    class Entered(Message):
        """A command was said."""

        def __init__(self, command: ParsedCommand) -> None:
            super().__init__()
            self.command = command

    def __init__(self, known: KnownNames, said: CommandHistory, text: str = "") -> None:
        """`text`: what the line begins with, without the colon."""
        super().__init__(id="command-line")
        self._known = known
        self._said = said
        self._text = text
        self._came_from: Widget | None = None

    def compose(self) -> ComposeResult:
        yield Static("", markup=False, id="command-note")
        with Horizontal(id="command-row"):
            yield Static(":", markup=False, id="command-colon")
            yield LineInput(self._text, self._known, self._said)

    def on_mount(self) -> None:
        """Take the focus."""
        self._came_from = self.screen.focused
        self.query_one(LineInput).focus()
        self._explain()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What can follow."""
        event.stop()
        self._explain()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Say it, or say why not."""
        event.stop()
        line = event.value.strip()
        if not line.removeprefix(":").strip():
            self.close()
            return
        self._said.remember(line)
        try:
            command = parse(line, self._known)
        except CommandError as error:
            self.query_one("#command-note", Static).update(
                Content.styled(f"! {error.sentence}", "bold $error")
            )
            return
        # To the screen that holds the line: it may itself be gone when the message is handled.
        holder = self.parent
        self.close()
        if holder is not None:
            holder.post_message(self.Entered(command))

    def on_line_input_closed(self, event: LineInput.Closed) -> None:
        """Nothing was said."""
        self.close()

    def close(self) -> None:
        """Go, and give the focus back."""
        if self._came_from is not None and self._came_from.is_attached:
            self._came_from.focus()
        self.remove()

    def _explain(self) -> None:
        note = self.query_one("#command-note", Static)
        words = explanation(self.query_one(LineInput).value, self._known)
        note.update(Content.styled(words, "$ink-muted"))


def explanation(line: str, known: KnownNames) -> str:
    """What a line can become: the commands that begin so, what follows this one, or why it does
    not work here."""
    name, space, _ = line.lstrip(": ").partition(" ")
    begun = [name] if space else [other for other in offered(known) if other.startswith(name)]
    if not begun and name in PHRASES:
        begun = [name]
    if len(begun) != 1:
        return "  ".join(begun)
    phrase = PHRASES.get(begun[0])
    if phrase is None:
        return ""
    if phrase.name in known.refusals:
        return known.refusals[phrase.name]
    return f"{phrase.name} {phrase.arguments}".rstrip() + f" · {phrase.meaning}"
