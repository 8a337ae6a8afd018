"""Posting one article: what each server reply leads to (NNTP.md's table).

Knows the lost 240, tries and failover. Refuses to know connections and their threads
(`posting_lane`), how servers are chosen among equals (`pool`), and the ledger.

The rule that must not break: an article goes out under one Message-ID only. Once its bytes may
have reached a server, the next try goes to the same server (another one knows the id only in the
same backbone) and begins with STAT; a "duplicate" then means that the article has arrived.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
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
from usenetsync_tui.model.segments import Article, SharedMemory
from usenetsync_tui.model.servers.servers import Role
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.posting_session import StagedReply
from usenetsync_tui.store.usenet.connection.sending.messages import SharedArticle
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.pool.lease import Lease
from usenetsync_tui.store.usenet.pool.roster import Roster
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
class AcceptedArticle:
    """A server has the article; `size` in bytes on the wire."""

    server: str
    size: int
    adopted: str | None
    """The id under which the server stored it, if that is not ours."""


class ArticlePosting:
    """What is known of one article on its way: `PostingLane` tries it until a server has it."""

    def __init__(
        self,
        servers: UsenetServers,
        style: HeaderStyle,
        article: Article,
        *,
        tries: int,
        backoff: Backoff,
    ) -> None:
        self._servers = servers
        self._article = article
        self._envelope = style.envelope(article)
        self._wire_id = self._envelope.message_id
        self._max_tries = tries
        self._backoff = backoff
        self._tries = defaultdict[str, int](int)
        self._unsuited: set[str] = set()
        """Servers that have none of its newsgroups: others may."""
        self._may_have_arrived = article.again
        self._last_server: str | None = None
        """The server that may have the article."""
        self._away = 0
        """How often that server could not be asked since."""
        self._among: Collection[str] | None = None
        self._dated = True
        self._size = 0
        self._failure: StoreError | StoreUnusableError | None = None
        self._words = ""
        """The reply or error of the last server that failed."""
        self.since = servers.now()
        """When the patience with the servers began."""

    @property
    def message_id(self) -> bytes:
        """Our own name of the article."""
        return self._article.message_id

    @property
    def size(self) -> int:
        """Bytes on the wire, once it was encoded."""
        return self._size

    def choose(self) -> Collection[str] | None:
        """The servers to try; only the last one while it may have the article. None: any."""
        self._among = self._choice()
        return self._among

    def _choice(self) -> Collection[str] | None:
        usable = self._servers.roster.usable(Role.POST)
        left = self._left(usable)
        if usable and not left:
            assert self._failure is not None
            raise self._failure
        if self._may_have_arrived and self._last_server in left and self._away < self._max_tries:
            if not self._servers.roster.is_resting(self._last_server):
                return (self._last_server,)
        return left if usable else None

    def _left(self, usable: Collection[str]) -> list[str]:
        tries = self._tries
        return [n for n in usable if tries[n] < self._max_tries and n not in self._unsuited]

    def preferred(self) -> str | None:
        """The server for this copy: copies of a segment go to different servers if possible."""
        return preferred_server(self._servers.roster, self._article)

    def found_no_server(self, failure: StoreUnavailableError) -> None:
        """None of the chosen servers is well: the others get their turn, or `failure` is raised."""
        if failure is self._failure or self._among is None:
            raise failure  # no server is left to try
        for name in self._among:
            self._tries[name] = self._max_tries
        self._failure = failure

    def broke(self, lease: Lease, failure: Lost | Unreachable | Refused) -> None:
        """Its connection failed while it was tried."""
        name = lease.server.name
        if isinstance(failure, Lost):
            if failure.began:
                self.may_have_arrived(name)
            if not failure.innocent:
                self._failed(name, StoreUnavailableError(f"{name}: {failure.words}"))
        else:
            # The server is at fault, not the article. An article that may have arrived there
            # does not wait forever for this server when there is another.
            self._away += self._last_server == name

    def may_have_arrived(self, server: str) -> None:
        """Its bytes may have reached a server that has not answered."""
        self._may_have_arrived, self._last_server, self._away = True, server, 0

    def end(self) -> None:
        """It has its answer. A failure that was raised here holds the article in a cycle."""
        self._failure = None

    async def pause(self, lease: Lease) -> None:
        """Wait before the next try, if a try at this server failed."""
        if tries := self._tries[lease.server.name]:
            await self._servers.pause(lease.server, self._words, self._backoff(tries))

    def _failed(self, name: str, failure: StoreError) -> None:
        self._tries[name] += 1
        self._failure = failure
        self._words = failure.args[0].removeprefix(f"{name}: ")

    def send(self, connection: Connection) -> StagedReply:
        """Try it once. In a worker thread."""
        self.prepare(connection)
        if self._may_have_arrived and not self._article.by_body:
            there = connection.stat(self._wire_id)
            if there.meaning() is Meaning.ACCEPTED:
                self._encode(connection)  # for its size
                return StagedReply(Reply(240, ""), ConversationStage.ARTICLE)
        return self.answered(connection, connection.post(lambda: self._encode(connection)))

    def prepare(self, connection: Connection) -> None:
        """Before the first article on a connection: is it worth a try? In a worker thread."""
        if not (connection.posting_allowed or connection.server.username):
            raise Refused(Meaning.FORBIDDEN, "The server greets with 201: no posting.")
        connection.ask_clock()

    def shared(self, connection: Connection, memory: int) -> SharedArticle | None:
        """The article for a process that sends it; None if it must be sent here.

        `memory`: the number that the process knows the article's memory by.
        """
        encoded = self._article.encoded
        if encoded is None or encoded.memory is None or self._may_have_arrived:
            return None
        try:
            head, body, tail = self._encode(connection).buffers
        except StoreError:
            return None  # `send` raises it again
        named = self._wire_id.encode()
        return SharedArticle(memory, encoded.offset, len(body), head, tail, named)

    @property
    def memory(self) -> SharedMemory | None:
        """The memory that its body is in; None: only this process has it."""
        return None if self._article.encoded is None else self._article.encoded.memory

    def answered(self, connection: Connection, answer: StagedReply) -> StagedReply:
        """The answer to the article that was sent, after a second look. In a worker thread."""
        if answer.reply.code == 440 and not connection.posting_allowed:
            words = f"{answer.reply} (the server greeted with 201: no posting)"
            raise Refused(Meaning.FORBIDDEN, words)
        if answer.meaning() is Meaning.COLLISION and not self._may_have_arrived:
            return self._accept_if_identical(connection, answer)
        return answer

    def _encode(self, connection: Connection) -> WireArticle:
        dated = self._dated and not connection.shared.is_clock_off
        date = datetime.now(UTC) if dated else None
        article = encode(self._article, self._envelope, date=date)
        self._size = article.size
        server = connection.server
        if article.size > server.max_article:
            raise StoreError(
                f"The article has {article.size:,} bytes, server {server.name} accepts "
                f"{server.max_article:,} (max_article in its settings): use a smaller chunk_size.",
                whole=True,
            )
        return article

    def _accept_if_identical(self, connection: Connection, answer: StagedReply) -> StagedReply:
        """After "duplicate" at the first send: some servers accept an article and then say so.

        Fetch it: if it is ours it counts as accepted, else the answer stays.
        """
        with contextlib.suppress(ArticleCorruptError, Refused):
            if connection.fetch(self._wire_id) == self._article.leaving():
                return StagedReply(Reply(240, ""), ConversationStage.ARTICLE)
        return answer

    def is_plain_yes(self, answer: StagedReply) -> bool:
        """Whether the server took it under our own Message-ID, and nothing needs thought."""
        return answer.reply.code == 240 and adopted_id(answer.reply, self._wire_id) is None

    def judge(self, lease: Lease, answer: StagedReply) -> AcceptedArticle | None:
        """What the answer means; None: try again. Errors as in `model.ports.stores.Store.post`."""
        name, words = lease.server.name, str(answer.reply)
        meaning = answer.meaning(may_have_arrived=self._may_have_arrived)
        said = f"{name}: {words}"
        if meaning in _REFUSALS and not (meaning is Meaning.DATE and self._dated):
            if lease.refused(self._article.message_id, words):
                return None  # the server refuses every article: try another one
            if lease.entry.health.refuses_others and meaning is not Meaning.SESSION_OVER:
                self._tries[name] = self._max_tries
        match meaning:
            case Meaning.ACCEPTED | Meaning.ARRIVED:
                lease.took_an_article()
                return AcceptedArticle(name, self._size, adopted_id(answer.reply, self._wire_id))
            case Meaning.COLLISION:
                raise _of(lease, ArticleCollisionError(said))
            case Meaning.TOO_LARGE:
                raise _of(lease, StoreError(f"{said} (the article has {self._size:,} bytes)"))
            case Meaning.CONFIGURATION:
                self._unsuited.add(name)
                self._failure = StoreUnusableError(
                    f"{said}. Check the newsgroups: upload --newsgroups, or E on the screen, "
                    "changes those of a folder."
                )
                if not self._left(self._servers.roster.usable(Role.POST)):
                    raise self._failure
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


def preferred_server(roster: Roster, article: Article) -> str | None:
    """The server that a copy should go to; None when it does not matter."""
    if article.spread is None:
        return None
    ranked = roster.ranked(Role.POST, article.spread)
    return ranked[article.redundancy % len(ranked)] if ranked else None


def _of(lease: Lease, failure: StoreError) -> StoreError:
    """The refusal; it is the article's fault only if the server has accepted others."""
    failure.charged = lease.entry.health.has_posted
    return failure
