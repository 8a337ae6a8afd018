"""The log of `usenetsync serve`: a line for each event, as in the screen's log pane.

It is ``serve.log`` in the log folder, 0600. At 5 MiB it becomes ``serve.log.1``, and so on; five
old ones are kept. Names in the lines are made safe by the engine already.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from usenetsync_tui.cli.log import PrivateLogFile, Redacting
from usenetsync_tui.model.status.tasks import Event, Severity
from usenetsync_tui.model.text.safe_name import safe_name

NAME = "serve.log"
LARGEST = 5 << 20
KEPT = 5
_LEVELS = {
    Severity.INFO: logging.INFO,
    Severity.WARN: logging.WARNING,
    Severity.BAD: logging.ERROR,
}


class ServiceLog:
    """The file, and what else shows the lines."""

    def __init__(
        self, folder: Path, show: Callable[[Event], object], *, largest: int = LARGEST
    ) -> None:
        """`show` gets each event too. `largest`: bytes of a file."""
        self._show = show
        self._file = PrivateLogFile(
            folder / NAME, maxBytes=largest, backupCount=KEPT, encoding="utf-8", delay=True
        )
        self._file.setFormatter(Redacting("%(asctime)s %(levelname)-7s %(message)s"))
        self._last: Event | None = None

    def begin_engine(self) -> None:
        """The next events are those of a new engine."""
        self._last = None

    def take(self, events: tuple[Event, ...]) -> None:
        """Log the events that came since the last call. `events`: the latest, oldest first."""
        if not events or events[-1] is self._last:
            return
        new = [*events]
        for number in range(len(events) - 1, -1, -1):
            if events[number] is self._last:
                new = new[number + 1 :]
                break
        self._last = events[-1]
        for event in new:
            self.write(event)

    def write(self, event: Event, *, show: bool = True) -> None:
        """Log one event. A disk that is full keeps no one from working."""
        record = logging.LogRecord(
            "serve", _LEVELS[event.severity], "", 0, "%s", (safe_name(event.text),), None
        )
        record.created = event.at
        self._file.handle(record)
        if show:
            self._show(event)

    def reopen(self) -> None:
        """Open the file by its name again: another program may have moved it."""
        self._file.acquire()
        try:
            if self._file.stream is not None:
                self._file.stream.close()
                self._file.stream = None  # the next line opens it
        finally:
            self._file.release()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
