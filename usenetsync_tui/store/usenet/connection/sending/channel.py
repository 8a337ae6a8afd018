"""Our end of a connection that a process uses, too: what it is asked, and what it says.

Refuses to know when the process is started and ended (`sender`).
"""

from __future__ import annotations

import pickle
import socket
from collections.abc import Callable, Sequence
from typing import Protocol

from usenetsync_tui.store.usenet.connection.pace import Pace
from usenetsync_tui.store.usenet.connection.sending.messages import (
    LONGEST,
    Burst,
    Carried,
    Secured,
    SharedArticle,
)
from usenetsync_tui.store.usenet.connection.signals import Unreachable, error_words
from usenetsync_tui.store.usenet.connection.wire import RECEIVE, Buffers, PlainWire, shut

_MORE = 2.0
"""Seconds until we no longer believe that the process answers."""
ENDED = "the process that sent over it has ended"


class Process(Protocol):
    """What uses a connection, too."""

    def failed(self) -> None:
        """It did not answer: ask it no more."""


class Channel:
    """A connection that a process uses when it is asked to."""

    def __init__(self, end: socket.socket, sender: Process) -> None:
        """`sender`: what made it."""
        self._end = end
        self._is_aborted = False
        self.sender = sender

    def send(
        self, articles: Sequence[SharedArticle], pace: Pace, answer_within: float
    ) -> Carried | None:
        """Have articles sent; None if the process has died and nobody knows how far it came."""
        asked = [(a.memory, a.offset, a.size, a.head, a.tail, a.wire_id) for a in articles]
        burst = Burst(pace.timeout, pace.lowest, pace.window, answer_within, asked)
        try:
            self._end.send(pickle.dumps(tuple(burst), pickle.HIGHEST_PROTOCOL))
            answer = self._end.recv(LONGEST)
        except OSError:
            answer = b""
        if not answer:
            self._no_answer()
            return None
        return Carried._make(pickle.loads(answer))

    def _no_answer(self) -> None:
        if not self._is_aborted:
            self.sender.failed()

    def abort(self) -> None:
        """Wake a lane that waits for an answer."""
        self._is_aborted = True
        shut(self._end)

    def close(self) -> None:
        """Take the connection back."""
        self._end.close()


class EncryptedChannel(Channel):
    """A connection that the process encrypts: all its traffic goes through the process."""

    def __init__(
        self,
        end: socket.socket,
        sender: Process,
        traffic: socket.socket,
        timeout: float,
        closed: Callable[[], None],
    ) -> None:
        """`closed` is called when it is closed."""
        super().__init__(end, sender)
        self._closed = closed
        self.wire = RelayedWire(traffic, timeout, self._last_words)

    def await_handshake(self, seconds: float) -> None:
        """Return when TLS is ready, for which the process may take some seconds. `Unreachable`."""
        try:
            self._end.settimeout(seconds + _MORE)
            answer = self._end.recv(LONGEST)
            self._end.settimeout(None)
        except OSError:
            answer = b""
        if not answer:
            self._no_answer()
            raise Unreachable("the process that encrypts has ended, or does not answer")
        said: Secured = Secured._make(pickle.loads(answer))
        if said.words:
            raise Unreachable(said.words, permanent=said.permanent)

    def _last_words(self) -> str:
        """Why no more comes; nothing if the server has closed the connection as it may."""
        try:
            said = self._end.recv(LONGEST, socket.MSG_DONTWAIT)
        except OSError:
            return ""
        return Carried._make(pickle.loads(said)).broke if said else ENDED

    def abort(self) -> None:
        """Wake every thread that waits for it."""
        super().abort()
        self.wire.abort()

    def close(self) -> None:
        """End the connection for the process, too."""
        self.wire.close()
        super().close()
        self._closed()


class RelayedWire(PlainWire):
    """Bytes to and from a process, which encrypts and decrypts them."""

    def __init__(self, sock: socket.socket, timeout: float, last_words: Callable[[], str]) -> None:
        super().__init__(sock, timeout)
        self._last_words = last_words

    def send(self, buffers: Buffers, pace: Pace) -> None:
        """Send all buffers."""
        try:
            super().send(buffers, pace)
        except ConnectionError as error:
            raise ConnectionError(self._last_words() or error_words(error)) from error

    def receive(self, pace: Pace, most: int = RECEIVE) -> bytes:
        """Wait for data; returns at least a byte and at most `most`, or b"" at the end."""
        data = super().receive(pace, most)
        if not data:
            self._explain_end()
        return data

    def receive_into(self, room: memoryview, pace: Pace, *, fill: bool) -> int:
        """Wait for data; returns how many bytes came, 0 at the end."""
        count = super().receive_into(room, pace, fill=fill)
        if not count:
            self._explain_end()
        return count

    def _explain_end(self) -> None:
        if words := self._last_words():
            raise ConnectionError(words)
