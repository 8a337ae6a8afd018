"""A session with a server: opened, logged in, and every exchange on it watched.

Knows the order of an NNTP session and how its bytes travel. Refuses to know articles
(`connection`), other sessions, and what a refusal means for the server (`health`).

After any error inside an exchange the session is `broken`: everybody waiting on it gets `Lost`,
and the last one out closes it. Replies that refuse (430, 441…) break nothing.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from usenetsync_tui.codec.answers import Meaning, Stage, meaning
from usenetsync_tui.codec.nntp import (
    Conversation,
    Lines,
    MultiLine,
    Reply,
    State,
    Verb,
    parse_capabilities,
)
from usenetsync_tui.errors import ProtocolError, SettingsError
from usenetsync_tui.model.servers import Server, Tls
from usenetsync_tui.store.usenet import wire
from usenetsync_tui.store.usenet.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.throttle import CHUNK, TokenBucket

IDLE = 30.0
"""Seconds after which a session is probed before use."""


@dataclass(slots=True)
class Counts:
    """What went over a connection, and over those before it in its place."""

    bytes: int = 0
    articles: int = 0
    errors: int = 0
    latency: float = 0.0
    """Seconds the last answer took."""


class Session:
    """One TCP connection, from `open()` to `close()`."""

    def __init__(
        self, server: Server, counts: Counts | None = None, *, throttles: Sequence[TokenBucket] = ()
    ) -> None:
        self.server = server
        self.broken = False
        self.posting_allowed = True
        self.counts = counts or Counts()
        self.talk = Conversation()
        self._throttles = throttles
        self._wire: wire.Wire | None = None
        self._lines = Lines()
        self._used_at = 0.0
        self._aborted = False
        self._users = 0
        self._socket_lock = threading.Lock()
        self._turns = threading.Condition()
        self._socket: socket.socket | None = None

    # Opening

    def open(self, context: ssl.SSLContext | None) -> None:
        """Connect, secure, greet, log in. After `Unreachable`, `Refused`, `Lost` it is closed.

        `context` is needed unless TLS is off.
        """
        try:
            self.dial()
            if self.server.tls is Tls.IMPLICIT:
                self.encrypt(context)
            self.greet()
            if self.server.tls is Tls.STARTTLS:
                self.start_tls(context)
            self.log_in()
        except BaseException:
            self.abort()
            self.close()
            raise

    def dial(self) -> None:
        """The TCP connection."""
        sock = wire.connect(self.server, self._register)
        self._wire = wire.PlainWire(sock, self.server.timeout)

    def encrypt(self, context: ssl.SSLContext | None) -> None:
        """The TLS handshake, on a connection without TLS."""
        assert self._socket is not None
        assert context is not None
        tls = wire.secure(self._socket, self.server, context, self._register)
        self._wire = wire.TlsWire(tls, self.server.timeout)

    def greet(self) -> Reply:
        """The server speaks first."""
        with self._exchange():
            reply = self._reply()
            self._accept(reply, Stage.GREETING)
        return reply

    def start_tls(self, context: ssl.SSLContext | None) -> None:
        """STARTTLS and its handshake (RFC 4642)."""
        with self._exchange():
            reply = self._ask(Verb.STARTTLS)
            if reply.code != 382:
                words = f"The server does not offer STARTTLS: {reply}"
                raise Unreachable(words, permanent=True)
            if len(self._lines):
                # Slipped in before the encryption began: the STARTTLS injection.
                raise ProtocolError("it goes on talking before TLS has begun")
            self.encrypt(context)
            self.talk.secured()

    def log_in(self) -> None:
        """MODE READER, then AUTHINFO where a username is given (RFC 3977 section 5.3, 4643)."""
        with self._exchange():
            mode = self._ask(Verb.MODE_READER)
            if self.server.username:
                self._authenticate()
                if mode.code == 480:
                    self._ask(Verb.MODE_READER)
            elif mode.code == 480:
                self._refuse(mode, Stage.LOGIN)
            self.posting_allowed = self.talk.posting_allowed or self._can_post_after_all()

    def read_capabilities(self) -> dict[str, tuple[str, ...]] | None:
        """Ask for them; None when the server does not know the command."""
        with self._exchange():
            return self._capabilities()

    @property
    def tls(self) -> ssl.SSLSocket | None:
        """The TLS layer, for those who want to describe it."""
        return self._socket if isinstance(self._socket, ssl.SSLSocket) else None

    def _authenticate(self) -> None:
        try:
            reply = self._ask(Verb.AUTHINFO_USER, self.server.username)
            if reply.code == 381:
                reply = self._ask(Verb.AUTHINFO_PASS, self.server.password)
        except ValueError as error:
            raise SettingsError(f"Server {self.server.name}: {error}.") from None
        if self.server.password:
            # Nothing keeps a server from repeating it.
            reply = Reply(reply.code, reply.text.replace(self.server.password, "***"))
        self._accept(reply, Stage.LOGIN)

    def _can_post_after_all(self) -> bool:
        """201 was said before the login; what is true now, CAPABILITIES says."""
        return bool(self.server.username) and "POST" in (self._capabilities() or ())

    def _capabilities(self) -> dict[str, tuple[str, ...]] | None:
        if self._ask(Verb.CAPABILITIES).code != 101:
            return None
        answer = MultiLine()
        while not answer.done:
            answer.add(self._line())
        self.talk.capabilities = parse_capabilities(answer.lines)
        return self.talk.capabilities

    # Asking

    def probe(self) -> None:
        """DATE, if nobody used the connection for a while. `Lost` when it is gone."""
        if time.monotonic() - self._used_at > IDLE:
            self.ask(Verb.DATE)

    def ask(self, verb: Verb, argument: str = "") -> Reply:
        """One command and its reply; logs in again when the server wants that."""
        with self._exchange():
            reply = self._ask(verb, argument)
            if reply.code == 480:
                self._log_in_again(reply)
                reply = self._ask(verb, argument)
        return reply

    # Ending

    def abort(self) -> None:
        """From any thread: nothing goes through any more, and nobody stays blocked."""
        with self._socket_lock:
            self._aborted = True
            if self._socket is not None:
                wire.shut(self._socket)
        self._give_up()

    def close(self) -> None:
        """Give the socket back, as soon as nobody uses it."""
        self._give_up()
        with self._socket_lock:
            if self._users == 0 and self._socket is not None:
                self._socket.close()
                self._socket = None

    def quit(self) -> None:
        """Say goodbye, without waiting for the answer, and close."""
        if not self.broken:
            with contextlib.suppress(OSError, ValueError, Lost), self._exchange():
                self._command(Verb.QUIT)
        self.close()

    def _register(self, sock: socket.socket) -> None:
        with self._socket_lock:
            self._socket = sock
            if self._aborted:
                raise Unreachable("The connection was given up while it was opened.")

    def _give_up(self) -> None:
        with self._turns:
            self.broken = True
            self._turns.notify_all()

    # Exchanges

    @contextlib.contextmanager
    def _exchange(self) -> Iterator[None]:
        """Around everything that sends or receives: an error inside breaks the connection."""
        with self._socket_lock:
            self._users += 1
        try:
            if self.broken:
                raise Lost("the connection is closed")
            yield
            self._used_at = time.monotonic()
        except BaseException as error:
            self.counts.errors += 1
            self._give_up()
            with self._socket_lock:
                if self._socket is not None:
                    wire.shut(self._socket)  # the other lanes need not wait for their timeout
            if isinstance(error, (OSError, ProtocolError)):
                raise Lost(_words(error)) from error
            raise
        finally:
            with self._socket_lock:
                self._users -= 1
            if self.broken or self.talk.state is State.CLOSED:
                self.close()

    def _ask(self, verb: Verb, argument: str = "") -> Reply:
        self._command(verb, argument)
        return self._reply()

    def _command(self, verb: Verb, argument: str = "") -> None:
        self._send((self.talk.command(verb, argument),), throttled=False)

    def _reply(self) -> Reply:
        begun = time.monotonic()
        reply = self.talk.receive(self._line())
        self.counts.latency = time.monotonic() - begun
        return reply

    def _line(self) -> bytes:
        line = self._lines.line()
        deadline = time.monotonic() + self.server.timeout
        while line is None:
            self._lines.feed(self._receive())
            line = self._lines.line()
            if line is None and time.monotonic() > deadline:
                raise TimeoutError(f"no whole answer in {self.server.timeout:g} seconds")
        return line

    def _receive(self) -> bytes:
        assert self._wire is not None
        data = self._wire.receive()
        if not data:
            raise ConnectionError("the server closed the connection")
        return data

    def _send(self, buffers: Sequence[bytes], *, throttled: bool = True) -> None:
        assert self._wire is not None
        limits = [bucket for bucket in self._throttles if bucket.rate] if throttled else ()
        if not limits:
            self._wire.send(buffers)
            return
        for buffer in buffers:
            view = memoryview(buffer)
            for start in range(0, len(view), CHUNK):
                chunk = view[start : start + CHUNK]
                for bucket in limits:
                    bucket.take(len(chunk), wanted=lambda: not self.broken)
                self._wire.send((chunk,))

    def _log_in_again(self, reply: Reply) -> None:
        if not self.server.username:
            self._refuse(reply, Stage.LOGIN)
        self._authenticate()

    def _accept(self, reply: Reply, stage: Stage) -> None:
        if meaning(reply, stage=stage) is not Meaning.ACCEPTED:
            self._refuse(reply, stage)

    def _refuse(self, reply: Reply, stage: Stage) -> NoReturn:
        what = meaning(reply, stage=stage)
        if what is Meaning.LOGIN_NEEDED:
            what = Meaning.CREDENTIALS
            raise Refused(what, f"{reply} (it wants a username and a password)", opening=True)
        raise Refused(what, str(reply), opening=True)


def _words(error: BaseException) -> str:
    if isinstance(error, ProtocolError):
        return error.args[0] if error.args else str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
