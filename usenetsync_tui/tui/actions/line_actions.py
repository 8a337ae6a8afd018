"""Actions that need more words: each opens the `:` line with its command in it."""

from __future__ import annotations

from collections.abc import Callable

from usenetsync_tui.tui.actions.context import Context
from usenetsync_tui.tui.kit.action import Action


def by_line(
    id: str, words: str, command: str, when: tuple[Callable[[Context], str], ...] = ()
) -> Action[Context]:
    """An action without a key; the user types the rest of its command."""

    def begin(here: Context) -> None:
        here.begin_line(f"{command} ")

    return Action(id, words, begin, when, command=command)
