"""How slow the server may be: a deadline for silence, and a lowest rate for a transfer.

Knows seconds and bytes. Refuses to know sockets. Only the time spent waiting for the server
counts, not the time that our own speed limits cost.
"""

from __future__ import annotations

from dataclasses import dataclass

from usenetsync_tui.model.servers.servers import Server

WINDOW = 30.0
"""Seconds over which a rate is averaged, or the server's `timeout` if that is shorter."""


@dataclass(slots=True)
class Pace:
    """The progress of one transfer, in either direction."""

    timeout: float
    """Most seconds without any byte."""
    lowest: int
    """Bytes a second on average; 0: any rate will do."""
    window: float
    _silent: float = 0.0
    _waited: float = 0.0
    _moved: int = 0

    @classmethod
    def of(cls, server: Server) -> Pace:
        """The pace that a server's settings ask for."""
        return cls(server.timeout, server.lowest_rate, min(WINDOW, server.timeout))

    def moved(self, count: int, waited: float) -> None:
        """Record `count` bytes after a wait of `waited` seconds; 0 bytes are silence.

        `TimeoutError` when the transfer is silent for too long, or too slow.
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
    """The error for a server that sent nothing for `seconds`."""
    return TimeoutError(f"no answer for {seconds:g} seconds")
