"""The command palette: a searchable list of the keys and `:` commands that work now.

The application names `Palette` in its `COMMANDS`. An entry of a key runs the key's action on the
widget that binds it. An entry of a command without arguments posts the command; one with arguments
opens the `:` line with the command's name (`action_command_line` of the application).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Protocol, runtime_checkable

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.fuzzy import Matcher
from textual.keys import format_key

from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.commands.command_line import CommandLine
from usenetsync_tui.tui.commands.command_parser import offered, parse
from usenetsync_tui.tui.commands.command_specs import COMMAND_SPECS, CommandSpec
from usenetsync_tui.tui.commands.parsed_commands import KnownNames

_NOT_LISTED = frozenset({"command_palette", "app.command_palette"})


@value_object
class PaletteEntry:
    """One line of the palette."""

    title: str
    help: str
    run: Callable[[], Awaitable[object] | None]


def unmarked(text: str) -> str:
    """Escape a text so that Textual's markup shows it unchanged.

    Textual's own `escape` misses capital letters (``[PATH]``) and doubles backslashes.
    """
    return text.replace("[", "\\[")


def _highlighted(title: str, matcher: Matcher) -> Content:
    """The title with its matching letters styled. Textual's matcher would parse it as markup."""
    content = Content(title)
    score, offsets = matcher.fuzzy_search.match(matcher.query, title)
    for offset in offsets if score else ():
        if not title[offset].isspace():
            content = content.stylize(matcher.match_style, offset, offset + 1)
    return content


@runtime_checkable
class HasKnownNames(Protocol):
    """A screen that has `known`: the names and commands that work on it."""

    known: KnownNames


class Palette(Provider):
    """The keys of the focused widget, its screen and the application, then the commands."""

    async def discover(self) -> Hits:
        """List everything, before the user types."""
        for entry in self._entries():
            title, help = Content(entry.title), unmarked(entry.help)
            yield DiscoveryHit(title, entry.run, text=entry.title, help=help)

    async def search(self, query: str) -> Hits:
        """List the entries whose title or help matches; a title weighs twice as much."""
        matcher = self.matcher(query)
        for entry in self._entries():
            score = max(matcher.match(entry.title), matcher.match(entry.help) / 2)
            if score > 0:
                title, help = _highlighted(entry.title, matcher), unmarked(entry.help)
                yield Hit(score, title, entry.run, text=entry.title, help=help)

    def _entries(self) -> Iterator[PaletteEntry]:
        yield from self._keys()
        known = self.screen.known if isinstance(self.screen, HasKnownNames) else KnownNames()
        for spec in (COMMAND_SPECS[name] for name in offered(known)):
            title = f":{spec.name} {spec.arguments}".rstrip()
            yield PaletteEntry(title, spec.meaning, self._runner(spec))

    def _keys(self) -> Iterator[PaletteEntry]:
        seen: set[tuple[DOMNode, str]] = set()
        bindings = sorted(
            self.screen.active_bindings.items(), key=lambda item: not item[1].binding.show
        )
        for key, active in bindings:
            binding = active.binding
            what = (active.node, binding.action)
            # A binding without an id is one of Textual's own: it scrolls or moves the focus.
            listed = active.enabled and binding.id and binding.description
            if not listed or what in seen or binding.action in _NOT_LISTED:
                continue
            seen.add(what)
            shown = binding.key_display or format_key(key)
            title = f"{binding.description[:1].upper()}{binding.description[1:]} · {shown}"
            yield PaletteEntry(
                title, active.tooltip, partial(self._press, binding.action, active.node)
            )

    def _press(self, action: str, node: DOMNode) -> Awaitable[object]:
        return self.app.run_action(action, node)

    def _runner(self, spec: CommandSpec) -> Callable[[], Awaitable[object] | None]:
        if spec.arguments:
            return partial(self._press, f"app.command_line({spec.name + ' '!r})", self.app)

        def post() -> None:
            self.screen.post_message(CommandLine.Entered(parse(spec.name, KnownNames())))

        return post
