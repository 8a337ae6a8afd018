"""A posting lane: one task and one thread that post a source's articles, one after another.

Knows when a lane keeps its connection and when it must give it back. Refuses to know what an
answer other than 240 leads to (`posting`).

An article costs the event loop nothing as long as a server takes it: the thread that has the
connection takes the next article itself. The thread ends its burst and returns to the event loop
when an answer needs thought, when the source has nothing for it, and when another task or server
may have a better claim (`Lease.may_continue`).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial

from usenetsync_tui.errors import StoreError, StoreUnavailableError
from usenetsync_tui.model.ports.stores import PostingSource
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.model.servers.servers import Role
from usenetsync_tui.store.usenet.connection.connection import Connection, StagedReply
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.pool.lease import Lease
from usenetsync_tui.store.usenet.pool.servers import UsenetServers
from usenetsync_tui.store.usenet.posting import ArticlePosting, preferred_server

_IDLE = 0.2
"""Seconds that a thread keeps its connection while the source has no article."""

NewPosting = Callable[[Article], ArticlePosting]
Adopt = Callable[[bytes, str], Awaitable[None]]


class PostingLane:
    """Posts what a source has: `run()` it."""

    def __init__(
        self, servers: UsenetServers, source: PostingSource, new: NewPosting, adopt: Adopt
    ) -> None:
        """`adopt` records durably that a server stored an article under another id."""
        self._servers = servers
        self._source = source
        self._new = new
        self._adopt = adopt
        self._posting: ArticlePosting | None = None
        """The article that the lane holds."""

    async def run(self) -> None:
        """Post until the source has nothing more for this lane.

        An error of an article goes to the source; `StoreUnusableError` concerns all of them.
        """
        article = self._source.next()
        self._posting = None if article is None else self._new(article)
        while (posting := self._posting) is not None:
            try:
                await self._try(posting)
            except StoreError as failure:
                self._is_done(failure)

    async def _try(self, posting: ArticlePosting) -> None:
        """Use one connection: for the article that the lane holds, and for those after it."""
        try:
            async with self._servers.lease(
                Role.POST, since=posting.since, among=posting.choose, prefer=posting.preferred()
            ) as lease:
                await self._burst(lease)
        except StoreUnavailableError as failure:
            posting.found_no_server(failure)
            return
        if self._posting is not None:
            await self._posting.pause(lease)

    async def _burst(self, lease: Lease) -> None:
        try:
            answer = await lease.run(partial(self._post_on, lease, time.monotonic()))
        except (Lost, Unreachable, Refused) as failure:
            assert self._posting is not None
            self._posting.broke(lease, failure)
            return
        if answer is None:
            return
        posting = self._posting
        assert posting is not None
        taken = posting.judge(lease, answer)
        if taken is None:
            return
        if taken.adopted is not None:
            await self._adopt(posting.message_id, taken.adopted)
        self._is_done(Receipt(taken.server, taken.size))

    def _post_on(self, lease: Lease, began: float, connection: Connection) -> StagedReply | None:
        """In a worker thread: post until an answer needs thought; None: the burst is over.

        A repeated call continues with the article that the lane holds.
        """
        name = lease.server.name
        suits = partial(self._suits, name)
        while (posting := self._posting) is not None:
            answer = posting.send(connection)
            if not posting.is_plain_yes(answer):
                return answer
            lease.took_an_article()
            self._is_done(Receipt(name, posting.size))
            del posting  # an article is a megabyte
            if not lease.may_continue(began):
                break
            article = self._source.next(suits, _IDLE)
            if article is not None:
                self._posting = self._new(article)
                del article
        return None

    def _suits(self, server: str, article: Article) -> bool:
        """Whether an article may go to this server: no other one that is well is better for it."""
        roster = self._servers.roster
        preferred = preferred_server(roster, article)
        return preferred in (None, server) or not roster.is_well(preferred)

    def _is_done(self, answer: Receipt | Exception) -> None:
        self._posting = None
        self._source.done(answer)


class OneArticle:
    """A source of a single article, and its answer."""

    def __init__(self, article: Article) -> None:
        self._article: Article | None = article
        self.answer: Receipt | Exception | None = None

    def next(
        self, wanted: Callable[[Article], bool] | None = None, patience: float = 0.0
    ) -> Article | None:
        """The article, the first time."""
        article, self._article = self._article, None
        return article

    def done(self, answer: Receipt | Exception) -> None:
        """Keep the answer."""
        self.answer = answer
