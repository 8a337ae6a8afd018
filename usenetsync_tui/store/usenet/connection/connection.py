"""One connection to one server, used by blocking threads: articles posted, looked up, fetched.

Knows how articles travel in a session, and several at a time. Refuses to know other connections,
retries and what a refusal leads to (`posting`, `looking`).

Several threads may `fetch` at once: each sends its BODY at once and then waits for its turn to
read, in the order of sending.

An answer is believed only in step. A surplus one moves all that follow it to the next question,
and a no names no article. So a batch of STATs ends with a DATE, and what looks like a no or like
damage is followed by one: where that is answered with something else, the connection is `Lost`
and so is everything that it said since the last DATE. Where a server breaks over DATE, a GROUP
does the same.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from usenetsync_tui.codec.answers import ConversationStage, Meaning, meaning
from usenetsync_tui.codec.nntp import NntpCommand, Reply, State, named_in
from usenetsync_tui.codec.yenc import BodyReader, WireArticle
from usenetsync_tui.errors import ArticleCorruptError, ProtocolError
from usenetsync_tui.model.servers import Server
from usenetsync_tui.store.usenet.connection.exchanges import Counts
from usenetsync_tui.store.usenet.connection.pace import Pace
from usenetsync_tui.store.usenet.connection.session import Session
from usenetsync_tui.store.usenet.connection.shared import Shared
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused
from usenetsync_tui.store.usenet.connection.throttle import TokenBucket

IN_FLIGHT = 100
"""STATs under way at once."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply to something, and what it means; the latter takes the stage into account."""

    reply: Reply
    stage: ConversationStage

    def meaning(self, *, unsettled: bool = False) -> Meaning:
        """`answers.meaning` of it."""
        return meaning(self.reply, stage=self.stage, unsettled=unsettled)


class Connection(Session):
    """A session that carries articles."""

    def __init__(
        self,
        server: Server,
        counts: Counts | None = None,
        *,
        throttles: Sequence[TokenBucket] = (),
        fetch_throttles: Sequence[TokenBucket] = (),
        shared: Shared | None = None,
    ) -> None:
        """`throttles` brake what is posted, `fetch_throttles` what is fetched."""
        super().__init__(
            server, counts, throttles=throttles, fetch_throttles=fetch_throttles, shared=shared
        )
        self._sending = threading.Lock()
        self._next_ticket = 0
        self._turn = 0
        self._in_group: bool | None = None
        """A newsgroup was entered; None: it was not wanted yet, False: none can be."""

    def stat(self, wire_id: str) -> Answer:
        """Whether the server has an article (RFC 3977 section 6.2.4)."""
        return self.stat_many([wire_id])[0]

    def group(self, newsgroup: str) -> Reply:
        """Whether the server has a newsgroup: 211 or 411 (RFC 3977 section 6.1.1)."""
        with self._exchange():
            reply = self._ask(NntpCommand.GROUP, newsgroup)
            if reply.code == 480:
                self._log_in_again(reply)
                reply = self._ask(NntpCommand.GROUP, newsgroup)
        return reply

    def post(self, encode: Callable[[], WireArticle]) -> Answer:
        """Offer an article, encode it while the server makes up its mind, send it.

        `Lost.began` tells whether it may have arrived.
        """
        began = False
        try:
            with self._exchange():
                self._nothing_unasked()
                self._command(NntpCommand.POST)
                article = encode()
                reply = self._reply()
                if reply.code == 480:
                    self._log_in_again(reply)
                    reply = self._ask(NntpCommand.POST)
                if reply.code != 340:
                    self._still_in_step()
                    return Answer(reply, ConversationStage.OFFER)
                began = True
                self.talk.article()
                self._send(article.buffers)
                self.counts.bytes += article.size
                reply = self._reply()
                if not (reply.code in (240, 480, 483) or 430 <= reply.code <= 449):
                    # Not the article is refused, the session ended: it may have arrived.
                    raise ProtocolError(f"it answers an article with {reply}")
                self.counts.articles += reply.code == 240
                return Answer(reply, ConversationStage.ARTICLE)
        except Lost as lost:
            innocent = lost.innocent and not began
            raise Lost(lost.words, began=began, innocent=innocent) from lost

    def ask_clock(self) -> None:
        """Compare the clocks, if no connection to the server has: before the first post."""
        if not self.shared.asks_clock() or self.shared.optional.is_left_out(NntpCommand.DATE):
            return
        try:
            self.ask(NntpCommand.DATE)
        except Lost as lost:
            raise self._excused(lost, NntpCommand.DATE) from lost

    def _still_in_step(self) -> None:
        """In an exchange: `OutOfStepError` when the answer to DATE is one to something else."""
        if self.talk.state is State.CLOSED:
            return
        try:
            self._ask(*self._proof())
        except OSError:  # to end the session is part of its answer
            self._give_up()

    def _excused(self, lost: Lost, proof: NntpCommand) -> Lost:
        """A connection lost over the proof that follows an answer; innocently, where the server
        breaks over DATE: the next time it is another."""
        if proof is not NntpCommand.DATE or not self.is_over_date(lost):
            return lost
        return Lost(lost.words, innocent=True, answered=lost.answered)

    def stat_many(self, wire_ids: Sequence[str]) -> list[Answer]:
        """What the server says of each article, asked `IN_FLIGHT` at a time.

        `Lost` when its answers are out of step: none of them is believed then.
        """
        replies = self._stat_window(wire_ids)
        for code, mend in ((480, self._mend_login), (412, self._enter_group)):
            again = [i for i, reply in enumerate(replies) if reply.code == code]
            if again and mend(replies[again[0]]):
                second = self._stat_window([wire_ids[i] for i in again])
                for i, reply in zip(again, second, strict=True):
                    replies[i] = reply
        return [Answer(reply, ConversationStage.LOOKUP) for reply in replies]

    def _mend_login(self, reply: Reply) -> bool:
        with self._exchange():
            self._log_in_again(reply)
        return True

    def _enter_group(self, _: Reply) -> bool:
        """Enter a newsgroup, for a server that wants that first; once for each connection.

        Whether what was answered with 412 may be asked again.
        """
        if self._in_group is None:
            # Another lane may do so too: it costs a line, and changes nothing.
            groups = self.shared.newsgroups
            self._in_group = any(self._in_turn(NntpCommand.GROUP, g)[0].code == 211 for g in groups)
        return self._in_group

    def _stat_window(self, wire_ids: Sequence[str]) -> list[Reply]:
        replies: list[Reply] = []
        proof, group = self._proof()
        try:
            with self._exchange():
                self._nothing_unasked()
                self._stat_all(wire_ids, replies, proof, group)
        except Lost as lost:
            said, count = lost.words, len(replies)
            if replies and replies[-1].code == 400:  # that is what ended the session
                said, count = str(replies[-1]), count - 1
            elif count == len(wire_ids):
                lost = self._excused(lost, proof)
            raise Lost(
                said, innocent=lost.innocent, out_of_step=lost.out_of_step, answered=count
            ) from lost
        return replies

    def _stat_all(
        self, wire_ids: Sequence[str], replies: list[Reply], proof: NntpCommand, group: str
    ) -> None:
        sent, count = 0, len(wire_ids)
        while len(replies) < count:
            if sent < count and sent - len(replies) <= IN_FLIGHT // 2:
                upto = min(len(replies) + IN_FLIGHT, count)
                lines = [self.talk.command(NntpCommand.STAT, i) for i in wire_ids[sent:upto]]
                if upto == count:
                    lines.append(self.talk.command(proof, group))
                self._send((b"".join(lines),), throttled=False)
                sent = upto
            replies.append(self._reply())
        if count and self.talk.due:
            self._reply()  # the proof
        if len(self._lines):
            self._nothing_unasked()

    def fetch(self, wire_id: str, opened: Callable[[bytes], bytes] = bytes) -> bytes | None:
        """The payload of an article, None when the server does not have it.

        May be called by several threads at once. `ArticleCorruptError` breaks nothing, unless the
        article has no end. `Refused` when the answer is neither yes nor no. An answer that names
        no article may be another's: `opened` raises `ArticleCorruptError` if it is.
        """
        reply, reader = self._in_turn(NntpCommand.BODY, wire_id)
        if reply.code == 412 and self._enter_group(reply):
            reply, reader = self._in_turn(NntpCommand.BODY, wire_id)
        if reader is not None:
            self.counts.articles += 1
            try:
                payload = reader.result()
                if not named_in(reply):
                    opened(payload)
                return payload
            except ArticleCorruptError:
                self._was_in_step(believed=True)
                raise
        answer = Answer(reply, ConversationStage.LOOKUP).meaning()
        self._was_in_step(believed=answer is not Meaning.MISSING)
        if answer is not Meaning.MISSING:
            raise Refused(answer, str(reply), lookup=True)
        return None

    def _was_in_step(self, *, believed: bool) -> None:
        """`Lost` when the answer to DATE is one to something else.

        Without any answer too, unless what was said is `believed` without that proof.
        """
        proof, group = self._proof()
        try:
            self._in_turn(proof, group)
        except Lost as lost:
            if lost.out_of_step or not believed:
                raise self._excused(lost, proof) from lost

    def _in_turn(self, verb: NntpCommand, argument: str = "") -> tuple[Reply, BodyReader | None]:
        """A question among those of other threads, its reply, and the body that follows a 222."""
        with self._exchange():
            with self._sending:
                if self._next_ticket == self._turn:
                    self._nothing_unasked()
                self._command(verb, argument)
                ticket = self._next_ticket
                self._next_ticket += 1
            with self._reading(ticket):
                reply = self._reply()
                if reply.code == 480 and verb is NntpCommand.BODY:
                    # To log in, the line must be free of other requests: a new one is simpler.
                    raise ProtocolError(f"it wants a login in between: {reply}")
                return reply, self._read_body() if reply.code == 222 else None

    def _read_body(self) -> BodyReader:
        reader, total, pace = BodyReader(), 0, Pace.of(self.server)
        data = self._lines.rest()
        while True:
            used = reader.feed(data)
            total += used
            for bucket in self._fetch_throttles:
                bucket.take(used, wanted=lambda: not self.broken)
            if reader.done:
                self._lines.feed(data[used:])
                self.counts.bytes += total
                return reader
            data = self._receive(pace)

    @contextlib.contextmanager
    def _reading(self, ticket: int) -> Iterator[None]:
        with self._turns:
            self._turns.wait_for(lambda: self._turn == ticket or self.broken)
            if self.broken:
                raise Lost("the connection broke under another request", innocent=True)
        yield
        with self._turns:
            self._turn += 1
            self._turns.notify_all()
