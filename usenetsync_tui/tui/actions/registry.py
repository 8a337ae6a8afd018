"""Every action that a screen's context carries, and the action behind each `:` command."""

from __future__ import annotations

from collections.abc import Mapping

from usenetsync_tui.tui.actions.context import Context
from usenetsync_tui.tui.actions.folder_actions import ADD, CHOICES, FOLDER_ACTIONS
from usenetsync_tui.tui.actions.job_actions import JOB_ACTIONS
from usenetsync_tui.tui.actions.speed_actions import SPEED_ACTIONS
from usenetsync_tui.tui.actions.view_actions import (
    APP_ACTIONS,
    DOCTOR,
    LINE,
    LIST_ACTIONS,
    PANE_ACTIONS,
)
from usenetsync_tui.tui.kit.action import Action

EVERYWHERE: tuple[Action[Context], ...] = APP_ACTIONS
"""Those whose keys the application binds."""
FIRST_SCREEN: tuple[Action[Context], ...] = (
    *PANE_ACTIONS,
    *FOLDER_ACTIONS,
    *JOB_ACTIONS,
    *SPEED_ACTIONS,
    *LIST_ACTIONS,
    DOCTOR,
    LINE,
)
"""Those whose keys the dashboard binds."""
DEEPER: tuple[Action[Context], ...] = tuple(
    action for action in FIRST_SCREEN if action not in (ADD, CHOICES, *PANE_ACTIONS)
)
"""Those whose keys the deeper screens bind: what is done to the folder, version or path there."""
EVERY_ACTION = (*FIRST_SCREEN, *EVERYWHERE)
COMMANDS: Mapping[str, Action[Context]] = {
    action.command: action for action in EVERY_ACTION if action.command
}
"""The action behind each command of the `:` line, by the command's name."""


def refusals(here: Context) -> dict[str, str]:
    """Of the `:` commands that do not work here now the names, and why not."""
    found = ((name, action.why_not(here)) for name, action in COMMANDS.items())
    return {name: reason for name, reason in found if reason}
