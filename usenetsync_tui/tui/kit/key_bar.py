"""The footer: the keys of the actions that apply now, as many as fit.

The `:` line, quit or back, and help are always shown; of the other keys, those of the focused pane
come first. The footer is one line of text, where Textual's has a widget for each key: the focus
changes with every pane and dialog, and building eight widgets takes longer than everything else
that a key press causes.
"""

from __future__ import annotations

from typing import NamedTuple

from textual.binding import ActiveBinding
from textual.events import Click, Resize
from textual.screen import Screen
from textual.strip import Strip

from usenetsync_tui.tui.kit.inks import Line, width_of
from usenetsync_tui.tui.kit.lines_view import InkedView

ALWAYS = ("app.command", "app.quit", "deeper.back", "app.help")
"""Ids of the bindings that are never left out; their keys end the line."""
MOST = 8
"""The most keys on a line narrower than `_WIDE` cells: more are hard to read there."""
_WIDE = 100
_GAP = 2


class Key(NamedTuple):
    """One key of the bar."""

    shown: str
    label: str
    active: ActiveBinding

    @property
    def line(self) -> Line:
        """The key and its label as drawn."""
        return ((self.shown, "accent"), (f" {self.label}{' ' * _GAP}", "muted"))


class KeyBar(InkedView, can_focus=False):
    """A line of keys; a click does what the key does."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._keys: tuple[Key, ...] = ()

    @property
    def keys_shown(self) -> tuple[Key, ...]:
        """The keys on the line, from left to right."""
        return self._keys

    def on_mount(self) -> None:
        """Update the keys whenever the focus moves."""
        self.screen.bindings_updated_signal.subscribe(self, self._look)

    def on_resize(self, event: Resize) -> None:
        """Choose the keys again: more or fewer may fit."""
        self._look(self.screen)

    def _look(self, screen: Screen[object]) -> None:
        # Always store the new keys: the same label may mean another action in another pane.
        before, self._keys = self._keys, self._fitting(self.scrollable_content_region.width)
        if [key.line for key in before] != [key.line for key in self._keys]:
            self.refresh()

    def _fitting(self, width: int) -> tuple[Key, ...]:
        every: dict[str, ActiveBinding] = {}
        bindings = self.screen.active_bindings
        for active in bindings.values():
            # Show an action under its displayed key, unless that key does something else here.
            known_by = bindings.get(active.binding.key_display or "", active)
            if active.binding.show and known_by.binding.action == active.binding.action:
                every.setdefault(active.binding.action, active)
        keys = [self._key(active) for active in every.values()]
        last = [key for key in keys if key.active.binding.id in ALWAYS]
        room = width + _GAP - sum(width_of(key.line) for key in last)
        first: list[Key] = []
        most = len(keys) if width >= _WIDE else MOST - len(last)
        for key in keys:
            room -= width_of(key.line) if key not in last else 0
            if room < 0 or len(first) == most:
                break
            if key not in last:
                first.append(key)
        return (*first, *last)

    def _key(self, active: ActiveBinding) -> Key:
        binding = active.binding
        return Key(self.app.get_key_display(binding), binding.description, active)

    def render_line(self, y: int) -> Strip:
        return self.draw(tuple(span for key in self._keys for span in key.line))

    async def on_click(self, event: Click) -> None:
        """Run the action of the key under the pointer."""
        offset = event.get_content_offset(self)
        at = -1 if offset is None else offset.x
        for key in self._keys:
            at -= width_of(key.line)
            if at < 0 and offset is not None:
                await self.app.run_action(key.active.binding.action, key.active.node)
                return
