"""A fetch lane: one task and one thread that fetch a source's articles, one after another.

Knows when a lane keeps its connection and when it must give it back, and the names of an article.
Refuses to know which server comes next (`article_requests`).

An article costs the event loop nothing as long as the server has it: the thread that has the
connection fetches, decodes and opens it, hands it over, and takes the next one itself. The thread
ends its burst and returns to the event loop when an answer needs thought, when the source has
nothing for it, and when another task or server may have a better claim (`Lease.may_continue`).

Two lanes may share a connection (`pipeline` of a server's settings): while one decodes and opens
its article, the answer for the other is on its way.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from usenetsync_tui.errors import (
    ArticleCorruptError,
    ArticleMissingError,
    StoreError,
    StoreUnavailableError,
)
from usenetsync_tui.model.ports.stores import FetchingSource, WantedArticle
from usenetsync_tui.model.servers.servers import Role
from usenetsync_tui.store.usenet.article_requests import ArticleRequest, RequestSettings
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.pool.lease import Lease
from usenetsync_tui.store.usenet.pool.servers import UsenetServers

_IDLE = 0.2
"""Seconds that a thread keeps its connection while the source has no article."""

Names = Callable[[bytes], Awaitable[Sequence[str]]]
"""Further wire ids of an article, the likeliest first."""
WireId = Callable[[bytes], str]


class ArticleFetch:
    """One wanted article, under one of its names after the other."""

    def __init__(self, wanted: WantedArticle, settings: RequestSettings, wire_id: str) -> None:
        self.wanted = wanted
        self.wire_id = wire_id
        self._settings = settings
        self._further: list[str] | None = None
        """The names that were not tried yet; None: not looked up."""
        self._failures: list[StoreError] = []
        self.request = self._new_request()

    async def require_server(self, further_names: Names) -> None:
        """Go on to the next name if no server is left to ask for this one.

        After the last name, raise the article's error: damage, or a server that might have the
        article and does not answer, or `ArticleMissingError`.
        """
        while self.request.is_over:
            try:
                self.request.raise_if_unknown()
            except StoreUnavailableError as unknown:
                self._failures.append(unknown)
            await self._next_name(further_names)

    async def found_no_server(self, unknown: StoreUnavailableError, further_names: Names) -> None:
        """No server that might have it under this name can be asked now."""
        self._failures.append(unknown)
        await self._next_name(further_names)

    def damaged(self, server: str, damage: ArticleCorruptError) -> None:
        """The article that a server sent is not the one that was posted."""
        self.request.answered(server)
        self._failures.append(damage)

    async def _next_name(self, further_names: Names) -> None:
        if self._further is None:
            self._further = list(await further_names(self.wanted.message_id))
        if not self._further:
            missing = ArticleMissingError(self.wanted.message_id.hex())
            raise min(self._failures, key=_seriousness, default=missing)
        self.wire_id = self._further.pop(0)
        self.request = self._new_request()

    def _new_request(self) -> ArticleRequest:
        return ArticleRequest(self._settings, wait=self.wanted.wait)


class FetchLane:
    """Fetches what a source wants: `run()` it."""

    def __init__(
        self,
        settings: RequestSettings,
        source: FetchingSource,
        wire_id: WireId,
        further_names: Names,
    ) -> None:
        self._servers: UsenetServers = settings.servers
        self._settings = settings
        self._source = source
        self._wire_id = wire_id
        self._further_names = further_names
        self._fetch: ArticleFetch | None = None
        """The article that the lane holds."""

    async def run(self) -> None:
        """Fetch until the source has nothing more for this lane.

        An error of an article goes to the source; `StoreUnusableError` concerns all of them.
        """
        while (fetch := self._fetch or self._take(0.0)) is not None:
            try:
                await fetch.require_server(self._further_names)
                await self._try(fetch)
            except StoreError as failure:
                self._is_done(failure)

    async def _try(self, fetch: ArticleFetch) -> None:
        """Use one connection: for the article that the lane holds, and for those after it."""
        try:
            async with self._servers.lease(
                Role.FETCH,
                since=fetch.request.since,
                among=fetch.request.among(),
                wait=fetch.wanted.wait,
            ) as lease:
                await self._burst(lease)
        except StoreUnavailableError as unknown:
            await fetch.found_no_server(unknown, self._further_names)
            return
        if self._fetch is not None:
            await self._fetch.request.pause(lease)

    async def _burst(self, lease: Lease) -> None:
        name = lease.server.name
        try:
            has_it = await lease.run(partial(self._fetch_on, lease, time.monotonic()))
        except (Lost, Refused, Unreachable) as failure:
            assert self._fetch is not None
            self._fetch.request.broke(name, failure)
        except ArticleCorruptError as damage:
            assert self._fetch is not None
            self._fetch.damaged(name, damage)
        else:
            if not has_it and self._fetch is not None:
                self._fetch.request.answered(name)

    def _fetch_on(self, lease: Lease, began: float, connection: Connection) -> bool:
        """In a worker thread: fetch until an answer needs thought; False: the server said no.

        A repeated call continues with the article that the lane holds.
        """
        is_first = True
        while (fetch := self._fetch) is not None:
            wanted = fetch.wanted
            try:
                payload = connection.fetch(fetch.wire_id, wanted.opened)
            except Lost:
                if is_first:
                    raise
                return True  # after other articles: the next lease tries it on a new connection
            if payload is None:
                return False
            data = wanted.opened(payload)
            del payload  # an article is a megabyte
            lease.got_an_article()
            self._is_done(data)
            del data
            is_first = False
            if not lease.may_continue(began):
                break
            self._take(_IDLE)
        return True

    def _take(self, patience: float) -> ArticleFetch | None:
        wanted = self._source.next(patience)
        if wanted is not None:
            wire_id = self._wire_id(wanted.message_id)
            self._fetch = ArticleFetch(wanted, self._settings, wire_id)
        return self._fetch

    def _is_done(self, result: bytes | Exception) -> None:
        self._fetch = None
        self._source.done(result)


class OneWanted:
    """A source of a single wanted article, and its result."""

    def __init__(self, wanted: WantedArticle) -> None:
        self._wanted: WantedArticle | None = wanted
        self.result: bytes | Exception | None = None

    def next(self, patience: float = 0.0) -> WantedArticle | None:
        """The article, the first time."""
        wanted, self._wanted = self._wanted, None
        return wanted

    def done(self, result: bytes | Exception) -> None:
        """Keep the result."""
        self.result = result


def _seriousness(failure: StoreError) -> int:
    """The order in which failures are reported: damage before a server that does not answer."""
    return 0 if failure.retryable else 1
