"""What can be done to the view: rows and files of the list, panes, the theme, help, the end."""

from __future__ import annotations

from collections.abc import Awaitable

from usenetsync_tui.model.commands import Examine
from usenetsync_tui.model.files import FileOrder
from usenetsync_tui.tui.actions.context import Context, has_panes
from usenetsync_tui.tui.kit.action import Action
from usenetsync_tui.tui.panes.pane_order import LABELS, PANES
from usenetsync_tui.tui.themes import DARK, TOGGLED

# The list


def _has_rows(here: Context) -> str:
    return "" if here.rows is not None and here.rows.row_count else "There is no row to go to."


def _has_files(here: Context) -> str:
    listed = here.files is not None and here.files.current_query is not None
    return "" if listed else "No files are listed here."


def go_to_row(here: Context, words: str) -> None:
    """Go to a row or a place of the list, worded as `PagedTable.go_to_words` reads it."""
    if here.rows is not None:
        here.go_to_pane("files")
        _complain(here, here.rows.go_to_words(words))


def filter_files(here: Context, words: str) -> None:
    """List the files that match; no words: all."""
    if here.files is not None:
        _complain(here, here.files.filter_by_words(words))


def sort_files(here: Context, order: FileOrder) -> None:
    """List the files in another order."""
    if here.files is not None:
        here.files.sort_by(order)


def _complain(here: Context, sentence: str) -> None:
    if sentence:
        here.say(sentence)


GOTO: Action[Context] = Action(
    "list.goto", "go to a row", lambda here: here.begin_line("goto "), _has_rows, command="goto"
)
FILTER: Action[Context] = Action(
    "list.filter", "filter", lambda here: here.begin_line("filter "), _has_files, command="filter"
)
SORT: Action[Context] = Action(
    "list.sort", "sort", lambda here: here.begin_line("sort "), _has_files, command="sort"
)
LIST_ACTIONS = (GOTO, FILTER, SORT)

# Panes


_LETTERS = {"errors": "e", "log": "l"}
"""Panes with one more key, and a command of their own."""


def _to(number: int, pane: str) -> Action[Context]:
    def go(here: Context) -> None:
        here.go_to_pane(pane)

    key = _LETTERS.get(pane, "")
    return Action(
        f"panes.{pane}",
        LABELS[pane].lower(),
        go,
        has_panes,
        keys=f"{number},alt+{number}",
        also=(f"panes.show_{pane}", key) if key else None,
        command=pane if key else "",
    )


NEXT_PANE: Action[Context] = Action(
    "panes.next",
    "pane",
    lambda here: here.turn_pane(1),
    has_panes,
    keys="tab",
    tooltip="the next one",
)
PREVIOUS_PANE: Action[Context] = Action(
    "panes.previous", "pane before", lambda here: here.turn_pane(-1), has_panes, keys="shift+tab"
)
ANY_PANE: Action[Context] = Action(
    "panes.any", "a pane", lambda here: here.begin_line("pane "), has_panes, command="pane"
)
PANE_ACTIONS = (
    NEXT_PANE,
    PREVIOUS_PANE,
    *(_to(number, pane) for number, pane in enumerate(PANES, 1)),
    ANY_PANE,
)

# The application


def _quit(here: Context) -> Awaitable[None]:
    return here.app.action_quit()


def _toggle_theme(here: Context) -> None:
    here.app.theme = TOGGLED.get(here.app.theme, DARK.name)


QUIT = Action(
    "app.quit",
    "Quit",
    _quit,
    keys="q,ctrl+q",
    key_display="q",
    tooltip="asks while a job runs",
    footer=True,
    command="quit",
)
HELP: Action[Context] = Action(
    "app.help",
    "Help",
    lambda here: here.toggle_help(),
    keys="question_mark",
    key_display="?",
    footer=True,
    command="help",
)
THEME = Action("app.theme", "Theme", _toggle_theme, keys="T", tooltip="dark or light")
ANY_THEME: Action[Context] = Action(
    "app.any_theme", "a theme", lambda here: here.begin_line("theme "), command="theme"
)
LINE: Action[Context] = Action(
    "app.command",
    "Command",
    lambda here: here.begin_line(""),
    keys="colon",
    key_display=":",
    footer=True,
)
DOCTOR: Action[Context] = Action(
    "app.doctor",
    "doctor",
    lambda here: here.open_doctor(Examine()),
    keys="D",
    tooltip="what may stop it here, and what to do",
    command="doctor",
)
APP_ACTIONS = (QUIT, HELP, THEME, ANY_THEME)
