"""How slow the other side may be: a deadline for silence, a lowest rate for what moves.

Knows seconds and bytes. Refuses to know sockets. Only the time spent waiting for the other side
counts: what our own speed limits cost is not its fault.
"""

from __future__ import annotations

from dataclasses import dataclass

from usenetsync_tui.model.servers import Server

WINDOW = 30.0
"""Seconds over which a rate is averaged; with a shorter `timeout`, that."""


@dataclass(slots=True)
class Pace:
    """The progress of one body, in either direction."""

    timeout: float
    """Seconds in which something must move."""
    lowest: int
    """Bytes a second on average; 0: any rate will do."""
    window: float
    _silent: float = 0.0
    _waited: float = 0.0
    _moved: int = 0

    @classmethod
    def of(cls, server: Server) -> Pace:
        """As a server's settings want it."""
        return cls(server.timeout, server.lowest_rate, min(WINDOW, server.timeout))

    def moved(self, count: int, waited: float) -> None:
        """`count` bytes went through after `waited` seconds; `TimeoutError` when that is too slow.

        Zero bytes are silence.
        """
        self._silent = 0.0 if count else self._silent + waited
        if self._silent >= self.timeout:
            raise timed_out(self.timeout)
        self._moved += count
        self._waited += waited
        if self._waited < self.window:
            return
        rate = self._moved / self._waited
        if rate < self.lowest:
            raise TimeoutError(
                f"too slow: {rate:,.0f} bytes a second over {self._waited:.0f} seconds "
                f"(lowest_rate is {self.lowest:,})"
            )
        self._moved, self._waited = 0, 0.0


def timed_out(seconds: float) -> TimeoutError:
    """Nothing came for so long."""
    return TimeoutError(f"no answer for {seconds:g} seconds")
