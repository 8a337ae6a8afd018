"""The servers pane: their state, and the keys that change them while jobs run."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.message import Message

from usenetsync_tui.model.commands import PauseServer, ResumeServer, SetConnections
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.servers import ServerState, ServerStatus
from usenetsync_tui.model.status import EngineState, EngineStatus
from usenetsync_tui.tui.dialogs.speed_choices import ask_speed
from usenetsync_tui.tui.kit.action import Action, bindings, first_reason
from usenetsync_tui.tui.kit.choosing_view import ChoosingView, Item
from usenetsync_tui.tui.kit.command_request import READ_ONLY, CommandRequest
from usenetsync_tui.tui.panes.server_lines import server_items

_RESUMED = (ServerState.PAUSED, ServerState.DOWN, ServerState.STOPPED)
"""States of a server that is not in use; the pause key resumes it."""


def _has_server(pane: ServersPane) -> str:
    return "" if pane.chosen is not None else "There is no server yet. Press a to add one."


def _writable(pane: ServersPane) -> str:
    return READ_ONLY if pane.is_read_only else ""


def _is_used(pane: ServersPane) -> str:
    return "" if pane.chosen is None or _uses(pane.chosen) else "It is paused already."


def _is_unused(pane: ServersPane) -> str:
    return "" if pane.chosen is not None and not _uses(pane.chosen) else "It is not paused."


def _has_more(by: int) -> Callable[[ServersPane], str]:
    """The condition that the server can use `by` more connections (negative: fewer)."""

    def why_not(pane: ServersPane) -> str:
        server = pane.chosen
        if server is None or _allowed(server, by) != server.allowed:
            return ""
        return _connections(server, server.allowed)

    return why_not


PAUSE: Action[ServersPane] = Action(
    "servers.pause",
    "Pause",
    lambda pane: pane.pause(),
    first_reason(_writable, _has_server, _is_used),
    keys="p",
    tooltip="the server",
    footer=True,
)
RESUME: Action[ServersPane] = Action(
    "servers.resume",
    "Resume",
    lambda pane: pane.resume(),
    first_reason(_writable, _has_server, _is_unused),
    keys="p",
    tooltip="the server",
    footer=True,
)
MORE: Action[ServersPane] = Action(
    "servers.more",
    "More",
    lambda pane: pane.change_connections(1),
    first_reason(_writable, _has_server, _has_more(1)),
    keys="plus,equals_sign",
    key_display="+",
    footer=True,
)
FEWER: Action[ServersPane] = Action(
    "servers.fewer",
    "Fewer",
    lambda pane: pane.change_connections(-1),
    first_reason(_writable, _has_server, _has_more(-1)),
    keys="minus",
    key_display="-",
    footer=True,
)
LIMIT: Action[ServersPane] = Action(
    "servers.limit",
    "Limit",
    lambda pane: pane.ask_limit(),
    first_reason(_writable, _has_server),
    keys="b",
    tooltip="how fast to this server",
    footer=True,
)
ADD: Action[ServersPane] = Action(
    "servers.add",
    "Add",
    lambda pane: pane.add(),
    _writable,
    keys="a",
    tooltip="a server",
    footer=True,
)
UNFOLD: Action[ServersPane] = Action(
    "servers.unfold",
    "Connections",
    lambda pane: pane.unfold(),
    _has_server,
    keys="enter,space",
    key_display="⏎",
    tooltip="show or hide them",
    footer=True,
)
SERVER_ACTIONS = (PAUSE, RESUME, MORE, FEWER, LIMIT, ADD, UNFOLD)


class ServersPane(ChoosingView):
    """A table of servers; keys act on the chosen one."""

    HELP = "Keys act on the server marked `>`. `?` closes this help."
    BINDING_GROUP_TITLE = "Servers"
    EVERY, TURN = 2, 1
    ACTIONS: ClassVar[Sequence[Action[Any]]] = SERVER_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(SERVER_ACTIONS)

    @dataclass
    class AddServerRequested(Message):
        """The user asks to add a server."""

    def __init__(self, *, id: str) -> None:
        super().__init__(self._compose_servers, id=id)
        self._servers: tuple[ServerStatus, ...] = ()
        self._unfolded: set[str] | None = None
        """Names of servers; None: the user has unfolded none, so a single server is unfolded."""

    @property
    def chosen(self) -> ServerStatus | None:
        """The chosen server, from the latest status."""
        return next((each for each in self._servers if each.name == self.chosen_key), None)

    def _compose_servers(self, status: EngineStatus, width: int, height: int) -> list[Item]:
        self._servers = status.servers
        if not status.servers:
            starting = status.state is EngineState.STARTING
            text = "Opening the catalogue…" if starting else _NONE
            lines = textwrap.wrap(text, max(8, width))
            return [Item(None, tuple(((line, "muted"),) for line in lines))]
        return server_items(status.servers, self._open, width)

    @property
    def _open(self) -> frozenset[str]:
        if self._unfolded is not None:
            return frozenset(self._unfolded)
        alone = len(self._servers) == 1
        return frozenset(each.name for each in self._servers if alone)

    def unfold(self) -> None:
        """Show the connections of the chosen server, or hide them."""
        server = self.chosen
        if server is not None:
            self._unfolded = set(self._open ^ {server.name})
            self.recompose_lines()
            self.scroll_to_choice()

    def pause(self) -> None:
        """Ask the engine to pause the chosen server."""
        if self.chosen is not None:
            said = f"{safe_name(self.chosen.name)} paused."
            self.post_message(CommandRequest(PauseServer(self.chosen.name), said=said))

    def resume(self) -> None:
        """Ask the engine to resume the chosen server."""
        if self.chosen is not None:
            said = f"{safe_name(self.chosen.name)} resumed."
            self.post_message(CommandRequest(ResumeServer(self.chosen.name), said=said))

    def change_connections(self, by: int) -> None:
        """Ask the engine to use `by` more connections, from 1 to the configured number."""
        server = self.chosen
        if server is not None:
            wanted = _allowed(server, by)
            command = SetConnections(server.name, wanted)
            self.post_message(CommandRequest(command, said=_connections(server, wanted)))

    def ask_limit(self) -> None:
        """Ask how fast to post to the chosen server, or to fetch from it."""
        server = self.chosen
        if server is not None:
            ask_speed(self, server.bandwidth_limit, server.fetch_limit, server=server.name)

    def add(self) -> None:
        """Ask the dashboard to open the form for a new server."""
        self.post_message(self.AddServerRequested())


def _uses(server: ServerStatus) -> bool:
    return not server.held and server.state not in _RESUMED


def _allowed(server: ServerStatus, by: int) -> int:
    return min(server.configured, max(1, server.allowed + by))


def _connections(server: ServerStatus, wanted: int) -> str:
    return f"{safe_name(server.name)}: {wanted} of {server.configured} connections."


_NONE = "No servers: articles go into the database. Press a to add one."
