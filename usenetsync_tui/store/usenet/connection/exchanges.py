"""The traffic of one connection: commands, replies and bytes, in guarded exchanges.

Knows how bytes travel and what an error does to the connection. Refuses to know the order of a
session (`session`) and the meaning of the questions.

After any error inside an exchange the connection is `broken`: every thread waiting on it gets
`Lost`, and the last one closes it. Replies that refuse (430, 441…) break nothing.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from usenetsync_tui.codec.lines import Lines
from usenetsync_tui.codec.masking import mask_of
from usenetsync_tui.codec.nntp import Conversation, NntpCommand, Reply, State
from usenetsync_tui.errors import OutOfStepError, ProtocolError
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.store.usenet.connection import wire
from usenetsync_tui.store.usenet.connection.addresses import GIVEN_UP
from usenetsync_tui.store.usenet.connection.pace import Pace, timed_out
from usenetsync_tui.store.usenet.connection.sending.channel import Channel
from usenetsync_tui.store.usenet.connection.signals import Lost, Unreachable, error_words
from usenetsync_tui.store.usenet.connection.throttle import CHUNK, TokenBucket


@dataclass(slots=True)
class Counts:
    """Traffic of a connection and of those it replaced."""

    bytes: int = 0
    articles: int = 0
    errors: int = 0
    latency: float = 0.0
    """Seconds the last answer took."""


class Exchange:
    """A context manager, as a class: made for each article, and a generator costs twice as much."""

    __slots__ = ("_of",)

    def __init__(self, of: Exchanges) -> None:
        self._of = of

    def __enter__(self) -> None:
        self._of.begin_exchange()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._of.end_exchange(error)


class Exchanges:
    """One TCP connection that is not dialled yet."""

    def __init__(
        self,
        server: Server,
        counts: Counts | None = None,
        *,
        throttles: Sequence[TokenBucket] = (),
        fetch_throttles: Sequence[TokenBucket] = (),
    ) -> None:
        self.server = server
        self.broken = False
        self.counts = counts or Counts()
        self._mask = mask_of(server.username, server.password)
        self.talk = Conversation(self._mask)
        self._throttles = throttles
        self._fetch_throttles = fetch_throttles
        self._wire: wire.Wire | None = None
        self._lines = Lines()
        self._answer_within = server.timeout
        """Most seconds for a whole answer; shorter while other addresses are left to try."""
        self._used_at = 0.0
        self.silent_since: float | None = None
        """Since when a thread waits for an answer; None when none waits or data arrives."""
        self._aborted = False
        self._users = 0
        self._socket_lock = threading.Lock()
        self._turns = threading.Condition()
        self._socket: socket.socket | None = None
        self._channel: Channel | None = None
        """To a process that sends articles over the socket, or encrypts it."""

    def abort(self) -> None:
        """Stop all traffic and wake every blocked thread. Callable from any thread."""
        with self._socket_lock:
            self._aborted = True
            if self._socket is not None:
                wire.shut(self._socket)
            if self._channel is not None:
                self._channel.abort()
        self._give_up()

    def close(self) -> None:
        """Close the socket as soon as no thread uses it."""
        self._give_up()
        with self._socket_lock:
            if self._users == 0:
                self._close()

    def _close(self) -> None:
        """With the socket's lock."""
        for end in (self._channel, self._socket):
            if end is not None:
                end.close()
        self._channel = self._socket = None

    def _register(self, sock: socket.socket) -> None:
        with self._socket_lock:
            self._socket = sock
            if self._aborted:
                raise Unreachable(GIVEN_UP)

    def _reset(self) -> None:
        """Prepare for another socket: the last one failed before any question."""
        with self._socket_lock:
            self._close()
        self._wire = None
        self._lines = Lines()
        self.talk = Conversation(self._mask)
        self.broken = self._aborted

    def _give_up(self) -> None:
        with self._turns:
            self.broken = True
            self._turns.notify_all()

    def _exchange(self) -> Exchange:
        """Surrounds all sending and receiving: an error inside breaks the connection."""
        return Exchange(self)

    def begin_exchange(self) -> None:
        """Use the socket from now on. `Lost` if it is closed."""
        with self._socket_lock:
            self._users += 1
        if self.broken:
            lost = Lost("the connection is closed", innocent=True)
            self.end_exchange(lost)
            raise lost

    def end_exchange(self, error: BaseException | None) -> None:
        """The socket is not used any more. Raises `Lost` for an error of the connection."""
        try:
            if error is None:
                self._used_at = time.monotonic()
            else:
                self._fail(error)
        finally:
            with self._socket_lock:
                self._users -= 1
            if self.broken or self.talk.state is State.CLOSED:
                self.close()

    def _fail(self, error: BaseException) -> None:
        self.counts.errors += 1
        self._give_up()
        with self._socket_lock:
            if self._socket is not None:
                wire.shut(self._socket)  # the other lanes need not wait for their timeout
        if isinstance(error, (OSError, ProtocolError)):
            out_of_step = isinstance(error, OutOfStepError)
            raise Lost(_words(error), out_of_step=out_of_step) from error

    def _ask(self, verb: NntpCommand, argument: str = "") -> Reply:
        self._nothing_unasked()
        self._command(verb, argument)
        return self._reply()

    def _nothing_unasked(self) -> None:
        """Before the first command of an exchange: a line left in the buffer is out of step."""
        while len(self._lines):
            line = self._lines.line()
            self.talk.receive(self._lines.rest() if line is None else line)

    def _command(self, verb: NntpCommand, argument: str = "") -> None:
        try:
            line = self.talk.command(verb, argument)
        except ValueError:
            if self.talk.state is not State.CLOSED:
                raise
            # By a reply that another thread has just read.
            raise Lost("the connection is closed", innocent=True) from None
        self._send((line,), throttled=False)

    def _reply(self) -> Reply:
        begun = time.monotonic()
        reply = self.talk.receive(self._line())
        self.counts.latency = time.monotonic() - begun
        return reply

    def _line(self, deadline: float | None = None) -> bytes:
        """A whole line, by the `deadline`, else within the server's timeout."""
        line = self._lines.line()
        if line is None and deadline is None:
            deadline = time.monotonic() + self._answer_within
        while line is None:
            assert deadline is not None
            # Wait only for the rest of the time: a server cannot extend it by sending slowly.
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no whole answer in {self._answer_within:g} seconds")
            try:
                self._lines.feed(self._receive(Pace(left, 0, left), wire.OF_LINES))
            except TimeoutError as late:
                raise timed_out(self._answer_within) from late
            line = self._lines.line()
        return line

    def _receive(self, pace: Pace, most: int) -> bytes:
        assert self._wire is not None
        self.silent_since = time.monotonic()
        try:
            data = self._wire.receive(pace, most)
        finally:
            self.silent_since = None
        if not data:
            raise ConnectionError(wire.CLOSED)
        return data

    def _receive_into(self, room: memoryview, pace: Pace, *, fill: bool) -> int:
        assert self._wire is not None
        self.silent_since = time.monotonic()
        try:
            count = self._wire.receive_into(room, pace, fill=fill)
        finally:
            self.silent_since = None
        if not count:
            raise ConnectionError(wire.CLOSED)
        return count

    def _send(self, buffers: wire.Buffers, *, throttled: bool = True) -> None:
        assert self._wire is not None
        pace = Pace.of(self.server)
        limits = [bucket for bucket in self._throttles if bucket.rate] if throttled else ()
        if not limits:
            self._wire.send(buffers, pace)
            return
        for buffer in buffers:
            view = memoryview(buffer)
            for start in range(0, len(view), CHUNK):
                chunk = view[start : start + CHUNK]
                for bucket in limits:
                    bucket.take(len(chunk), wanted=lambda: not self.broken)
                self._wire.send((chunk,), pace)


def _words(error: BaseException) -> str:
    if isinstance(error, ProtocolError):
        return error.args[0] if error.args else str(error)
    return error_words(error)
