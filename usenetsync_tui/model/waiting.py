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
from dataclasses import replace
from enum import StrEnum

from usenetsync_tui.model.text.figures import percent
from usenetsync_tui.model.value_object import value_object


class WaitsFor(StrEnum):
    """What kind of thing a program waits for."""

    DATABASE = "database"
    SERVER = "server"
    """A news server, or the name server that finds it."""
    PROGRAM = "program"
    """Another usenetsync."""
    SCHEDULE = "schedule"
    """The time of the next check."""
    WORK = "work"
    """Work of its own that is no job."""
    OTHER = "other"


@value_object
class Waiting:
    """The reason for a wait, and how long it lasts, if known."""

    reason: str
    """The same text while the reason is the same: "waiting for news.example.com: refused"."""

    seconds: float | None = None
    """Until something happens; None: not known."""

    then: str = ", next try in"
    """The text between the reason and the seconds."""

    what: WaitsFor = WaitsFor.OTHER
    done: int = 0
    total: int = 0
    """How much there is to do, of which `done` is done (bytes, or keys); 0: not known."""

    def __str__(self) -> str:
        if self.seconds is None:
            return self.reason if not self.total else f"{self.reason}: {self._share}"
        return f"{self.reason}{self.then} {max(0.0, self.seconds):.0f} s"

    @property
    def _share(self) -> str:
        return percent(self.done / self.total)


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
    return lambda: replace(waiting, seconds=until - time.monotonic())


class Work:
    """Work that is announced as a wait, and how far it is::

    with waits.announced(work := Work("restoring the catalogue")):
        await restore(seen=work.seen)
    """

    def __init__(self, reason: str) -> None:
        self._reason = reason
        self._done = self._total = 0

    def seen(self, done: int, total: int) -> None:
        """So much is done, of so much."""
        self._done, self._total = done, total

    def __call__(self) -> Waiting:
        """The wait now."""
        return Waiting(self._reason, what=WaitsFor.WORK, done=self._done, total=self._total)
