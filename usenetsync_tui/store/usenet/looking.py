"""Looking for articles: which are there, and what is in them.

Knows that one server's no is not the others', and that no answer is not a no. Refuses to know
what follows from an article that is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import anyio

from usenetsync_tui.errors import ArticleCorruptError, StoreUnavailableError
from usenetsync_tui.model.servers import Role
from usenetsync_tui.store.usenet.connection import Connection
from usenetsync_tui.store.usenet.posting import Backoff
from usenetsync_tui.store.usenet.servers import UsenetServers
from usenetsync_tui.store.usenet.signals import Lost, Refused, Unreachable

T = TypeVar("T")

_NOT_NOW = "it does not answer now"
_STOPPED = "it is not used any more, and might have them"

BATCH = 1_000
"""Articles of one worker-thread call of STATs: then others get a turn on the connection."""


class Search:
    """A round over the servers that have a role, each asked once."""

    def __init__(
        self,
        servers: UsenetServers,
        role: Role,
        *,
        tries: int,
        backoff: Backoff,
        wait: bool = True,
    ) -> None:
        """`wait`: also for servers that are not well now."""
        self._wait = wait
        self._servers = servers
        self._role = role
        self._max_tries = tries
        self._backoff = backoff
        self._tries: Counter[str] = Counter()
        self._asked: set[str] = set()
        self._failures: dict[str, str] = {}
        self._since = servers.now()

    async def next_answer(self, ask: Callable[[Connection], T]) -> T | None:
        """What the next server says; None when all have been asked.

        `ArticleCorruptError` is an answer too. Then call it again for the next one.
        """
        while True:
            usable = self._servers.roster.usable(self._role)
            left = [n for n in usable if n not in self._asked and n not in self._failures]
            if not self._wait:
                ill = [n for n in left if not self._servers.roster.is_well(n)]
                self._failures |= {n: self._servers.roster.words(n) or _NOT_NOW for n in ill}
                left = [n for n in left if n not in self._failures]
            if not left and (usable or self._asked):
                return None
            # Where nobody at all can be asked, the lease says why.
            among = left or None
            async with self._servers.lease(
                self._role, since=self._since, among=among, wait=self._wait
            ) as lease:
                name = lease.server.name
                try:
                    answer = await lease.run(ask)
                except Lost as lost:
                    self._failed(name, lost.words)
                except Refused as refusal:
                    if not refusal.opening:
                        self._failed(name, refusal.words)
                except Unreachable:
                    pass  # its health says what comes next
                except ArticleCorruptError:
                    self._asked.add(name)
                    raise
                else:
                    self._asked.add(name)
                    return answer
            if self._tries[name]:
                await anyio.sleep(self._backoff(self._tries[name]))

    def settle(self, *, stopped_too: bool = False) -> None:
        """All have said no, or `StoreUnavailableError`: the answer of some is not known.

        `stopped_too`: a server that is not used any more might have said yes.
        """
        unknown = dict(self._failures)
        if stopped_too:
            stopped = self._servers.roster.stopped(self._role)
            unknown |= {n: f"{_STOPPED} ({self._servers.roster.words(n)})" for n in stopped}
        if unknown:
            raise StoreUnavailableError("; ".join(f"{n}: {words}" for n, words in unknown.items()))

    def _failed(self, name: str, words: str) -> None:
        self._tries[name] += 1
        if self._tries[name] >= self._max_tries:
            self._failures[name] = words


def ask_many(wire_ids: Sequence[str]) -> Callable[[Connection], list[bool]]:
    """A question for `Search`: which of these are there."""
    return partial(_stat_many, wire_ids)


def ask_for(wire_id: str) -> Callable[[Connection], tuple[bytes | None]]:
    """A question for `Search`: what is in this one."""
    return partial(_fetch, wire_id)


def _stat_many(wire_ids: Sequence[str], connection: Connection) -> list[bool]:
    return connection.stat_many(wire_ids)


def _fetch(wire_id: str, connection: Connection) -> tuple[bytes | None]:
    return (connection.fetch(wire_id),)
