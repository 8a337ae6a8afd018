"""What a program waits for, in words: the one way in which a wait is announced.

Whatever waits for something outside of the program (a server, a name server, the database, a lock,
the schedule of checks, the pause before another try) does so inside a block::

    with waits.announced(Waiting("waiting for news.example.com: connection refused", 12.0)):
        await anyio.sleep(12)

What changes while it lasts is given as a function, called whenever somebody looks::

    with waits.announced(lambda: servers.waiting()):
        ...

`Waits.current` is what the progress line, `--json` (`waiting`) and the screen show. Every run of a
job, the servers and the opening of the database share one `Waits`.

Announcing is half of it. The other half is that the block can be left at any time: it awaits, and
is cancelled; or it blocks in a thread that the end of the program does not wait for. The engine
cancels a job that is to stop and gets no further (`engine/stopping.py`); a command cancels what it
does before and after jobs (`cli/signals.py`). So no wait needs to know of a stop.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reason to wait, and how long that lasts as far as it is known."""

    reason: str
    """The same as long as the reason is the same: "waiting for news.example.com: refused"."""

    seconds: float | None = None
    """Until something happens."""

    then: str = ", next try in"
    """What comes between the reason and the seconds."""

    def __str__(self) -> str:
        if self.seconds is None:
            return self.reason
        return f"{self.reason}{self.then} {max(0.0, self.seconds):.0f} s"


Reason = Waiting | Callable[[], Waiting | None]
"""What is waited for; a function where that changes, None while nothing is."""


class Waits:
    """The waits under way. Used by any thread."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._reasons: dict[int, Callable[[], Waiting | None]] = {}

    @property
    def current(self) -> Waiting | None:
        """The wait that began first, of those that last; None when nothing is waited for."""
        for reason in list(self._reasons.values()):
            if (found := reason()) is not None:
                return found
        return None

    @contextmanager
    def announced(self, reason: Reason) -> Iterator[None]:
        """Inside the block this is waited for. The seconds of a `Waiting` count from now."""
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
