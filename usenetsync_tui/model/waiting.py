"""What the program waits for, in words: the one way to announce a wait.

Code that waits for something outside the program (a server, a name server, the database, a lock,
the schedule of checks, the pause before another try) waits inside a block::

    with waits.announced(Waiting("waiting for news.example.com: connection refused", 12.0)):
        await anyio.sleep(12)

If the reason changes during the wait, pass a function; each read of `Waits.current` calls it::

    with waits.announced(lambda: servers.waiting()):
        ...

`Waits.current` is what the progress line, `--json` (`waiting`) and the screen show. Every run of a
job, the servers and the opening of the database share one `Waits`.

The program must also be able to leave the block at any time: the block awaits and can be
cancelled, or it blocks in a thread that the program does not wait for at its end. The engine
cancels a stopping job that gets no further (`engine/stopping.py`); a command cancels what it does
before and after jobs (`cli/signals.py`). So no wait has to check for a stop.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from usenetsync_tui.model.value_object import value_object


@value_object
class Waiting:
    """The reason for a wait, and how long it lasts, if known."""

    reason: str
    """The same text while the reason is the same: "waiting for news.example.com: refused"."""

    seconds: float | None = None
    """Until something happens; None: not known."""

    then: str = ", next try in"
    """The text between the reason and the seconds."""

    def __str__(self) -> str:
        if self.seconds is None:
            return self.reason
        return f"{self.reason}{self.then} {max(0.0, self.seconds):.0f} s"


Reason = Waiting | Callable[[], Waiting | None]
"""What the program waits for; if that changes, a function (None: nothing at the moment)."""


class Waits:
    """The waits under way. Any thread may use it."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._reasons: dict[int, Callable[[], Waiting | None]] = {}

    @property
    def current(self) -> Waiting | None:
        """The oldest wait under way; None when the program waits for nothing."""
        for reason in list(self._reasons.values()):
            if (found := reason()) is not None:
                return found
        return None

    @contextmanager
    def announced(self, reason: Reason) -> Iterator[None]:
        """Announce the wait while the block lasts. The seconds of a `Waiting` count from now."""
        number = next(self._numbers)
        self._reasons[number] = reason if callable(reason) else _counted_down(reason)
        try:
            yield
        finally:
            del self._reasons[number]


def _counted_down(waiting: Waiting) -> Callable[[], Waiting]:
    if waiting.seconds is None:
        return lambda: waiting
    until = time.monotonic() + waiting.seconds
    return lambda: Waiting(waiting.reason, until - time.monotonic(), waiting.then)
