"""The usenet store: `model.ports.stores.Store` over NNTP servers.

Knows Message-IDs, aliases and copies. Refuses to know connections (`servers`) and the ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Protocol

import anyio

from usenetsync_tui.codec.envelope import HeaderStyle
from usenetsync_tui.errors import StoreUnusableError
from usenetsync_tui.model.backoff import growing
from usenetsync_tui.model.ports.stores import (
    FetchingSource,
    Opener,
    PostingSource,
    Presence,
    WantedArticle,
)
from usenetsync_tui.model.segments import Article, Receipt, SharedMemory
from usenetsync_tui.model.servers.servers import Role
from usenetsync_tui.store.usenet.article_requests import BATCH, PresenceCheck, RequestSettings
from usenetsync_tui.store.usenet.connection.connection import IN_FLIGHT
from usenetsync_tui.store.usenet.fetch_lane import FetchLane, OneWanted
from usenetsync_tui.store.usenet.pool.servers import UsenetServers
from usenetsync_tui.store.usenet.posting import ArticlePosting
from usenetsync_tui.store.usenet.posting_lane import OneArticle, PostingLane

__all__ = ["Aliases", "UsenetServers", "UsenetStore"]

_LONGEST_WAIT = 30.0
"""Most seconds between two tries of an article."""

_TOGETHER = 4
"""Most connections that check one batch of Message-IDs at once."""


class Aliases(Protocol):
    """Other names of articles, in the catalogue."""

    async def of(self, message_id: bytes) -> Sequence[str]:
        """Further wire ids of an article, without brackets, the likeliest first."""

    async def adopted(self, message_ids: Collection[bytes]) -> Mapping[bytes, str]:
        """The wire ids that servers gave these articles instead of our own."""

    async def adopt(self, message_id: bytes, wire_id: str) -> None:
        """Record that a server stored the article under this id. Durable when it returns."""


class UsenetStore:
    """The articles of one realm, on servers that all realms share."""

    def __init__(
        self,
        servers: UsenetServers,
        style: HeaderStyle,
        aliases: Aliases,
        *,
        tries: int = 3,
        backoff: float = 0.5,
    ) -> None:
        """`tries` of an article at each server; `backoff` seconds after the first, then doubled."""
        self._servers = servers
        self._style = style
        self._aliases = aliases
        self._tries = tries
        self._backoff = growing(backoff, longest=_LONGEST_WAIT)
        servers.newsgroups.add(style.newsgroups)

    @property
    def lanes(self) -> int:
        """Articles posted at once to the servers of the best priority."""
        return self._servers.lanes

    @property
    def fetching_lanes(self) -> int:
        """Articles fetched at once from the servers of the best priority."""
        return self._servers.roster.fetching_lanes

    @property
    def inquiries(self) -> int:
        """The connections of the servers that may check articles."""
        return self._servers.roster.connections(self._checking_role)

    async def expect(self, memory: SharedMemory) -> None:
        """Start the process that sends what is in this memory, and connect meanwhile."""
        self._servers.senders.expect(memory)
        await self._servers.open_lanes()

    async def post(self, article: Article) -> Receipt:
        """Return when a server has accepted the article, under its own Message-ID or an alias."""
        source = OneArticle(article)
        await self.post_from(source)
        assert source.answer is not None
        if isinstance(source.answer, Exception):
            raise source.answer
        return source.answer

    async def post_from(self, source: PostingSource) -> None:
        """Post a source's articles, on one connection at a time."""
        new = partial(
            ArticlePosting, self._servers, self._style, tries=self._tries, backoff=self._backoff
        )
        await PostingLane(self._servers, source, new, self._aliases.adopt).run()

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        """Those that a server has, under our id or the one the server gave them.

        Earlier names do not count: they belong to articles that turned out to be damaged,
        unreadable or someone else's. An article is missing only when every server clearly says
        no. While a server that might have it gives no clear answer, it is unknown.
        """
        there: set[bytes] = set()
        unknown: dict[bytes, str] = {}
        ids = iter(dict.fromkeys(message_ids))
        while batch := list(islice(ids, BATCH)):
            # One check asks for both ids: an article that is unknown under our id may still be
            # found under the id that a server gave it.
            adopted = await self._aliases.adopted(batch)
            parts = self._parts(batch)
            names = [[(m, self._style.wire_id(m)) for m in part] for part in parts]
            for part, own in zip(parts, names, strict=True):
                own += [(m, adopted[m]) for m in part if m in adopted]
            for found in await self._check_parts(names):
                there |= found.there
                unknown |= found.unknown
        return Presence(there, unknown)

    def _parts(self, batch: Sequence[bytes]) -> list[Sequence[bytes]]:
        """The batch divided among the free connections, in parts of at least `IN_FLIGHT` ids."""
        free = self._servers.roster.free(self._checking_role, self._servers.now())
        count = max(1, min(_TOGETHER, free, len(batch) // IN_FLIGHT))
        return [batch[i::count] for i in range(count)]

    async def _check_parts(self, parts: Sequence[Sequence[tuple[bytes, str]]]) -> list[Presence]:
        found: list[Presence] = []
        failures: list[StoreUnusableError] = []

        async def check(names: Sequence[tuple[bytes, str]]) -> None:
            try:
                found.append(await self._check_part(names))
            except StoreUnusableError as failure:
                failures.append(failure)

        async with anyio.create_task_group() as group:
            for names in parts:
                group.start_soon(check, names)
        if failures:
            raise failures[0]
        return found

    async def _check_part(self, names: Sequence[tuple[bytes, str]]) -> Presence:
        check = PresenceCheck(
            self._request_settings(self._checking_role), [wire_id for _, wire_id in names]
        )
        await check.run()
        there = {m for m, wire_id in names if wire_id in check.there}
        words = check.unknown()
        return Presence(
            there, {m: words[i] for m, i in reversed(names) if i in words and m not in there}
        )

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        """The payload, opened, from the first server that has it undamaged.

        `ArticleMissingError` when all servers say no, `ArticleCorruptError` when their copies are
        damaged, `StoreUnavailableError` when a server that might have it does not answer.
        """
        source = OneWanted(WantedArticle(message_id, opened, wait))
        await self.fetch_from(source)
        assert source.result is not None
        if isinstance(source.result, Exception):
            raise source.result
        return bytes(source.result)  # what a lane gets may be a bytearray

    async def fetch_from(self, source: FetchingSource) -> None:
        """Fetch a source's articles, on one connection at a time."""
        settings = self._request_settings(Role.FETCH)
        await FetchLane(settings, source, self._style.wire_id, self._aliases.of).run()

    @property
    def _checking_role(self) -> Role:
        """VERIFY; if no server has that role, the next best one."""
        roles = (Role.VERIFY, Role.FETCH, Role.POST)
        return next((r for r in roles if self._servers.roster.has_role(r)), Role.VERIFY)

    def _request_settings(self, role: Role) -> RequestSettings:
        return RequestSettings(self._servers, role, self._tries, self._backoff)
