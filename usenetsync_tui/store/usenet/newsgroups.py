"""Which newsgroups the posting servers have (RFC 3977 section 6.1.1).

Knows that a server that does not answer says neither yes nor no. Refuses to know what follows
from a newsgroup that no server has.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import anyio

from usenetsync_tui.codec.nntp import Reply
from usenetsync_tui.errors import StoreUnavailableError, StoreUnusableError
from usenetsync_tui.model.servers.servers import Role
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.pool.servers import UsenetServers

_THERE, _NO_SUCH_GROUP = 211, 411


@dataclass(slots=True)
class NewsgroupAnswers:
    """The servers' answers about some newsgroups."""

    servers: int
    """Number of posting servers."""
    there: set[str] = field(default_factory=set)
    """Newsgroups that at least one server has."""
    refused: dict[str, dict[str, Reply]] = field(default_factory=dict)
    """By newsgroup and server: the reply that the group does not exist."""

    def nowhere(self) -> dict[str, dict[str, Reply]]:
        """Newsgroups that every posting server says it does not have, with the replies."""
        every = self.refused.items()
        return {g: said for g, said in every if len(said) == self.servers and g not in self.there}


async def look_for_newsgroups(
    servers: UsenetServers, newsgroups: Collection[str], *, seconds: float
) -> NewsgroupAnswers:
    """Ask every posting server. One that does not answer within `seconds` is left out."""
    names = [entry.server.name for entry in servers.roster.configured(Role.POST)]
    found = NewsgroupAnswers(len(names))
    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as group:
            for name in names:
                group.start_soon(_ask, servers, name, newsgroups, found)
    return found


async def _ask(
    servers: UsenetServers, name: str, newsgroups: Collection[str], found: NewsgroupAnswers
) -> None:
    def ask(connection: Connection) -> list[Reply]:
        return [connection.group(newsgroup) for newsgroup in newsgroups]

    try:
        async with servers.lease(
            Role.POST, since=servers.now(), among=(name,), wait=False
        ) as lease:
            replies = await lease.run(ask)
    except (Unreachable, Refused, Lost, StoreUnavailableError, StoreUnusableError):
        return  # the server's health has the reason, and posting reports it too
    for newsgroup, reply in zip(newsgroups, replies, strict=True):
        if reply.code == _THERE:
            found.there.add(newsgroup)
        elif reply.code == _NO_SUCH_GROUP:
            found.refused.setdefault(newsgroup, {})[name] = reply
