"""Posting one article: what each server reply leads to (NNTP.md's table).

Knows the lost 240, tries and failover. Refuses to know how servers are chosen among equals, how
long a caller waits for them (`servers`), and the ledger.

The rule that must not break: an article goes out under one Message-ID only. Once its bytes may
have reached a server, the next try goes to the same server (another one knows the id only in the
same backbone) and begins with STAT; a "duplicate" then means that the article has arrived.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from usenetsync_tui.codec.answers import ConversationStage, Meaning, adopted_id
from usenetsync_tui.codec.envelope import HeaderStyle
from usenetsync_tui.codec.nntp import Reply
from usenetsync_tui.codec.yenc import WireArticle, encode
from usenetsync_tui.errors import (
    ArticleCollisionError,
    ArticleCorruptError,
    StoreError,
    StoreUnavailableError,
    StoreUnusableError,
)
from usenetsync_tui.model.backoff import Backoff
from usenetsync_tui.model.segments import Article
from usenetsync_tui.model.servers import Role
from usenetsync_tui.store.usenet.connection.connection import Answer, Connection
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.pool.lease import Lease
from usenetsync_tui.store.usenet.pool.servers import UsenetServers

_REFUSALS = frozenset(
    {
        Meaning.REFUSED,
        Meaning.DATE,
        Meaning.TOO_LARGE,
        Meaning.COLLISION,
        Meaning.SESSION_OVER,
    }
)
"""Replies that may refuse one article, or every article."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A server has the article; `size` in bytes on the wire."""

    server: str
    size: int
    adopted: str | None
    """The id under which the server stored it, if that is not ours."""


class ArticlePosting:
    """The posting of one article: `run()` it once."""

    def __init__(
        self,
        servers: UsenetServers,
        dress: HeaderStyle,
        article: Article,
        *,
        tries: int,
        backoff: Backoff,
    ) -> None:
        self._servers = servers
        self._dress = dress
        self._article = article
        self._wire_id = dress.wire_id(article.message_id)
        self._max_tries = tries
        self._backoff = backoff
        self._tries: Counter[str] = Counter()
        self._may_have_arrived = article.again
        self._last_server: str | None = None
        """The server that may have the article."""
        self._away = 0
        """How often that server could not be asked since."""
        self._among: Collection[str] | None = None
        self._dated = True
        self._size = 0
        self._failure: StoreError | None = None
        self._words = ""
        """The reply or error of the last server that failed."""
        self._since = servers.now()

    async def run(self) -> Taken:
        """Post the article. Errors as in `model.ports.Store.post`."""
        while True:
            try:
                async with self._servers.lease(
                    Role.POST, since=self._since, among=self._choose, prefer=self._preferred()
                ) as lease:
                    taken = await self._attempt(lease)
            except StoreUnavailableError as failure:
                if failure is self._failure or self._among is None:
                    raise  # no server is left to try
                # Only the chosen servers are not well: the others get their turn.
                for name in self._among:
                    self._tries[name] = self._max_tries
                self._failure = failure
                continue
            if taken is not None:
                return taken
            tries = self._tries[lease.server.name]
            if tries:
                await self._servers.pause(lease.server, self._words, self._backoff(tries))

    def _choose(self) -> Collection[str] | None:
        self._among = self._choice()
        return self._among

    def _choice(self) -> Collection[str] | None:
        """The servers to try; only the last one while it may have the article. None: any."""
        usable = self._servers.roster.usable(Role.POST)
        left = [name for name in usable if self._tries[name] < self._max_tries]
        if usable and not left:
            assert self._failure is not None
            raise self._failure
        if self._may_have_arrived and self._last_server in left and self._away < self._max_tries:
            if not self._servers.roster.is_resting(self._last_server):
                return (self._last_server,)
        return left if usable else None

    def _preferred(self) -> str | None:
        """The server for this copy: copies of a segment go to different servers if possible."""
        if self._article.spread is None:
            return None
        ranked = self._servers.roster.ranked(Role.POST, self._article.spread)
        return ranked[self._article.redundancy % len(ranked)] if ranked else None

    async def _attempt(self, lease: Lease) -> Taken | None:
        """One try with one connection; None: try again."""
        name = lease.server.name
        try:
            answer = await lease.run(self._send)
        except Lost as lost:
            if lost.began:
                self._may_have_arrived, self._last_server, self._away = True, name, 0
            if not lost.innocent:
                self._failed(name, StoreUnavailableError(f"{name}: {lost.words}"))
        except (Unreachable, Refused):
            # The server is at fault, not the article. An article that may have arrived there
            # does not wait forever for this server when there is another.
            self._away += self._last_server == name
        else:
            return await self._judge(lease, answer)
        return None

    def _failed(self, name: str, failure: StoreError) -> None:
        self._tries[name] += 1
        self._failure = failure
        self._words = failure.args[0].removeprefix(f"{name}: ")

    def _send(self, connection: Connection) -> Answer:
        """In a worker thread."""
        if not (connection.posting_allowed or connection.server.username):
            raise Refused(Meaning.FORBIDDEN, "The server greets with 201: no posting.")
        connection.ask_clock()
        if self._may_have_arrived and not self._article.by_body:
            there = connection.stat(self._wire_id)
            if there.meaning() is Meaning.ACCEPTED:
                self._encode(connection)  # for its size
                return Answer(Reply(240, ""), ConversationStage.ARTICLE)
        answer = connection.post(lambda: self._encode(connection))
        if answer.reply.code == 440 and not connection.posting_allowed:
            words = f"{answer.reply} (the server greeted with 201: no posting)"
            raise Refused(Meaning.FORBIDDEN, words)
        if answer.meaning() is Meaning.COLLISION and not self._may_have_arrived:
            return self._accept_if_identical(connection, answer)
        return answer

    def _encode(self, connection: Connection) -> WireArticle:
        dated = self._dated and not connection.shared.is_clock_off
        date = datetime.now(UTC) if dated else None
        article = encode(self._article.leaving(), self._dress.envelope(self._article), date=date)
        self._size = article.size
        server = connection.server
        if article.size > server.max_article:
            raise StoreError(
                f"The article has {article.size:,} bytes, server {server.name} accepts "
                f"{server.max_article:,} (max_article in its settings): use a smaller chunk_size.",
                whole=True,
            )
        return article

    def _accept_if_identical(self, connection: Connection, answer: Answer) -> Answer:
        """After "duplicate" at the first send: some servers accept an article and then say so.

        Fetch it: if it is ours it counts as accepted, else the answer stays.
        """
        with contextlib.suppress(ArticleCorruptError, Refused):
            if connection.fetch(self._wire_id) == self._article.leaving().payload:
                return Answer(Reply(240, ""), ConversationStage.ARTICLE)
        return answer

    async def _judge(self, lease: Lease, answer: Answer) -> Taken | None:
        name, words = lease.server.name, str(answer.reply)
        meaning = answer.meaning(may_have_arrived=self._may_have_arrived)
        said = f"{name}: {words}"
        if meaning in _REFUSALS and not (meaning is Meaning.DATE and self._dated):
            if lease.refused(self._article.message_id, words):
                return None  # the server refuses every article: try another one
            if lease.place.health.refuses_others and meaning is not Meaning.SESSION_OVER:
                self._tries[name] = self._max_tries
        match meaning:
            case Meaning.ACCEPTED | Meaning.ARRIVED:
                lease.place.health.took_an_article()
                return Taken(name, self._size, adopted_id(answer.reply, self._wire_id))
            case Meaning.COLLISION:
                raise _of(lease, ArticleCollisionError(said))
            case Meaning.TOO_LARGE:
                raise _of(lease, StoreError(f"{said} (the article has {self._size:,} bytes)"))
            case Meaning.CONFIGURATION:
                raise StoreUnusableError(
                    f"{said}. Check the newsgroups: upload --newsgroups, or E on the screen, "
                    "changes those of a folder."
                )
            case Meaning.DATE if self._dated:
                self._dated = False  # try again at once without a Date
            case Meaning.RATE | Meaning.FORBIDDEN:
                lease.note(Refused(meaning, words))
            case Meaning.REFUSED | Meaning.DATE:
                self._failed(name, _of(lease, StoreError(said)))
            case Meaning.SESSION_OVER:
                # If the session is over, the server closes the connection.
                self._failed(name, StoreUnavailableError(said))
            case _:
                lease.slot.drop()
                lease.note(Refused(meaning, words))
                self._failed(name, StoreUnavailableError(said))
        return None


def _of(lease: Lease, failure: StoreError) -> StoreError:
    """The refusal; it is the article's fault only if the server has accepted others."""
    failure.charged = lease.place.health.has_posted
    return failure
