"""Commands that a server need not know, and that some break over: each is left out from then on.

Knows which of them this server answers. Refuses to know connections (`session`, `connection`).
Thread-safe.

Old servers and gateways answer MODE READER, CAPABILITIES or DATE with an error; some close the
connection, or fall silent. Whoever loses a connection over such a command dials again without it.
A server that has answered it once can: then the loss was no more than bad luck. And one that wants
MODE READER (401, RFC 3977 section 3.2.1) gets it again, whatever it did before.
"""

from __future__ import annotations

import threading

from usenetsync_tui.codec.nntp import NntpCommand


class OptionalCommands:
    """Those of one server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered: set[NntpCommand] = set()
        self._left_out: set[NntpCommand] = set()

    def is_left_out(self, verb: NntpCommand) -> bool:
        """The server broke over it: it is not sent."""
        return verb in self._left_out

    def answered(self, verb: NntpCommand) -> None:
        """The server said something to it, whatever that was."""
        with self._lock:
            self._answered.add(verb)

    def broke(self, verb: NntpCommand) -> bool:
        """A connection was lost while its answer was due. Whether it is left out from now on."""
        with self._lock:
            if verb not in self._answered:
                self._left_out.add(verb)
        return verb in self._left_out

    def is_wanted_after_all(self, verb: NntpCommand) -> bool:
        """The server does not go on without it. Whether it had been left out."""
        with self._lock:
            was_left_out = verb in self._left_out
            self._left_out.discard(verb)
            self._answered.add(verb)
        return was_left_out
