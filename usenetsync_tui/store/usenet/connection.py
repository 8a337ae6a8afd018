"""One connection to one server, used by blocking threads: articles posted, looked up, fetched.

Knows how articles travel in a session, and several at a time. Refuses to know other connections,
retries and what a refusal leads to (`posting`, `looking`).

Several threads may `fetch` at once: each sends its BODY at once and then waits for its turn to
read, in the order of sending.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from usenetsync_tui.codec.answers import Meaning, Stage, meaning
from usenetsync_tui.codec.nntp import Reply, Verb
from usenetsync_tui.codec.yenc import BodyReader, WireArticle
from usenetsync_tui.errors import ProtocolError
from usenetsync_tui.model.servers import Server
from usenetsync_tui.store.usenet.session import Counts, Session
from usenetsync_tui.store.usenet.signals import Lost, Refused
from usenetsync_tui.store.usenet.throttle import TokenBucket

IN_FLIGHT = 100
"""STATs under way at once."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply to something, and what it means; the latter takes the stage into account."""

    reply: Reply
    stage: Stage

    def meaning(self, *, unsettled: bool = False) -> Meaning:
        """`answers.meaning` of it."""
        return meaning(self.reply, stage=self.stage, unsettled=unsettled)


class Connection(Session):
    """A session that carries articles."""

    def __init__(
        self, server: Server, counts: Counts | None = None, *, throttles: Sequence[TokenBucket] = ()
    ) -> None:
        super().__init__(server, counts, throttles=throttles)
        self._sending = threading.Lock()
        self._next_ticket = 0
        self._turn = 0

    def stat(self, wire_id: str) -> Answer:
        """Whether the server has an article (RFC 3977 section 6.2.4)."""
        return Answer(self.ask(Verb.STAT, wire_id), Stage.LOOKUP)

    def post(self, encode: Callable[[], WireArticle]) -> Answer:
        """Offer an article, encode it while the server makes up its mind, send it.

        `Lost.began` tells whether it may have arrived.
        """
        began = False
        try:
            with self._exchange():
                self._command(Verb.POST)
                article = encode()
                reply = self._reply()
                if reply.code == 480:
                    self._log_in_again(reply)
                    reply = self._ask(Verb.POST)
                if reply.code != 340:
                    return Answer(reply, Stage.OFFER)
                began = True
                self.talk.article()
                self._send(article.buffers)
                self.counts.bytes += article.size
                reply = self._reply()
                if not (reply.code in (240, 480, 483) or 430 <= reply.code <= 449):
                    # Not the article is refused, the session ended: it may have arrived.
                    raise ProtocolError(f"it answers an article with {reply}")
                self.counts.articles += reply.code == 240
                return Answer(reply, Stage.ARTICLE)
        except Lost as lost:
            raise Lost(lost.words, began=began) from lost

    def stat_many(self, wire_ids: Sequence[str]) -> list[bool]:
        """Which of the articles the server has, asked `IN_FLIGHT` at a time.

        `Refused` when it answers one of them with anything but yes or no.
        """
        answers = self._stat_window(wire_ids)
        again = [i for i, reply in enumerate(answers) if reply.code == 480]
        if again:
            with self._exchange():
                self._log_in_again(answers[again[0]])
            second = self._stat_window([wire_ids[i] for i in again])
            for i, reply in zip(again, second, strict=True):
                answers[i] = reply
        return [self._is_there(reply) for reply in answers]

    def _stat_window(self, wire_ids: Sequence[str]) -> list[Reply]:
        answers: list[Reply] = []
        sent = 0
        with self._exchange():
            while len(answers) < len(wire_ids):
                if sent < len(wire_ids) and sent - len(answers) <= IN_FLIGHT // 2:
                    upto = min(len(answers) + IN_FLIGHT, len(wire_ids))
                    lines = (self.talk.command(Verb.STAT, i) for i in wire_ids[sent:upto])
                    self._send((b"".join(lines),), throttled=False)
                    sent = upto
                answers.append(self._reply())
        return answers

    def _is_there(self, reply: Reply) -> bool:
        answer = Answer(reply, Stage.LOOKUP).meaning()
        if answer is Meaning.ACCEPTED:
            return True
        if answer is Meaning.MISSING:
            return False
        raise Refused(answer, str(reply))

    def fetch(self, wire_id: str) -> bytes | None:
        """The payload of an article, None when the server does not have it.

        May be called by several threads at once. `ArticleCorruptError` breaks nothing, unless
        the article has no end.
        """
        with self._exchange():
            with self._sending:
                self._command(Verb.BODY, wire_id)
                ticket = self._next_ticket
                self._next_ticket += 1
            with self._reading(ticket):
                reply = self._reply()
                reader = self._read_body() if reply.code == 222 else None
                if reply.code == 480:
                    # To log in, the line must be free of other requests: a new one is simpler.
                    raise ProtocolError(f"it wants a login in between: {reply}")
        if reader is None:
            self._is_there(reply)  # it is not, or that is not what it says
            return None
        self.counts.articles += 1
        return reader.result()

    def _read_body(self) -> BodyReader:
        reader, total = BodyReader(), 0
        data = self._lines.rest()
        while True:
            used = reader.feed(data)
            total += used
            if reader.done:
                self._lines.feed(data[used:])
                self.counts.bytes += total
                return reader
            data = self._receive()

    @contextlib.contextmanager
    def _reading(self, ticket: int) -> Iterator[None]:
        with self._turns:
            self._turns.wait_for(lambda: self._turn == ticket or self.broken)
            if self.broken:
                raise Lost("the connection broke under another request")
        yield
        with self._turns:
            self._turn += 1
            self._turns.notify_all()
