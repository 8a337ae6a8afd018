"""The user's request to stop an engine, and when it has waited long enough.

Knows seconds and the moment of the request. Refuses to know what the engine does meanwhile; `now`
is in seconds of a monotonic clock. `jobs.stopping` gives up a job; this is about all else.
"""

from __future__ import annotations

TO_CLOSE = 1.0
"""Seconds that the engine may take to stop when no job is running."""
UNREAD = 0.3
"""Seconds within which a healthy engine reads a command."""


class StopRequest:
    """Whether the user asked the engine to stop, and since when it could have."""

    def __init__(self) -> None:
        self._asked: float | None = None
        self._idle_since: float | None = None
        """Since when no job holds the engine up."""

    @property
    def is_made(self) -> bool:
        """Whether the user asked the engine to stop."""
        return self._asked is not None

    def make(self, now: float) -> None:
        """Note the request; only the first one counts."""
        if self._asked is None:
            self._asked = now

    def is_unread(self, now: float, *, silent: bool) -> bool:
        """Whether the engine must have read the request by now. `silent`: the database is."""
        return self._asked is not None and now - self._asked >= (0.0 if silent else UNREAD)

    def is_overdue(self, now: float, *, has_job: bool, silent: bool) -> bool:
        """Whether the engine should have stopped by now. `silent`: the database does not answer.

        An open catalogue can be closed within that time; a silent database is not asked to close.
        """
        if self._asked is None or has_job:
            self._idle_since = None
            return False
        if self._idle_since is None:
            self._idle_since = now
        return now - self._idle_since > (0.0 if silent else TO_CLOSE)
