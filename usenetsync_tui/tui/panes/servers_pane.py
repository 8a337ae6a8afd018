"""The servers and their state; `server_actions` has what keys do."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.message import Message

from usenetsync_tui.model.servers.servers import ServerStatus
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.tui.kit.action import Action, bindings
from usenetsync_tui.tui.kit.choosing_view import ChoosingView, Item
from usenetsync_tui.tui.panes.server_actions import SERVER_ACTIONS
from usenetsync_tui.tui.panes.server_lines import server_items


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

    def add(self) -> None:
        """Ask the dashboard to open the form for a new server."""
        self.post_message(self.AddServerRequested())


_NONE = "No servers: articles go into the database. Press a to add one."
