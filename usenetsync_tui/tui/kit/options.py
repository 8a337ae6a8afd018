"""Rows of options: the user chooses one, or ticks any number.

Each option has a mark and a label, so nothing depends on colour. Knows keys. Refuses to know what
the options mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from usenetsync_tui.model.value_object import value_object


@value_object
class Pick:
    """One option."""

    value: str
    label: str
    hint: str = ""
    """What choosing it does, in a sentence or two."""
    warning: str = ""
    """The danger of choosing it; empty: none."""


_GAP = 2
_MARK = 2


class OptionRow(Widget, can_focus=True):
    """The base of both rows: draws the options and moves the cursor."""

    ALLOW_SELECT = False

    class Changed(Message):
        """The user has chosen or ticked another option."""

    def __init__(self, picks: Sequence[Pick], *, id: str) -> None:
        super().__init__(id=id)
        self._picks = tuple(picks)
        self._at = 0

    @property
    def at(self) -> Pick:
        """The option the cursor is on."""
        return self._picks[self._at]

    @property
    def value_warning(self) -> str:
        """The warning of the current answer; empty: none."""
        return ""

    def mark(self, number: int) -> str:
        """The cells before an option."""
        raise NotImplementedError

    def render(self) -> Content:
        """All options in one line; the one under the cursor is bold while the row has the focus."""
        parts: list[str | tuple[str, str]] = []
        for number, pick in enumerate(self._picks):
            here = number == self._at
            style = "bold $accent" if here and self.has_focus else "$foreground"
            parts += [(self.mark(number) + pick.label, style), " " * _GAP]
        return Content.assemble(*parts)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw again: the cursor shows only with the focus."""
        super().watch_has_focus(has_focus)
        self.refresh()

    def go_to(self, number: int) -> None:
        """Put the cursor on an option; a number out of range means the first or the last."""
        self._at = min(len(self._picks) - 1, max(0, number))
        self.refresh()
        self.post_message(self.Changed())

    def on_click(self, event: Click) -> None:
        """Go to the option under the pointer."""
        begin = 0
        for number, pick in enumerate(self._picks):
            begin += len(self.mark(number)) + len(pick.label) + _GAP
            if event.x < begin:
                self.go_to(number)
                return

    def action_move(self, by: int) -> None:
        """Move the cursor left or right."""
        self.go_to(self._at + by)


class Options(OptionRow):
    """A row with one chosen option: the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "before", show=False, id="options.left"),
        Binding("right,l", "move(1)", "next", show=False, id="options.right"),
        Binding("space", "turn", "next", show=False, id="options.turn"),
    ]

    def __init__(self, picks: Sequence[Pick], chosen: str, *, id: str) -> None:
        """`chosen`: the value of one of `picks`; any other value chooses the first."""
        super().__init__(picks, id=id)
        self.offer(picks, chosen)

    @property
    def value(self) -> str:
        """The value of the chosen option."""
        return self.at.value

    @property
    def value_warning(self) -> str:
        return self.at.warning

    def mark(self, number: int) -> str:
        return "● " if number == self._at else "○ "

    def offer(self, picks: Sequence[Pick], chosen: str) -> None:
        """Replace the options; `chosen` as in the constructor."""
        self._picks = tuple(picks)
        values = [pick.value for pick in picks]
        self._at = values.index(chosen) if chosen in values else 0
        if self.is_mounted:
            self.go_to(self._at)

    def action_turn(self) -> None:
        """Choose the next option, after the last the first."""
        self.go_to((self._at + 1) % len(self._picks))


class Ticks(OptionRow):
    """A row with any number of ticked options: space ticks and unticks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "before", show=False, id="ticks.left"),
        Binding("right,l", "move(1)", "next", show=False, id="ticks.right"),
        Binding("space", "tick", "tick", show=False, id="ticks.tick"),
    ]

    def __init__(self, picks: Sequence[Pick], ticked: frozenset[str], *, id: str) -> None:
        super().__init__(picks, id=id)
        self._ticked = ticked

    @property
    def values(self) -> frozenset[str]:
        """The values of the ticked options."""
        return self._ticked

    def mark(self, number: int) -> str:
        return "[x] " if self._picks[number].value in self._ticked else "[ ] "

    def on_click(self, event: Click) -> None:
        """Tick or untick the option under the pointer."""
        super().on_click(event)
        self.action_tick()
        event.prevent_default()

    def action_tick(self) -> None:
        """Tick or untick the option at the cursor."""
        self._ticked = self._ticked ^ {self.at.value}
        self.refresh()
        self.post_message(self.Changed())
