"""What the connections of one server share: logins, addresses, commands, clock, groups, buffers.

Knows the facts that one connection learns and the next one can use. Refuses to know how well the
server is (`health`). Thread-safe.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from usenetsync_tui.codec.nntp import Reply
from usenetsync_tui.codec.yenc import BodyReader
from usenetsync_tui.store.usenet.connection.addresses import AddressBook
from usenetsync_tui.store.usenet.connection.logins import Logins
from usenetsync_tui.store.usenet.connection.optional_commands import OptionalCommands
from usenetsync_tui.store.usenet.connection.sending.sender import Senders

_IDLE_READERS = 16
CLOCK_SKEW = 300.0
"""Seconds between our clock and the server's above which articles go out without a Date: servers
refuse articles that are old or from the future, and add the date themselves if there is none."""


class Newsgroups:
    """The groups of our articles, for servers that require a GROUP command first."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def add(self, names: Iterable[str]) -> None:
        """Append names that are not known yet."""
        self._names |= dict.fromkeys(names)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._names))


class Shared:
    """The shared state of one server's connections."""

    def __init__(
        self, newsgroups: Newsgroups | None = None, senders: Senders | None = None
    ) -> None:
        self.senders = senders
        """May encrypt connections; None: each does it itself."""
        self.logins = Logins()
        self.addresses = AddressBook()
        self.optional = OptionalCommands()
        self.newsgroups = newsgroups or Newsgroups()
        self.idle_readers = deque[BodyReader](maxlen=_IDLE_READERS)
        """For the connection that reads next: each has a buffer of a megabyte."""
        self._lock = threading.Lock()
        self._clock_asked = False
        self.skew: float | None = None
        """Seconds our clock is ahead of the server's; None: not known."""

    def asks_clock(self) -> bool:
        """Whether the caller must ask for the time; True for the first caller only."""
        if self._clock_asked:
            return False
        with self._lock:
            first, self._clock_asked = not self._clock_asked, True
            return first

    def told_the_time(self, reply: Reply) -> None:
        """Record an answer to DATE (RFC 3977 section 7.1)."""
        skew = skew_of(reply, datetime.now(UTC))
        if skew is not None:
            self.skew = skew

    @property
    def is_clock_off(self) -> bool:
        """Whether our clock is so wrong that the server may refuse our Date header."""
        return self.skew is not None and abs(self.skew) > CLOCK_SKEW


def skew_of(reply: Reply, now: datetime) -> float | None:
    """Seconds by which `now` is ahead of the time in an answer to DATE; None without a time."""
    if reply.code != 111:
        return None
    try:
        theirs = datetime.strptime(reply.text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return (now - theirs).total_seconds()
