"""What a user can do in the list of servers: to the chosen one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from usenetsync_tui.model.commands.servers import PauseServer, ResumeServer, SetConnections
from usenetsync_tui.model.servers.servers import ServerState, ServerStatus
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.dialogs.speed_choices import ask_speed
from usenetsync_tui.tui.kit.action import Action
from usenetsync_tui.tui.kit.command_request import CommandRequest, writable

if TYPE_CHECKING:
    from usenetsync_tui.tui.panes.servers_pane import ServersPane

_RESUMED = (ServerState.PAUSED, ServerState.DOWN, ServerState.STOPPED)
"""States of a server that is not in use: the key that pauses a server resumes it."""


def _has_server(pane: ServersPane) -> str:
    return "" if pane.chosen is not None else "There is no server yet. Press a to add one."


def _is_used(pane: ServersPane) -> str:
    return "" if pane.chosen is None or _uses(pane.chosen) else "It is paused already."


def _is_unused(pane: ServersPane) -> str:
    return "" if pane.chosen is not None and not _uses(pane.chosen) else "It is not paused."


def _has_more(by: int) -> Callable[[ServersPane], str]:
    """A connection more can be used (1), or given up (-1)."""

    def condition(pane: ServersPane) -> str:
        server = pane.chosen
        if server is None or _allowed(server, by) != server.allowed:
            return ""
        return _connections(server, server.allowed)

    return condition


def _pause(pane: ServersPane) -> None:
    """Send the chosen server nothing new."""
    if pane.chosen is not None:
        said = f"{safe_name(pane.chosen.name)} paused."
        pane.post_message(CommandRequest(PauseServer(pane.chosen.name), said=said))


def _resume(pane: ServersPane) -> None:
    """Use the chosen server again."""
    if pane.chosen is not None:
        said = f"{safe_name(pane.chosen.name)} resumed."
        pane.post_message(CommandRequest(ResumeServer(pane.chosen.name), said=said))


def _change_connections(by: int) -> Callable[[ServersPane], None]:
    """Use one connection more or fewer, of those configured."""

    def change(pane: ServersPane) -> None:
        server = pane.chosen
        if server is not None:
            wanted = _allowed(server, by)
            command = SetConnections(server.name, wanted)
            pane.post_message(CommandRequest(command, said=_connections(server, wanted)))

    return change


def _ask_limit(pane: ServersPane) -> None:
    """Ask how fast to post to the chosen server, or to fetch from it."""
    server = pane.chosen
    if server is not None:
        ask_speed(pane, server.bandwidth_limit, server.fetch_limit, server=server.name)


def _uses(server: ServerStatus) -> bool:
    return not server.held and server.state not in _RESUMED


def _allowed(server: ServerStatus, by: int) -> int:
    return min(server.configured, max(1, server.allowed + by))


def _connections(server: ServerStatus, wanted: int) -> str:
    return f"{safe_name(server.name)}: {wanted} of {server.configured} connections."


SERVER_ACTIONS: tuple[Action[ServersPane], ...] = (
    Action(
        "servers.pause",
        "Pause",
        _pause,
        (writable, _has_server, _is_used),
        keys="p",
        tooltip="the server",
        footer=True,
    ),
    Action(
        "servers.resume",
        "Resume",
        _resume,
        (writable, _has_server, _is_unused),
        keys="p",
        tooltip="the server",
        footer=True,
    ),
    Action(
        "servers.more",
        "More",
        _change_connections(1),
        (writable, _has_server, _has_more(1)),
        keys="plus,equals_sign",
        key_display="+",
        footer=True,
    ),
    Action(
        "servers.fewer",
        "Fewer",
        _change_connections(-1),
        (writable, _has_server, _has_more(-1)),
        keys="minus",
        key_display="-",
        footer=True,
    ),
    Action(
        "servers.limit",
        "Limit",
        _ask_limit,
        (writable, _has_server),
        keys="b",
        tooltip="how fast to this server",
        footer=True,
    ),
    Action(
        "servers.add",
        "Add",
        lambda pane: pane.add(),
        (writable,),
        keys="a",
        tooltip="a server",
        footer=True,
    ),
    Action(
        "servers.unfold",
        "Connections",
        lambda pane: pane.unfold(),
        (_has_server,),
        keys="enter,space",
        key_display="⏎",
        tooltip="show or hide them",
        footer=True,
    ),
)
