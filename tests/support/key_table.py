"""The key table of the README, made from the bindings.

`python tests/support/key_table.py --write` puts it between the marks in the README; without
`--write` it is printed.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key

import usenetsync_tui.tui
from usenetsync_tui.tui.keymap import our_classes
from usenetsync_tui.tui.kit.action import ActionHost

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- keys, from tests/support/key_table.py -->", "<!-- /keys -->"
_NAMES = {
    "escape": "esc",
    "enter": "enter",
    "backspace": "backspace",
    "space": "space",
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}
_TITLES = {"DeeperScreen": "Deeper screens", "FolderList": "Folders of a path"}
"""The titles of classes that share theirs with another."""
_FIRST = ("Everywhere", "Screen", "List")
"""Groups that stand before the others, which are sorted."""


def key_table() -> str:
    """A row for each binding: its keys, what they do, and the id that gives it other keys.

    A row that has the keys and the words of one above it is left out: lists move alike.
    """
    lines = ["| Key | | Name |", "|---|---|---|"]
    seen: set[tuple[str, str]] = set()
    for group, rows in _groups().items():
        new = {name: row for name, row in rows.items() if row not in seen}
        seen.update(new.values())
        lines += [f"| **{group}** | | |"] * bool(new)
        lines += [f"| {keys} | {words} | `{name}` |" for name, (keys, words) in new.items()]
    return "\n".join([*lines, ""])


def written(readme: str) -> str:
    """The README with the table between its marks."""
    before, _, rest = readme.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"The README lacks {BEGIN} or {END}.")
    return f"{before}{BEGIN}\n\n{key_table()}\n{END}{after}"


def _groups() -> Mapping[str, dict[str, tuple[str, str]]]:
    for module in pkgutil.walk_packages(usenetsync_tui.tui.__path__, "usenetsync_tui.tui."):
        importlib.import_module(module.name)
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for owner in sorted(our_classes(), key=_order):
        group = _group_of(owner)
        for binding in vars(owner).get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id:
                known = any(binding.id in rows for rows in found.values())
                if not known:
                    keys = "".join(f" `{key}`" for key in _keys(binding))[1:]
                    rows = found.setdefault(group, {})
                    rows[binding.id] = (keys, _words(owner, binding))
    return found


def _order(owner: type[DOMNode]) -> tuple[int, str, str]:
    group = _group_of(owner)
    at = _FIRST.index(group) if group in _FIRST else len(_FIRST)
    # The dashboard has every key of a screen, so it comes before the deeper ones.
    return at, group, f"{owner.__name__ != 'Dashboard'}{owner.__module__}.{owner.__name__}"


def _group_of(owner: type[DOMNode]) -> str:
    if owner.__name__ in _TITLES:
        return _TITLES[owner.__name__]
    if "BINDING_GROUP_TITLE" in vars(owner):
        return str(owner.BINDING_GROUP_TITLE)
    return re.sub(r"(?<=[a-z])([A-Z])", lambda m: f" {m[1].lower()}", owner.__name__)


def _keys(binding: Binding) -> Iterator[str]:
    for key in binding.key.split(","):
        yield _NAMES.get(key, format_key(key) if len(key) > 1 and "+" not in key else key)


def _words(owner: type[DOMNode], binding: Binding) -> str:
    """The label and the tooltip; of all actions on one key, their labels."""
    ids = re.search(r"do\('([^']*)'\)", binding.action)
    labels = [binding.description]
    tooltip = binding.tooltip
    if ids is not None:
        host = owner if issubclass(owner, ActionHost) else _screen()
        known = host.every_action()
        labels = [known[each].words for each in ids[1].split()]
    words = " or ".join(each if each.isupper() else each[:1].lower() + each[1:] for each in labels)
    return (f"{words}: {tooltip}" if tooltip else words).replace("|", "\\|")


def _screen() -> type[ActionHost]:
    """The host of the application's actions."""
    from usenetsync_tui.tui.dashboard import Dashboard

    return Dashboard


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        README.write_text(written(README.read_text()))
    else:
        sys.stdout.write(key_table())
