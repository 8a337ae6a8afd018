"""What a user can ask of all versions: where a file is, how it changed, what versions cost."""

from __future__ import annotations

from usenetsync_tui.tui.actions.context import (
    Context,
    CostsOf,
    FindIn,
    PastOf,
    has_catalogue,
    has_folder,
)
from usenetsync_tui.tui.kit.action import Action


def _has_path(here: Context) -> str:
    return "" if here.at_hand.path else "No file is chosen here."


def find(here: Context, words: str = "") -> None:
    """Find files in all folders and versions; without words, ask for them."""
    if here.browser is not None:
        here.open_question(FindIn(here.browser, words))


def show_past(here: Context) -> None:
    """Show the versions in which the file at hand changed."""
    if here.browser is not None and here.chosen is not None:
        here.open_question(PastOf(here.browser, here.chosen.folder, here.at_hand.path))


def show_costs(here: Context) -> None:
    """Show what the versions of the chosen folder cost."""
    if here.browser is not None and here.chosen is not None:
        here.open_question(CostsOf(here.browser, here.chosen.folder))


QUESTION_ACTIONS: tuple[Action[Context], ...] = (
    Action(
        "files.find",
        "find",
        find,
        (has_catalogue,),
        keys="F",
        tooltip="files in all folders and versions",
        command="find",
    ),
    Action(
        "files.past",
        "file history",
        show_past,
        (has_catalogue, has_folder, _has_path),
        keys="i",
        tooltip="the versions in which the file changed",
        command="file-history",
    ),
    Action(
        "folders.costs",
        "sizes",
        show_costs,
        (has_catalogue, has_folder),
        keys="z",
        tooltip="what is stored, and what each version cost",
        command="stats",
    ),
)
