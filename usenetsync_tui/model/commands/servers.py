"""Commands about Usenet servers and how fast they are used."""

from __future__ import annotations

from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.model.value_object import value_object


@value_object
class SetConnections:
    """How many connections of a server may be used, from now on; 1 to those configured."""

    server: str
    count: int


@value_object
class PauseServer:
    """Give this server no new work until the user resumes it."""

    server: str


@value_object
class ResumeServer:
    """Use a paused server again, or one that the engine stopped using after errors."""

    server: str


@value_object
class TestServer:
    """Test a server, from looking up its name to posting; see `EngineStatus.trial`."""

    __test__ = False  # pytest would take it for a test

    server: Server


@value_object
class AddServer:
    """Write a server into the settings file, and use it from now on."""

    server: Server


@value_object
class LimitBandwidth:
    """Post no faster than this from now on; 0: no limit."""

    bytes_per_second: int
    server: str = ""
    """Limits this server; empty: all servers together."""


@value_object
class LimitFetching:
    """Fetch no faster than this from now on; 0: no limit."""

    bytes_per_second: int
    server: str = ""
    """Limits this server; empty: all servers together."""
