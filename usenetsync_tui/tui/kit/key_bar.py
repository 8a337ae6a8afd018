"""The footer: the keys of what can be done here now, as many as there is room for.

What leads out of everywhere (the `:` line, quit or back, help) is always there; of the others
those of the focused pane come first. One line of text, not a widget a key as Textual's footer
has: the focus changes with every pane and dialog, and building eight widgets takes longer than
everything else a key does.
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
"""Ids of bindings whose keys are never left out, the last ones on the line."""
_GAP = 2


class Key(NamedTuple):
    """One key of the bar."""

    shown: str
    label: str
    active: ActiveBinding

    @property
    def line(self) -> Line:
        """As it is drawn."""
        return ((self.shown, "accent"), (f" {self.label}{' ' * _GAP}", "muted"))


class KeyBar(InkedView, can_focus=False):
    """A line of keys; a click is the key."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._keys: tuple[Key, ...] = ()

    @property
    def keys_shown(self) -> tuple[Key, ...]:
        """Those on the line, from left to right."""
        return self._keys

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._look)

    def on_resize(self, event: Resize) -> None:
        """Others may fit."""
        self._look(self.screen)

    def _look(self, screen: Screen[object]) -> None:
        # Of two panes the same words may mean two things: what a click does is always renewed.
        before, self._keys = self._keys, self._fitting(self.scrollable_content_region.width)
        if [key.line for key in before] != [key.line for key in self._keys]:
            self.refresh()

    def _fitting(self, width: int) -> tuple[Key, ...]:
        every: dict[str, ActiveBinding] = {}
        bindings = self.screen.active_bindings
        for active in bindings.values():
            # Its first key is the one an action is known by, unless that does something else here.
            known_by = bindings.get(active.binding.key_display or "", active)
            if active.binding.show and known_by.binding.action == active.binding.action:
                every.setdefault(active.binding.action, active)
        keys = [self._key(active) for active in every.values()]
        last = [key for key in keys if key.active.binding.id in ALWAYS]
        room = width + _GAP - sum(width_of(key.line) for key in last)
        first = []
        for key in keys:
            room -= width_of(key.line) if key not in last else 0
            if room < 0:
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
        """Do what the key under the pointer does."""
        offset = event.get_content_offset(self)
        at = -1 if offset is None else offset.x
        for key in self._keys:
            at -= width_of(key.line)
            if at < 0 and offset is not None:
                await self.app.run_action(key.active.binding.action, key.active.node)
                return
