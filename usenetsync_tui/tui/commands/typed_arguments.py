"""What the arguments of a `:` line have in common: names, numbers, paths, an option in front.

Each raises `CommandError`, with a text safe to display.
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.commands.parsed_commands import CommandError, KnownNames
from usenetsync_tui.tui.kit.path_words import at_home, typed_path


def shown(text: str) -> str:
    """What the user typed, safe to display and not too long."""
    safe = safe_name(text)
    return safe if len(safe) <= 40 else safe[:39] + "…"


def one_of(text: str, names: Sequence[str], what: str, plural: str) -> str:
    """A name out of `names`; `what` and `plural` say what they are."""
    if text in names:
        return text
    if not names:
        raise CommandError(f"There is no {what} yet.")
    if not text:
        raise CommandError(f"Which {what}? {plural}: {_shown_names(names)}.")
    raise CommandError(f"There is no {what} {shown(text)}. {plural}: {_shown_names(names)}.")


def _shown_names(names: Sequence[str]) -> str:
    return ", ".join(shown(name) for name in names[:8]) + (", …" if len(names) > 8 else "")


def number_typed(text: str, most: int, what: str) -> int:
    """A whole number from 1 to `most`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and 1 <= int(text) <= most):
        raise CommandError(f"{what}: type a number from 1 to {most:,}.")
    return int(text)


def whole_path(text: str, known: KnownNames) -> bytes:
    """An absolute path, as bytes; empty when nothing is typed."""
    path = at_home(typed_path(text), known.home)
    if text and not path.startswith(b"/"):
        raise CommandError("Type the whole path: it begins with / or ~.")
    if b"\0" in path:
        raise CommandError("A path cannot contain a NUL byte.")
    return path


def after_option(option: str, text: str) -> tuple[str, bool]:
    """The rest of the line, and whether the option is before it."""
    first, _, rest = text.partition(" ")
    return (rest.strip(), True) if first == option else (text, False)
