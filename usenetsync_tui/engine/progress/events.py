"""The engine's log: the latest events, in plain words.

Events are for the screen only; what must not be lost is in the catalogue.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.outcomes import Outcome
from usenetsync_tui.model.servers.servers import ServerState, ServerStatus
from usenetsync_tui.model.status.tasks import Event, Severity
from usenetsync_tui.model.text.safe_name import safe_name

_KEPT = 500
_SEVERITIES = {
    JobState.FAILED: Severity.BAD,
    JobState.INCOMPLETE: Severity.WARN,
}
_WORDS = {
    JobState.QUEUED: "waits again",
    JobState.PAUSED: "paused",
    JobState.CANCELLED: "cancelled",
}
_SERVER_SEVERITIES = {
    ServerState.PAUSED: Severity.WARN,
    ServerState.DOWN: Severity.WARN,
    ServerState.STOPPED: Severity.BAD,
}


class EventLog:
    """The latest events, oldest first; one event loop writes them."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._all: tuple[Event, ...] | None = ()
        self._servers: dict[str, ServerStatus] = {}

    @property
    def events(self) -> tuple[Event, ...]:
        """All events; the same tuple until there is a new one."""
        if self._all is None:
            self._all = tuple(self._events)
        return self._all

    def info(self, text: str) -> None:
        """Log something that happened."""
        self.say(Severity.INFO, text)

    def warn(self, text: str) -> None:
        """Log something that may need attention."""
        self.say(Severity.WARN, text)

    def bad(self, text: str) -> None:
        """Log something that went wrong."""
        self.say(Severity.BAD, text)

    def say(self, severity: Severity, text: str) -> None:
        """Add a line to the log; control characters in it cannot reach a terminal."""
        self._events.append(Event(self._now(), severity, safe_name(text)))
        self._all = None

    def job_began(self, verb: Verb, folder: Folder) -> None:
        """Log that a job began."""
        self.info(f"{verb} of {folder.name} began")

    def job_ended(self, verb: Verb, folder: Folder, outcome: Outcome) -> None:
        """Log how a job ended."""
        words = _WORDS.get(outcome.state) or outcome.recorded or str(outcome.state)
        severity = _SEVERITIES.get(outcome.state, Severity.INFO)
        self.say(severity, f"{verb} of {folder.name}: {words}")

    def watch_servers(self, servers: tuple[ServerStatus, ...]) -> None:
        """Log the servers whose state has changed since the last call."""
        for server in servers:
            before = self._servers.get(server.name)
            self._servers[server.name] = server
            if server.state is (before.state if before else ServerState.IDLE):
                continue
            if server.state is not ServerState.IDLE:
                words = f": {server.message}" if server.message else ""
                severity = _SERVER_SEVERITIES.get(server.state, Severity.INFO)
                self.say(severity, f"server {server.name} is {server.state}{words}")
