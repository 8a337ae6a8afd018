"""Optional commands at which a server closes the connection: they are left out from then on.

Knows which of them this server answers. Refuses to know connections (`session`, `connection`).
Thread-safe.

Old servers and gateways answer MODE READER, CAPABILITIES or DATE with an error; some close the
connection, or fall silent. A session that loses its connection at such a command dials again
without it. If the server has answered the command before, the command is not to blame. A server
that requires MODE READER (401, RFC 3977 section 3.2.1) gets it again, whatever it did before.
"""

from __future__ import annotations

import threading

from usenetsync_tui.codec.nntp import NntpCommand


class OptionalCommands:
    """The optional commands of one server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered: set[NntpCommand] = set()
        self._left_out: set[NntpCommand] = set()

    def is_left_out(self, verb: NntpCommand) -> bool:
        """Whether the command must not be sent, since the server breaks at it."""
        return verb in self._left_out

    def answered(self, verb: NntpCommand) -> None:
        """Record that the server replied to the command, with any code."""
        with self._lock:
            self._answered.add(verb)

    def broke(self, verb: NntpCommand) -> bool:
        """Record that a connection was lost while the answer was due.

        Returns whether the command is left out from now on.
        """
        with self._lock:
            if verb not in self._answered:
                self._left_out.add(verb)
        return verb in self._left_out

    def is_wanted_after_all(self, verb: NntpCommand) -> bool:
        """Record that the server requires the command. Returns whether it had been left out."""
        with self._lock:
            was_left_out = verb in self._left_out
            self._left_out.discard(verb)
            self._answered.add(verb)
        return was_left_out
