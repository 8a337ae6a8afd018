"""What the connections of one server share: logins, addresses, commands, its clock, its groups.

Knows what one connection learnt that the next need not learn again. Refuses to know how the
server is doing (`health`). Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from usenetsync_tui.codec.nntp import Reply
from usenetsync_tui.store.usenet.connection.addresses import AddressBook
from usenetsync_tui.store.usenet.connection.logins import Logins
from usenetsync_tui.store.usenet.connection.optional_commands import OptionalCommands

CLOCK_SKEW = 300.0
"""Seconds between our clock and the server's above which articles go out without a Date: servers
refuse what is old or of the future, and set the date themselves where there is none."""


class Newsgroups:
    """Names of groups that our articles are in: for servers that want one entered first."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def add(self, names: Iterable[str]) -> None:
        """More of them, after those that are known."""
        self._names |= dict.fromkeys(names)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._names))


class Shared:
    """Of one server."""

    def __init__(self, newsgroups: Newsgroups | None = None) -> None:
        self.logins = Logins()
        self.addresses = AddressBook()
        self.optional = OptionalCommands()
        self.newsgroups = newsgroups or Newsgroups()
        self._lock = threading.Lock()
        self._clock_asked = False
        self.skew: float | None = None
        """Seconds our clock is ahead of the server's; None: not known."""

    def asks_clock(self) -> bool:
        """Whether the caller is the first that should ask for the time."""
        with self._lock:
            first, self._clock_asked = not self._clock_asked, True
            return first

    def told_the_time(self, reply: Reply) -> None:
        """An answer to DATE (RFC 3977 section 7.1)."""
        skew = skew_of(reply, datetime.now(UTC))
        if skew is not None:
            self.skew = skew

    @property
    def is_clock_off(self) -> bool:
        """A Date header of ours would look wrong to the server."""
        return self.skew is not None and abs(self.skew) > CLOCK_SKEW


def skew_of(reply: Reply, now: datetime) -> float | None:
    """Seconds by which `now` is ahead of the time in an answer to DATE; None where it has none."""
    if reply.code != 111:
        return None
    try:
        theirs = datetime.strptime(reply.text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return (now - theirs).total_seconds()
