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
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import islice

from usenetsync_tui.errors import StoreError, StoreUnavailableError
from usenetsync_tui.model.ports.stores import PostingSource
from usenetsync_tui.model.segments import Article, Receipt, SharedMemory
from usenetsync_tui.model.servers.servers import Role
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.posting_session import StagedReply
from usenetsync_tui.store.usenet.connection.sending.messages import SharedArticle
from usenetsync_tui.store.usenet.connection.sending.sender import Sender, Use
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.pool.lease import Lease
from usenetsync_tui.store.usenet.pool.servers import UsenetServers
from usenetsync_tui.store.usenet.posting import ArticlePosting, preferred_server

_IDLE = 0.2
"""Seconds that a thread keeps its connection while the source has no article."""

_TOGETHER = 8
"""Articles that a process sends at once, at most: each holds its memory until all of them are sent.
With 8, what is asked and answered costs little enough."""
_BURST = 0.1
"""Seconds that they may take together: a pause waits for them. An article that takes longer is sent
here, where it is known at each moment whether we wait for the server or it for us."""
_LEAST = 1e-3

Suits = Callable[[Article], bool]
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
        self._held = deque[ArticlePosting]()
        """The articles that the lane has taken, in their order."""
        self._seconds = _BURST
        """How long an article took lately."""

    async def run(self) -> None:
        """Post until the source has nothing more for this lane.

        An error of an article goes to the source; `StoreUnusableError` concerns all of them.
        """
        self._take()
        while self._held:
            try:
                await self._try(self._held[0])
            except StoreError as failure:
                self._is_done(failure)

    async def _try(self, posting: ArticlePosting) -> None:
        """Use one connection: for the first article that the lane holds, and for those after it."""
        try:
            async with self._servers.lease(
                Role.POST, since=posting.since, among=posting.choose, prefer=posting.preferred()
            ) as lease:
                await self._burst(lease)
        except StoreUnavailableError as failure:
            posting.found_no_server(failure)
            return
        if self._held:
            await self._held[0].pause(lease)

    async def _burst(self, lease: Lease) -> None:
        try:
            answer = await lease.run(partial(self._post_on, lease, time.monotonic()))
        except (Lost, Unreachable, Refused) as failure:
            self._held[0].broke(lease, failure)
            return
        if answer is None:
            return
        posting = self._held[0]
        taken = posting.judge(lease, answer)
        if taken is None:
            return
        if taken.adopted is not None:
            await self._adopt(posting.message_id, taken.adopted)
        self._is_done(Receipt(taken.server, taken.size))

    def _post_on(self, lease: Lease, began: float, connection: Connection) -> StagedReply | None:
        """In a worker thread: post until an answer needs thought; None: the burst is over.

        A repeated call continues with the articles that the lane holds.
        """
        suits = self._suits_of(lease.server.name)
        while self._held:
            answer = self._post_some(lease, connection, suits)
            if answer is not None:
                return answer
            if not lease.may_continue(began):
                break
            if not self._held:
                self._take(suits, _IDLE)
        return None

    def _post_some(
        self, lease: Lease, connection: Connection, suits: Suits | None
    ) -> StagedReply | None:
        """Post an article, or some in a process that has their bytes, too."""
        memory = self._held[0].memory
        use = self._use(memory, connection)
        if use is None:
            return self._post_one(lease, connection)
        self._held[0].prepare(connection)
        most = min(_TOGETHER, int(_BURST / self._seconds))
        while len(self._held) < most and self._take(suits):
            pass
        articles = list[SharedArticle]()
        for posting in self._held:
            is_there = posting.memory is memory
            shared = posting.shared(connection, use.memory) if is_there else None
            if shared is None:
                break
            articles.append(shared)
        if not articles:
            return self._post_one(lease, connection)
        return self._post_together(lease, connection, use.sender, articles)

    def _use(self, memory: SharedMemory | None, connection: Connection) -> Use | None:
        """A process that can send what is in a memory, if that is possible and of use."""
        if memory is None or self._seconds > _BURST or not connection.may_be_helped:
            return None
        return self._servers.senders.of(memory)

    def _post_together(
        self,
        lease: Lease,
        connection: Connection,
        sender: Sender,
        articles: Sequence[SharedArticle],
    ) -> StagedReply | None:
        since = time.monotonic()
        done = connection.post_together(sender, articles)
        for _ in range(done.taken):
            self._is_taken(lease)
        if done.lost is not None:
            for unsure in islice(self._held, done.unsure):
                unsure.may_have_arrived(lease.server.name)
            try:
                raise done.lost
            finally:
                done.lost = None  # it holds this frame, and all the articles in it
        if done.taken:
            self._seconds = max(_LEAST, (time.monotonic() - since) / done.taken)
        if done.answer is None:
            return None
        posting = self._held[0]
        answer = posting.answered(connection, done.answer)
        if posting.is_plain_yes(answer):
            self._is_taken(lease)
            return None
        return answer

    def _post_one(self, lease: Lease, connection: Connection) -> StagedReply | None:
        since = time.monotonic()
        answer = self._held[0].send(connection)
        self._seconds = max(_LEAST, time.monotonic() - since)
        if not self._held[0].is_plain_yes(answer):
            return answer
        self._is_taken(lease)
        return None

    def _take(self, suits: Suits | None = None, patience: float = 0.0) -> bool:
        """Take one more article from the source; whether it has one."""
        article = self._source.next(suits, patience)
        if article is not None:
            self._held.append(self._new(article))
        return article is not None

    def _suits_of(self, server: str) -> Suits | None:
        """Tells whether an article may go to a server: no other one that is well is better for it.

        None: each may, as it is the only one that is configured.
        """
        roster = self._servers.roster
        if len(roster.configured(Role.POST)) <= 1:
            return None

        def suits(article: Article) -> bool:
            preferred = preferred_server(roster, article)
            return preferred in (None, server) or not roster.is_well(preferred)

        return suits

    def _is_taken(self, lease: Lease) -> None:
        """The server took the first article that the lane holds."""
        lease.took_an_article()
        self._is_done(Receipt(lease.server.name, self._held[0].size))

    def _is_done(self, answer: Receipt | Exception) -> None:
        self._held.popleft().end()
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
