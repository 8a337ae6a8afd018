"""Rows of options: one of them chosen, or any number of them ticked.

A mark and a word each, so nothing depends on colour. They know keys, not what they are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget


@dataclass(frozen=True, slots=True)
class Pick:
    """One option."""

    value: str
    label: str
    hint: str = ""
    """What choosing it means, in a sentence or two."""
    warning: str = ""
    """What is dangerous about it."""


_GAP = 2
_MARK = 2


class OptionRow(Widget, can_focus=True):
    """What both rows share: where each option is drawn, and where the cursor is."""

    ALLOW_SELECT = False

    class Changed(Message):
        """Another option is chosen or ticked."""

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
        """What is dangerous about the answer as it stands."""
        return ""

    def mark(self, number: int) -> str:
        """The cells before an option."""
        raise NotImplementedError

    def render(self) -> Content:
        """All options in one line; the cursor's stands out while the row has the focus."""
        parts: list[str | tuple[str, str]] = []
        for number, pick in enumerate(self._picks):
            here = number == self._at
            style = "bold $accent" if here and self.has_focus else "$foreground"
            parts += [(self.mark(number) + pick.label, style), " " * _GAP]
        return Content.assemble(*parts)

    def watch_has_focus(self, has_focus: bool) -> None:
        """The cursor is drawn with the focus only."""
        super().watch_has_focus(has_focus)
        self.refresh()

    def go_to(self, number: int) -> None:
        """Put the cursor on an option; beyond the ends it stays there."""
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
        """Left and right."""
        self.go_to(self._at + by)


class Options(OptionRow):
    """One of a few: moving is choosing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "before", show=False, id="options.left"),
        Binding("right,l", "move(1)", "next", show=False, id="options.right"),
        Binding("space", "turn", "next", show=False, id="options.turn"),
    ]

    def __init__(self, picks: Sequence[Pick], chosen: str, *, id: str) -> None:
        """`chosen` is the value of one of `picks`; of another, the first one is chosen."""
        super().__init__(picks, id=id)
        self.offer(picks, chosen)

    @property
    def value(self) -> str:
        """What is chosen."""
        return self.at.value

    @property
    def value_warning(self) -> str:
        return self.at.warning

    def mark(self, number: int) -> str:
        return "● " if number == self._at else "○ "

    def offer(self, picks: Sequence[Pick], chosen: str) -> None:
        """Have other options, with one of them chosen."""
        self._picks = tuple(picks)
        values = [pick.value for pick in picks]
        self._at = values.index(chosen) if chosen in values else 0
        if self.is_mounted:
            self.go_to(self._at)

    def action_turn(self) -> None:
        """The next one, the first after the last."""
        self.go_to((self._at + 1) % len(self._picks))


class Ticks(OptionRow):
    """Any of a few: space ticks and unticks."""

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
        """What is ticked."""
        return self._ticked

    def mark(self, number: int) -> str:
        return "[x] " if self._picks[number].value in self._ticked else "[ ] "

    def on_click(self, event: Click) -> None:
        """A click ticks too."""
        super().on_click(event)
        self.action_tick()
        event.prevent_default()

    def action_tick(self) -> None:
        """Tick or untick the option at the cursor."""
        self._ticked = self._ticked ^ {self.at.value}
        self.refresh()
        self.post_message(self.Changed())
