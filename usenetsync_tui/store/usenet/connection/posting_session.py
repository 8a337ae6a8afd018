"""A session that posts articles: itself, or with a process that sends them.

Knows the order of a POST, and which part of it may have reached the server when it breaks. Refuses
to know what an answer leads to (`posting`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from usenetsync_tui.codec.answers import ConversationStage, Meaning, meaning
from usenetsync_tui.codec.nntp import NntpCommand, Reply, State
from usenetsync_tui.codec.yenc import WireArticle
from usenetsync_tui.errors import OutOfStepError, ProtocolError
from usenetsync_tui.store.usenet.connection.pace import Pace
from usenetsync_tui.store.usenet.connection.sending.channel import ENDED, Channel, EncryptedChannel
from usenetsync_tui.store.usenet.connection.sending.messages import Carried, SharedArticle
from usenetsync_tui.store.usenet.connection.sending.sender import Sender
from usenetsync_tui.store.usenet.connection.session import Session
from usenetsync_tui.store.usenet.connection.signals import Lost
from usenetsync_tui.store.usenet.connection.wire import PlainWire


@dataclass(frozen=True, slots=True)
class StagedReply:
    """A reply and the stage of the conversation, on which its meaning depends."""

    reply: Reply
    stage: ConversationStage

    def meaning(self, *, may_have_arrived: bool = False) -> Meaning:
        """`answers.meaning` of the reply."""
        return meaning(self.reply, stage=self.stage, may_have_arrived=may_have_arrived)


@dataclass(slots=True)
class Together:
    """What came of articles that a process was asked to send."""

    taken: int = 0
    """So many of the first were taken with a plain 240."""
    answer: StagedReply | None = None
    """The answer to the one after them, if it needs thought."""
    lost: Lost | None = None
    """The connection broke; what is not taken has no answer."""
    unsure: int = 0
    """So many of those after the taken ones may have arrived."""


class PostingSession(Session):
    """A session that posts."""

    def post(self, encode: Callable[[], WireArticle]) -> StagedReply:
        """Offer an article, encode it when the server wants it, send it.

        Its encoded bytes are in memory only while they are sent: both waits for an answer may be
        long, and there may be many connections. `Lost.began` says whether it may have arrived.
        """
        began = False
        try:
            with self._exchange():
                self._nothing_unasked()
                self._command(NntpCommand.POST)
                reply = self._reply()
                if reply.code == 480:
                    self._log_in_again(reply)
                    reply = self._ask(NntpCommand.POST)
                if reply.code != 340:
                    self._still_in_step()
                    return StagedReply(reply, ConversationStage.OFFER)
                article = encode()
                began = True
                self.talk.article()
                self._send(article.buffers)
                self.counts.bytes += article.size
                del article
                return self._answer_to_article()
        except Lost as lost:
            innocent = lost.innocent and not began
            raise Lost(lost.words, began=began, innocent=innocent) from lost

    def _answer_to_article(self) -> StagedReply:
        reply = self._reply()
        if not (reply.code in (240, 480, 483) or 430 <= reply.code <= 449):
            # This ends the session and does not refuse the article: it may have arrived.
            raise ProtocolError(f"unexpected reply to an article: {reply}")
        self.counts.articles += reply.code == 240
        return StagedReply(reply, ConversationStage.ARTICLE)

    @property
    def may_be_helped(self) -> bool:
        """Whether a process may send over it: no TLS is done here, no limit has to be shared."""
        limited = any(bucket.rate for bucket in self._throttles)
        return isinstance(self._wire, PlainWire) and not limited

    def post_together(self, sender: Sender, articles: Sequence[SharedArticle]) -> Together:
        """Have a process send articles, one after another, until an answer needs thought.

        An answer of None without a loss: the next article was not begun.
        """
        done = Together()
        try:
            with self._exchange():
                self._nothing_unasked()
                self._send_together(sender, articles, done)
        except Lost as lost:
            began = done.unsure > 0
            innocent = not sender.is_ready or (lost.innocent and not began)
            done.lost = Lost(lost.words, began=began, innocent=innocent)
        return done

    def _send_together(
        self, sender: Sender, articles: Sequence[SharedArticle], done: Together
    ) -> None:
        channel = self._channel_of(sender)
        if channel is None:
            return  # the process has died
        done.unsure, self.silent_since = len(articles), time.monotonic()
        try:
            carried = channel.send(articles, Pace.of(self.server), self._answer_within)
        finally:
            self.silent_since = None
        if carried is None:
            raise ConnectionError(ENDED)
        done.taken, done.unsure = carried.taken, int(carried.begun)
        begun = carried.taken + carried.begun
        self.counts.bytes += sum(article.wire_size for article in articles[:begun])
        self.counts.articles += carried.taken
        self.counts.latency = carried.latency or self.counts.latency
        if carried.stopped:
            done.answer = self._answer_instead(carried)

    def _channel_of(self, sender: Sender) -> Channel | None:
        with self._socket_lock:
            assert self._socket is not None
            if isinstance(self._channel, EncryptedChannel):
                return self._channel
            if self._channel is not None and self._channel.sender is not sender:
                self._channel.close()  # of an earlier process
                self._channel = None
            if self._channel is None:
                with suppress(OSError):
                    self._channel = sender.channel(self._socket, self.server.timeout)
            return self._channel

    def _answer_instead(self, carried: Carried) -> StagedReply | None:
        """Go on from where a process stopped, as if all of it had been done here."""
        self.talk.command(NntpCommand.POST)
        if carried.begun:
            self.talk.receive(b"340")
            self.talk.article()
        if carried.broke:
            raise ConnectionError(carried.broke)
        self._lines.feed(carried.received)
        if carried.begun:
            return self._answer_to_article()
        reply = self._reply()
        if reply.code == 480:
            self._log_in_again(reply)
            return None
        if reply.code == 340:  # with something after it
            raise OutOfStepError(f"more than one reply to POST: {reply}")
        self._still_in_step()
        return StagedReply(reply, ConversationStage.OFFER)

    def ask_clock(self) -> None:
        """Compare our clock with the server's, unless another connection did; before a post."""
        if not self.shared.asks_clock() or self.shared.optional.is_left_out(NntpCommand.DATE):
            return
        try:
            self.ask(NntpCommand.DATE)
        except Lost as lost:
            raise self._excused(lost, NntpCommand.DATE) from lost

    def _still_in_step(self) -> None:
        """In an exchange: `OutOfStepError` when the next answer does not belong to DATE."""
        if self.talk.state is State.CLOSED:
            return
        try:
            self._ask(*self._proof())
        except OSError:  # the server closes the session with its answer
            self._give_up()

    def _excused(self, lost: Lost, proof: NntpCommand) -> Lost:
        """The loss of a connection during the proof after an answer; innocent if the server
        breaks at DATE, since the next proof is a GROUP."""
        if proof is not NntpCommand.DATE or not self.is_over_date(lost):
            return lost
        return Lost(lost.words, innocent=True, answered=lost.answered)
