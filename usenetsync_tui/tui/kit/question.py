"""A question over the screen, which the user answers with a letter or with enter."""

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
from textual.widgets.option_list import Option

from usenetsync_tui.model.value_object import value_object

_MOVES = _DOWN, _UP = "j", "k"


@value_object
class Choice:
    """One answer."""

    key: str
    label: str
    hint: str
    value: str


def choice_options(choices: Sequence[Choice]) -> list[Option]:
    """The options of a list of answers; an option's id is the answer's value."""
    return [
        Option(
            Content.from_markup(
                "[bold $primary]$key[/]  $label  [$ink-muted]$hint[/]",
                key=choice.key,
                label=choice.label,
                hint=choice.hint,
            ),
            id=choice.value,
        )
        for choice in choices
    ]


class Ask(ModalScreen[str]):
    """Returns the chosen value, or None on escape."""

    BINDING_GROUP_TITLE = "Question"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "cancel", "back", id="ask.back"),
        Binding(_DOWN, "move('down')", "down", show=False, id="ask.down"),
        Binding(_UP, "move('up')", "up", show=False, id="ask.up"),
    ]

    def __init__(self, question: str, choices: Sequence[Choice]) -> None:
        """The screen shows `question` unchanged: the caller makes names in it safe.

        `ValueError` if two answers have the same letter, or one has that of a moving key.
        """
        super().__init__()
        letters = [choice.key for choice in choices]
        if len({*letters, *_MOVES}) < len(letters) + len(_MOVES):
            raise ValueError(f"one letter for two things: {', '.join(letters)}")
        self._question = question
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Vertical(id="question"):
            yield Static(self._question, markup=False, id="question-text")
            yield OptionList(*choice_options(self._choices), markup=False, compact=True)

    def key_for(self, key: str) -> Choice | None:
        """The choice of a key, or None."""
        return next((choice for choice in self._choices if choice.key == key), None)

    def on_key(self, event: events.Key) -> None:
        """Answer at once when the key is the letter of a choice."""
        choice = self.key_for(event.key)
        if choice is not None:
            event.stop()
            self.end(choice.value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer on enter or a click."""
        self.end(event.option_id)

    def action_cancel(self) -> None:
        """Close the question without an answer."""
        self.end(None)

    def end(self, answer: str | None) -> None:
        """Close the question, once: a second enter may follow the first."""
        if self.is_current:
            self.dismiss(answer)

    def action_move(self, direction: str) -> None:
        """Move the highlight up or down."""
        options = self.query_one(OptionList)
        if direction == "down":
            options.action_cursor_down()
        else:
            options.action_cursor_up()
