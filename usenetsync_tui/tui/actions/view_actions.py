"""Actions on the view: rows and files of the list, panes, the theme, help, quitting."""

from __future__ import annotations

from collections.abc import Awaitable

from usenetsync_tui.model.commands.engine import Examine
from usenetsync_tui.model.lists.files import FileOrder
from usenetsync_tui.tui.actions.context import Context, has_catalogue, has_panes
from usenetsync_tui.tui.actions.line_actions import by_line
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
    """Go to a row of the list; `PagedTable.go_to_words` reads the words."""
    if here.rows is not None:
        here.go_to_pane("files")
        _complain(here, here.rows.go_to_words(words))


def filter_files(here: Context, words: str) -> None:
    """List the files that match; without words, all."""
    if here.files is not None:
        _complain(here, here.files.filter_by_words(words))


def sort_files(here: Context, order: FileOrder) -> None:
    """List the files in another order."""
    if here.files is not None:
        here.files.sort_by(order)


def _complain(here: Context, sentence: str) -> None:
    if sentence:
        here.say(sentence)


LIST_ACTIONS: tuple[Action[Context], ...] = (
    by_line("list.goto", "go to a row", "goto", (_has_rows,)),
    by_line("list.filter", "filter", "filter", (_has_files,)),
    by_line("list.sort", "sort", "sort", (_has_files,)),
)

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
        (has_panes,),
        keys=f"{number},alt+{number}",
        also=(f"panes.show_{pane}", key) if key else None,
        command=pane if key else "",
    )


PANE_ACTIONS: tuple[Action[Context], ...] = (
    Action(
        "panes.next",
        "pane",
        lambda here: here.turn_pane(1),
        (has_panes,),
        keys="tab",
        tooltip="the next one",
    ),
    Action(
        "panes.previous",
        "pane before",
        lambda here: here.turn_pane(-1),
        (has_panes,),
        keys="shift+tab",
    ),
    *(_to(number, pane) for number, pane in enumerate(PANES, 1)),
    by_line("panes.any", "a pane", "pane", (has_panes,)),
)

# The application


def _quit(here: Context) -> Awaitable[None]:
    return here.app.action_quit()


def _toggle_theme(here: Context) -> None:
    here.app.theme = TOGGLED.get(here.app.theme, DARK.name)


APP_ACTIONS: tuple[Action[Context], ...] = (
    Action(
        "app.quit",
        "Quit",
        _quit,
        keys="q,ctrl+q",
        key_display="q",
        tooltip="asks while a job runs",
        footer=True,
        command="quit",
    ),
    Action(
        "app.help",
        "Help",
        lambda here: here.toggle_help(),
        keys="question_mark",
        key_display="?",
        footer=True,
        command="help",
    ),
    Action("app.theme", "Theme", _toggle_theme, keys="T", tooltip="dark or light"),
    by_line("app.any_theme", "a theme", "theme"),
)
"""The application binds their keys."""
SCREEN_ACTIONS: tuple[Action[Context], ...] = (
    Action(
        "app.history",
        "history",
        lambda here: here.open_history(),
        (has_catalogue,),
        keys="h",
        tooltip="all jobs, how they ended and why",
        command="history",
    ),
    Action(
        "app.doctor",
        "doctor",
        lambda here: here.open_doctor(Examine()),
        keys="D",
        tooltip="what may stop it here, and what to do",
        command="doctor",
    ),
    Action(
        "app.command",
        "Command",
        lambda here: here.begin_line(""),
        keys="colon",
        key_display=":",
        footer=True,
    ),
)
"""Each screen binds their keys."""
