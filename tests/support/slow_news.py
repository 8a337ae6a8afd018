"""A news server that is slow until a test wants the end: what it posts to cannot be over before."""

from __future__ import annotations

import threading

from scripted_server import ScriptedServer


class SlowServer(ScriptedServer):
    """Takes some articles a second, then hardly any, until there is a `hurry`."""

    def __init__(self) -> None:
        super().__init__()
        self.hurry = threading.Event()
        """Set: it is as fast as it can be, as at first."""
        self.hurry.set()
        self.refuses = self._take_time
        self._soon = 0

    def slow_down(self, soon: int) -> None:
        """Be slow, with so many more articles at a fair pace."""
        self._soon = len(self.articles) + soon
        self.hurry.clear()

    def stop(self) -> None:
        """Close everything, and let waiting connections go."""
        self.hurry.set()
        super().stop()

    def _take_time(self, article: bytes) -> None:
        self.hurry.wait(0.3 if len(self.articles) < self._soon else 5.0)
