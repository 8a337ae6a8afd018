"""One connection to one server, used by blocking threads: checks, fetches and posts articles.

Knows how articles travel in a session, also several at a time. Refuses to know other connections,
retries and what a refusal leads to (`posting`, `article_requests`).

Several threads may `fetch` at once: each sends its BODY at once and then waits for its turn to
read, in the order of sending.

An answer counts only if answers and questions are in step. A surplus answer shifts all later ones
to the next question, and a no does not name its article. So a batch of STATs ends with a DATE, and
a DATE follows each no and each damaged body: if another answer than DATE's comes, the connection
is `Lost` and no answer since the last DATE counts. For a server that closes the connection at
DATE, a GROUP does the same.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence

from usenetsync_tui.codec.answers import ConversationStage, Meaning
from usenetsync_tui.codec.nntp import NntpCommand, Reply, named_in
from usenetsync_tui.codec.yenc import BodyReader
from usenetsync_tui.errors import ArticleCorruptError, ProtocolError
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.store.usenet.connection.exchanges import Counts
from usenetsync_tui.store.usenet.connection.pace import Pace
from usenetsync_tui.store.usenet.connection.posting_session import PostingSession, StagedReply
from usenetsync_tui.store.usenet.connection.shared import Shared
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused
from usenetsync_tui.store.usenet.connection.throttle import CHUNK, TokenBucket

IN_FLIGHT = 100
"""Most STATs sent ahead of their answers."""


class Connection(PostingSession):
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
        """`throttles` limit the posting rate, `fetch_throttles` the fetching rate."""
        super().__init__(
            server, counts, throttles=throttles, fetch_throttles=fetch_throttles, shared=shared
        )
        self._sending = threading.Lock()
        self._next_ticket = 0
        self._turn = 0
        self._in_group: bool | None = None
        """Whether a newsgroup is entered; None: the server has not asked for it yet, False: the
        server has none of ours."""

    def stat(self, wire_id: str) -> StagedReply:
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

    def stat_many(self, wire_ids: Sequence[str]) -> list[StagedReply]:
        """The server's answer about each article, asked `IN_FLIGHT` at a time.

        `Lost` when the answers are out of step: then none of them counts.
        """
        replies = self._stat_window(wire_ids)
        for code, remedy in ((480, self._renew_login), (412, self._enter_group)):
            again = [i for i, reply in enumerate(replies) if reply.code == code]
            if again and remedy(replies[again[0]]):
                second = self._stat_window([wire_ids[i] for i in again])
                for i, reply in zip(again, second, strict=True):
                    replies[i] = reply
        return [StagedReply(reply, ConversationStage.LOOKUP) for reply in replies]

    def _renew_login(self, reply: Reply) -> bool:
        with self._exchange():
            self._log_in_again(reply)
        return True

    def _enter_group(self, _: Reply) -> bool:
        """Enter a newsgroup for a server that requires one; once per connection.

        Returns whether a question answered with 412 may be asked again.
        """
        if self._in_group is None:
            # Another lane may do this too: it costs one line and changes nothing.
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
            if replies and replies[-1].code == 400:  # this reply ended the session
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

        Several threads may call it at once. `ArticleCorruptError` leaves the connection usable,
        unless the article has no end. `Refused` when the answer is neither yes nor no. An answer
        that names no article may belong to another one: then `opened` raises
        `ArticleCorruptError`.
        """
        reply, reader = self._in_turn(NntpCommand.BODY, wire_id)
        if reply.code == 412 and self._enter_group(reply):
            reply, reader = self._in_turn(NntpCommand.BODY, wire_id)
        if reader is not None:
            self.counts.articles += 1
            try:
                payload = reader.result()
                reader.begin()  # lets go of the payload
                self.shared.idle_readers.append(reader)
                if not named_in(reply):
                    opened(payload)
                return payload
            except ArticleCorruptError:
                self._was_in_step(believed=True)
                raise
        answer = StagedReply(reply, ConversationStage.LOOKUP).meaning()
        self._was_in_step(believed=answer is not Meaning.MISSING)
        if answer is not Meaning.MISSING:
            raise Refused(answer, str(reply), lookup=True)
        return None

    def _was_in_step(self, *, believed: bool) -> None:
        """`Lost` when the next answer does not belong to DATE.

        Also without any answer, unless the earlier answer is `believed` without this proof.
        """
        proof, group = self._proof()
        try:
            self._in_turn(proof, group)
        except Lost as lost:
            if lost.out_of_step or not believed:
                raise self._excused(lost, proof) from lost

    def _in_turn(self, verb: NntpCommand, argument: str = "") -> tuple[Reply, BodyReader | None]:
        """Ask in turn with other threads; returns the reply, and the body that follows a 222."""
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
                    # A login needs a line without other requests: a new connection is simpler.
                    raise ProtocolError(f"the server asked for a login again: {reply}")
                return reply, self._read_body() if reply.code == 222 else None

    def _read_body(self) -> BodyReader:
        reader, pace = self._new_reader(), Pace.of(self.server)
        limits = [bucket for bucket in self._fetch_throttles if bucket.rate]
        rest = self._lines.rest()
        total = reader.feed(rest)
        rest = rest[total:]
        while not reader.done:
            room, fill = reader.room()
            if limits:
                room, fill = room[:CHUNK], False
            count = self._receive_into(room, pace, fill=fill)
            rest = reader.took(count)
            total += count - len(rest)
            for bucket in limits:
                bucket.take(count, wanted=lambda: not self.broken)
        self._lines.feed(rest)
        self.counts.bytes += total
        return reader

    def _new_reader(self) -> BodyReader:
        """A reader, with the buffer of an earlier one if that is idle."""
        try:
            return self.shared.idle_readers.pop()
        except IndexError:
            return BodyReader()

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
