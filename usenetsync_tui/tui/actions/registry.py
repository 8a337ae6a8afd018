"""The actions of a screen, and the action behind each `:` command."""

from __future__ import annotations

from collections.abc import Mapping

from usenetsync_tui.tui.actions.catalogue_actions import CATALOGUE_ACTIONS
from usenetsync_tui.tui.actions.context import Context
from usenetsync_tui.tui.actions.folder_actions import FOLDER_ACTIONS
from usenetsync_tui.tui.actions.job_actions import JOB_ACTIONS
from usenetsync_tui.tui.actions.keeping_actions import KEEPING_ACTIONS
from usenetsync_tui.tui.actions.priority_actions import PRIORITY_ACTIONS
from usenetsync_tui.tui.actions.question_actions import QUESTION_ACTIONS
from usenetsync_tui.tui.actions.speed_actions import SPEED_ACTIONS
from usenetsync_tui.tui.actions.view_actions import (
    APP_ACTIONS,
    LIST_ACTIONS,
    PANE_ACTIONS,
    SCREEN_ACTIONS,
)
from usenetsync_tui.tui.kit.action import Action

EVERYWHERE: tuple[Action[Context], ...] = APP_ACTIONS
"""The application binds their keys."""
FIRST_SCREEN: tuple[Action[Context], ...] = (
    *PANE_ACTIONS,
    *FOLDER_ACTIONS,
    *KEEPING_ACTIONS,
    *JOB_ACTIONS,
    *PRIORITY_ACTIONS,
    *SPEED_ACTIONS,
    *LIST_ACTIONS,
    *QUESTION_ACTIONS,
    *CATALOGUE_ACTIONS,
    *SCREEN_ACTIONS,
)
"""The dashboard binds their keys."""
_ONLY_THERE = {
    "folders.add",
    "folders.adopt",
    "folders.restore_string",
    "folders.choices",
    *(action.id for action in PANE_ACTIONS),
}
DEEPER: tuple[Action[Context], ...] = tuple(
    action for action in FIRST_SCREEN if action.id not in _ONLY_THERE
)
"""The deeper screens bind their keys; they act on the folder, version or path shown there."""
EVERY_ACTION = (*FIRST_SCREEN, *EVERYWHERE)
COMMANDS: Mapping[str, Action[Context]] = {
    action.command: action for action in EVERY_ACTION if action.command
}
"""The action behind each command of the `:` line, by the command's name."""


def refusals(here: Context) -> dict[str, str]:
    """The names of the `:` commands that do not work here now, with the reasons."""
    found = ((name, action.why_not(here)) for name, action in COMMANDS.items())
    return {name: reason for name, reason in found if reason}
