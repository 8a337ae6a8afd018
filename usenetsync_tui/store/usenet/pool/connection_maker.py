"""Makes the connections of one server, with its speed limits and the state that they share.

Knows the server's settings and its TLS context. Refuses to know how many connections exist.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from usenetsync_tui.model.servers.servers import Server, Tls
from usenetsync_tui.store.usenet.connection import tls_wire
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.exchanges import Counts
from usenetsync_tui.store.usenet.connection.sending.sender import Senders
from usenetsync_tui.store.usenet.connection.shared import Newsgroups, Shared
from usenetsync_tui.store.usenet.connection.throttle import TokenBucket


class ConnectionMaker:
    """Makes connections to one server."""

    def __init__(
        self,
        server: Server,
        throttles: Sequence[TokenBucket],
        fetch_throttles: Sequence[TokenBucket],
        newsgroups: Newsgroups | None,
        senders: Senders | None = None,
    ) -> None:
        self.shared = Shared(newsgroups, senders)
        """The state that all connections of the server share."""
        self._server = server
        self._throttles = throttles
        self._fetch_throttles = fetch_throttles
        self._context: ssl.SSLContext | None = None

    def connection(self, counts: Counts) -> Connection:
        """A connection that is not open yet."""
        return Connection(
            self._server,
            counts,
            throttles=self._throttles,
            fetch_throttles=self._fetch_throttles,
            shared=self.shared,
        )

    def tls_context(self) -> ssl.SSLContext | None:
        """The TLS context, made on first use; None without TLS."""
        if self._context is None and self._server.tls is not Tls.NONE:
            self._context = tls_wire.tls_context(self._server)
        return self._context
