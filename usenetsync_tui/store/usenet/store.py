"""The usenet store: `model.ports.Store` over NNTP servers.

Knows Message-IDs, aliases and copies. Refuses to know connections (`servers`) and the ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Protocol

import anyio
from anyio import to_thread

from usenetsync_tui.codec.envelope import HeaderStyle
from usenetsync_tui.errors import (
    ArticleCorruptError,
    ArticleMissingError,
    StoreError,
    StoreUnavailableError,
    StoreUnusableError,
)
from usenetsync_tui.model.backoff import growing
from usenetsync_tui.model.ports import Opener, Presence
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.model.servers import Role
from usenetsync_tui.store.usenet.connection.connection import IN_FLIGHT
from usenetsync_tui.store.usenet.looking import BATCH, Round, Search, Survey, ask_for
from usenetsync_tui.store.usenet.pool.servers import UsenetServers
from usenetsync_tui.store.usenet.posting import ArticlePosting

__all__ = ["Aliases", "UsenetServers", "UsenetStore"]

_LONGEST_WAIT = 30.0
"""Seconds between two tries of an article at most."""

_TOGETHER = 4
"""Connections on which a batch of Message-IDs is looked for at once, at most."""


class Aliases(Protocol):
    """Other names of articles, in the catalogue."""

    async def of(self, message_id: bytes) -> Sequence[str]:
        """Further ids on the wire, without brackets, the likeliest first."""

    async def adopted(self, message_ids: Collection[bytes]) -> Mapping[bytes, str]:
        """What servers call these articles, where that is not their own name."""

    async def adopt(self, message_id: bytes, wire_id: str) -> None:
        """A server took the article under this id. Durable when it returns."""


class UsenetStore:
    """The articles of one realm, on servers that realms share."""

    def __init__(
        self,
        servers: UsenetServers,
        dress: HeaderStyle,
        aliases: Aliases,
        *,
        tries: int = 3,
        backoff: float = 0.5,
    ) -> None:
        """`tries` of an article at each server; `backoff` seconds after the first, then doubled."""
        self._servers = servers
        self._dress = dress
        self._aliases = aliases
        self._tries = tries
        self._backoff = growing(backoff, longest=_LONGEST_WAIT)
        servers.newsgroups.add(dress.newsgroups)

    @property
    def lanes(self) -> int:
        """Articles posted at once to the servers of the best priority."""
        return self._servers.lanes

    async def post(self, article: Article) -> Receipt:
        """Return when a server has taken the article, under its own Message-ID or an alias."""
        posting = ArticlePosting(
            self._servers, self._dress, article, tries=self._tries, backoff=self._backoff
        )
        taken = await posting.run()
        if taken.adopted is not None:
            await self._aliases.adopt(article.message_id, taken.adopted)
        return Receipt(taken.server, taken.size)

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        """Those that a server has, under their own id or the one it gave them.

        Not under earlier names: those are of articles that turned out damaged, unreadable or
        somebody else's. Only a clear no of every server makes an article missing. One that a
        server might have that gives no clear answer is unknown.
        """
        there: set[bytes] = set()
        unknown: dict[bytes, str] = {}
        ids = iter(dict.fromkeys(message_ids))
        while batch := list(islice(ids, BATCH)):
            # In one survey: what one server does not have under its own id, and another that
            # gives no answer may have, can be there all the same, under the id it was given.
            adopted = await self._aliases.adopted(batch)
            parts = self._parts(batch)
            names = [[(m, self._dress.wire_id(m)) for m in part] for part in parts]
            for part, own in zip(parts, names, strict=True):
                own += [(m, adopted[m]) for m in part if m in adopted]
            for found in await self._look_up_together(names):
                there |= found.there
                unknown |= found.unknown
        return Presence(there, unknown)

    def _parts(self, batch: Sequence[bytes]) -> list[Sequence[bytes]]:
        """One for each connection that is free, where a part is worth a connection."""
        free = self._servers.roster.free(self._checking_role, self._servers.now())
        count = max(1, min(_TOGETHER, free, len(batch) // IN_FLIGHT))
        return [batch[i::count] for i in range(count)]

    async def _look_up_together(
        self, parts: Sequence[Sequence[tuple[bytes, str]]]
    ) -> list[Presence]:
        found: list[Presence] = []
        failures: list[StoreUnusableError] = []

        async def look_up(names: Sequence[tuple[bytes, str]]) -> None:
            try:
                found.append(await self._look_up(names))
            except StoreUnusableError as failure:
                failures.append(failure)

        async with anyio.create_task_group() as group:
            for names in parts:
                group.start_soon(look_up, names)
        if failures:
            raise failures[0]
        return found

    async def _look_up(self, names: Sequence[tuple[bytes, str]]) -> Presence:
        survey = Survey(self._round(self._checking_role), [wire_id for _, wire_id in names])
        await survey.run()
        there = {m for m, wire_id in names if wire_id in survey.there}
        words = survey.unknown()
        return Presence(
            there, {m: words[i] for m, i in reversed(names) if i in words and m not in there}
        )

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        """The payload, opened, from the first server that has it whole.

        `ArticleMissingError` when all say no, `ArticleCorruptError` when what they have is
        damaged, `StoreUnavailableError` when one that might have it does not answer.
        """
        failures: list[StoreError] = []
        for names in (self._own_name, self._further_names):
            for wire_id in await names(message_id):
                payload = await self._fetch_as(wire_id, failures, wait, opened)
                if payload is not None:
                    return payload
        raise min(failures, key=_seriousness, default=ArticleMissingError(message_id.hex()))

    async def _own_name(self, message_id: bytes) -> Sequence[str]:
        return [self._dress.wire_id(message_id)]

    async def _further_names(self, message_id: bytes) -> Sequence[str]:
        return await self._aliases.of(message_id)

    async def _fetch_as(
        self, wire_id: str, failures: list[StoreError], wait: bool, opened: Opener
    ) -> bytes | None:
        search = Search(self._round(Role.FETCH), wait=wait)
        ask = ask_for(wire_id, opened)
        while True:
            try:
                answer = await search.next_answer(ask)
                if answer is None:
                    search.settle()
                    return None
                if answer[0] is not None:
                    # Not on the connection: there others wait for their turn to read.
                    return await to_thread.run_sync(opened, answer[0])
            except ArticleCorruptError as damage:
                failures.append(damage)
            except StoreUnavailableError as unknown:
                failures.append(unknown)
                return None

    @property
    def _checking_role(self) -> Role:
        """Without a server to verify on, the others can say what they have too."""
        roles = (Role.VERIFY, Role.FETCH, Role.POST)
        return next((r for r in roles if self._servers.roster.has_role(r)), Role.VERIFY)

    def _round(self, role: Role) -> Round:
        return Round(self._servers, role, self._tries, self._backoff)


def _seriousness(failure: StoreError) -> int:
    """What is said first: an answer that may still come, then damage."""
    return 0 if failure.retryable else 1
