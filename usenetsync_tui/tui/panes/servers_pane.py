"""The servers: how they do, and what can be changed about them while jobs run."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from usenetsync_tui.model.commands import PauseServer, ResumeServer, SetConnections
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.servers import ServerState, ServerStatus
from usenetsync_tui.model.status import EngineState, EngineStatus
from usenetsync_tui.tui.dialogs.speed_choices import ask_speed
from usenetsync_tui.tui.kit.choosing_view import ChoosingView, Item
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.panes.server_lines import server_items

_RESUMED = (ServerState.PAUSED, ServerState.DOWN, ServerState.STOPPED)
"""What is not used now: the pause key has it tried again."""


class ServersPane(ChoosingView):
    """A table of servers; the keys mean the chosen one."""

    HELP = "Keys act on the server marked `>`. `?` closes this help."
    BINDING_GROUP_TITLE = "Servers"
    EVERY, TURN = 2, 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause", id="servers.pause", tooltip="or use the server again"),
        Binding("plus,equals_sign", "connections(1)", "More", key_display="+", id="servers.more"),
        Binding("minus", "connections(-1)", "Fewer", key_display="-", id="servers.fewer"),
        Binding("b", "limit", "Limit", id="servers.limit", tooltip="how fast to this server"),
        Binding("a", "add", "Add", id="servers.add", tooltip="a server"),
        Binding(
            "enter,space",
            "unfold",
            "Connections",
            key_display="⏎",
            id="servers.unfold",
            tooltip="show or hide them",
        ),
    ]

    @dataclass
    class AddServerWanted(Message):
        """The user wants to add a server."""

    def __init__(self, *, id: str) -> None:
        super().__init__(self._compose_servers, id=id)
        self._servers: tuple[ServerStatus, ...] = ()
        self._unfolded: set[str] | None = None
        """None: the user has not said; a single server shows its connections then."""

    @property
    def chosen(self) -> ServerStatus | None:
        """The server the user is at."""
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

    def action_unfold(self) -> None:
        """Show the connections of the chosen server, or hide them."""
        server = self.chosen
        if server is not None:
            self._unfolded = set(self._open ^ {server.name})
            self.recompose_lines()
            self.scroll_to_choice()

    def action_pause(self) -> None:
        """Give the chosen server nothing new; or use it again."""
        server = self._server()
        if server is None:
            return
        name = safe_name(server.name)
        if server.held or server.state in _RESUMED:
            self.post_message(CommandRequest(ResumeServer(server.name), said=f"{name} is resumed."))
        else:
            self.post_message(CommandRequest(PauseServer(server.name), said=f"{name} is paused."))

    def action_connections(self, by: int) -> None:
        """One connection more or fewer, of those configured."""
        server = self._server()
        if server is None:
            return
        wanted = min(server.configured, max(1, server.allowed + by))
        said = f"{safe_name(server.name)}: {wanted} of {server.configured} connections."
        if wanted == server.allowed:
            self.notify(said, timeout=3, markup=False)
        else:
            self.post_message(CommandRequest(SetConnections(server.name, wanted), said=said))

    def action_limit(self) -> None:
        """Ask how fast to post to the chosen server, or to fetch from it."""
        server = self._server()
        if server is not None:
            ask_speed(self, server.bandwidth_limit, server.fetch_limit, server=server.name)

    def action_add(self) -> None:
        """Have the application ask for a new one."""
        self.post_message(self.AddServerWanted())

    def _server(self) -> ServerStatus | None:
        if self.chosen is None:
            self.notify("There is no server yet. Press a to add one.", timeout=3, markup=False)
        return self.chosen


_NONE = "No servers: articles go into the database. Press a to add one."
