"""How fast it goes: limits and connections of servers, and workers."""

from __future__ import annotations

from usenetsync_tui.model.commands import MOST_WORKERS, SetWorkers
from usenetsync_tui.model.figures import plural
from usenetsync_tui.tui.actions.context import Context, has_server, writable
from usenetsync_tui.tui.dialogs.choices_dialog import NumberDialog
from usenetsync_tui.tui.dialogs.speed_choices import ask_speed
from usenetsync_tui.tui.kit.action import Action, first_reason


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


def _by_line(id: str, command: str, words: str) -> Action[Context]:
    """What needs the name of a server, or a speed: the `:` line asks for it."""

    def begin(here: Context) -> None:
        here.begin_line(f"{command} ")

    return Action(id, words, begin, first_reason(writable, has_server), command=command)


BANDWIDTH = Action(
    "servers.bandwidth",
    "limit",
    ask_limit,
    first_reason(writable, has_server),
    keys="b",
    tooltip="how fast",
    command="limit",
)
FETCH_LIMIT = _by_line("servers.fetch_limit", "fetch-limit", "fetch limit")
CONNECTIONS = _by_line("servers.connections", "connections", "connections")
PAUSE_SERVER = _by_line("servers.pause_one", "pause-server", "pause a server")
RESUME_SERVER = _by_line("servers.resume_one", "resume-server", "resume a server")
WORKERS = Action(
    "workers.count",
    "workers",
    ask_workers,
    writable,
    keys="w",
    tooltip="how many",
    command="workers",
)
SPEED_ACTIONS = (BANDWIDTH, WORKERS, FETCH_LIMIT, CONNECTIONS, PAUSE_SERVER, RESUME_SERVER)
