"""An action: what a key does, when it applies, and how to run it.

Knows keys, words and Textual's bindings; refuses to know what an action is about. This module makes
bindings from actions. The footer, the help of `?` and the palette read the active bindings
(`ActionScreen.active_bindings`) and leave out actions that do not apply; the `:` line does the same
with the actions that have a command.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from inspect import isawaitable
from typing import Any, ClassVar, Generic, TypeVar

from textual.actions import parse
from textual.binding import ActiveBinding, Binding, BindingType
from textual.dom import DOMNode
from textual.widget import Widget

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.kit.paste_safe import copyable

Here = TypeVar("Here", contravariant=True)
"""What an action acts on: a pane or a screen."""
_PATH = 60
"""The most cells of a copied path in the toast."""
DO = "do"
"""The Textual action that each of our bindings runs; its parameter is the action ids, joined by
spaces."""


@value_object
class Action(Generic[Here]):
    """One thing a user can do."""

    id: str
    """``room.verb``. The settings assign other keys to the id of the first action on a key."""
    words: str
    """Its label: ``Pause`` in the footer; in lower case when the footer does not show it."""
    run: Callable[[Here], Awaitable[object] | None]
    when: tuple[Callable[[Here], str], ...] = ()
    """The conditions it needs: each returns an empty string, or a sentence on why it fails."""
    keys: str = ""
    """Comma-separated; empty: it has no key."""
    also: tuple[str, str] | None = None
    """More keys, under an id of their own: the id, then the keys."""
    tooltip: str = ""
    footer: bool = False
    """Whether the footer shows its key."""
    key_display: str | None = None
    yields: bool = False
    """When it does not apply: True passes the key on to other bindings, False shows the reason."""
    command: str = ""
    """Its command of the `:` line."""

    def why_not(self, here: Here) -> str:
        """Why it does not apply, from the first condition that fails; empty where it applies."""
        return next((reason for each in self.when if (reason := each(here))), "")

    def applies(self, here: Here) -> bool:
        """Whether it can run here now."""
        return not self.why_not(here)


def bindings(actions: Sequence[Action[Any]], *, on: str = "") -> list[BindingType]:
    """Textual's bindings for actions. Actions with the same keys share a binding: see `first`.

    `on`: ``screen.`` when the actions act on the screen instead of the node that binds them.
    """
    keys = dict.fromkeys(action.keys for action in actions if action.keys)
    made = [_binding([a for a in actions if a.keys == key], on) for key in keys]
    more = [(_binding([each], on), each.also) for each in actions if each.also is not None]
    return [*made, *(replace(binding, id=also[0], key=also[1]) for binding, also in more)]


def _binding(actions: Sequence[Action[Any]], on: str) -> Binding:
    action = actions[0]
    return Binding(
        action.keys,
        f"{on}{DO}({' '.join(each.id for each in actions)!r})",
        action.words,
        show=action.footer,
        key_display=action.key_display,
        tooltip=action.tooltip,
        id=action.id,
    )


def first(actions: Sequence[Action[Here]], here: Here) -> Action[Here]:
    """The first of the actions on one key that applies; if none does, the first, for its reason."""
    return next((action for action in actions if action.applies(here)), actions[0])


class ActionHost:
    """A node of Textual whose keys run actions on it."""

    ACTIONS: ClassVar[Sequence[Action[Any]]] = ()
    """The actions of this class; `every_action` adds those of its bases."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """False passes the key on: its action `yields` and does not apply."""
        if action != DO:
            return True
        actions = self.actions_named(str(parameters[0]))
        return not actions[0].yields or first(actions, self).applies(self)

    async def action_do(self, ids: str) -> None:
        """Run the first of these actions that applies, or show why none does."""
        found = first(self.actions_named(ids), self)
        reason = found.why_not(self)
        if reason:
            say(self, reason)
            return
        doing = found.run(self)
        if isawaitable(doing):
            await doing

    def actions_named(self, ids: str) -> list[Action[Any]]:
        """The actions of a binding, in its order. Raises KeyError."""
        known = self.every_action()
        return [known[each] for each in ids.split()]

    @classmethod
    @cache
    def every_action(cls) -> Mapping[str, Action[Any]]:
        """The actions of this class and of its bases, by id."""
        owners = (vars(owner).get("ACTIONS", ()) for owner in cls.__mro__)
        return {action.id: action for actions in owners for action in actions}


def offered(active: Mapping[str, ActiveBinding], screen: DOMNode) -> dict[str, ActiveBinding]:
    """The active bindings whose action applies now, each with that action's words."""
    found = {key: _as_it_applies(each, screen) for key, each in active.items()}
    return {key: each for key, each in found.items() if each is not None}


def _as_it_applies(active: ActiveBinding, screen: DOMNode) -> ActiveBinding | None:
    where, name, parameters = parse(active.binding.action)
    host = screen if where == "screen" else active.node
    if name != DO or not isinstance(host, ActionHost):
        return active
    actions = host.actions_named(str(parameters[0]))
    action = first(actions, host)
    if not action.applies(host):
        return None
    if len(actions) == 1:
        return active
    prefix = f"{where}." if where else ""
    binding = replace(
        active.binding,
        action=f"{prefix}{DO}({action.id!r})",
        description=action.words,
        show=action.footer,
        tooltip=action.tooltip,
    )
    return active._replace(binding=binding, tooltip=action.tooltip)


def say(node: object, sentence: str) -> None:
    """Show a short toast, without markup; the caller makes names in it safe."""
    if isinstance(node, Widget):
        node.notify(sentence, timeout=3, markup=False)


def copy(widget: Widget, text: str, shown: str) -> None:
    """Put text on the terminal's clipboard, and say so; `shown` is safe to print."""
    widget.app.copy_to_clipboard(text)
    say(widget, f"Copied {shown}")


def copy_path(widget: Widget, path: bytes) -> None:
    """Put a path on the terminal's clipboard, as a shell reads it, and say so."""
    copy(widget, copyable(path), cut_middle(safe_name(path), _PATH))
