"""Actions on the speed: limits and connections of servers, and workers."""

from __future__ import annotations

from usenetsync_tui.model.commands.jobs import MOST_WORKERS, SetWorkers
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.tui.actions.context import Context, has_server
from usenetsync_tui.tui.actions.line_actions import by_line
from usenetsync_tui.tui.dialogs.choices_dialog import NumberDialog
from usenetsync_tui.tui.dialogs.speed_choices import ask_speed
from usenetsync_tui.tui.kit.action import Action
from usenetsync_tui.tui.kit.command_request import writable

_OF_A_SERVER = (writable, has_server)


def ask_limit(here: Context) -> None:
    """Ask how fast to post to all servers together, or to fetch from them."""
    if here.status is not None:
        ask_speed(here.app.screen, here.status.bandwidth_limit, here.status.fetch_limit)


def ask_workers(here: Context) -> None:
    """Ask how many threads read and compress."""
    now = here.status.workers_allowed if here.status is not None else 0

    def chosen(count: int) -> None:
        here.want(SetWorkers(count), f"{plural(count, 'worker')} from now on.")

    here.ask(NumberDialog("Workers", "Threads", now or 1, most=MOST_WORKERS), chosen)


SPEED_ACTIONS: tuple[Action[Context], ...] = (
    Action(
        "servers.bandwidth",
        "limit",
        ask_limit,
        _OF_A_SERVER,
        keys="b",
        tooltip="how fast",
        command="limit",
    ),
    Action(
        "workers.count",
        "workers",
        ask_workers,
        (writable,),
        keys="w",
        tooltip="how many",
        command="workers",
    ),
    by_line("servers.fetch_limit", "fetch limit", "fetch-limit", _OF_A_SERVER),
    by_line("servers.connections", "connections", "connections", _OF_A_SERVER),
    by_line("servers.pause_one", "pause a server", "pause-server", _OF_A_SERVER),
    by_line("servers.resume_one", "resume a server", "resume-server", _OF_A_SERVER),
)
