"""A session with a server: opened, secured, logged in, probed and left.

Knows the order of an NNTP session. Refuses to know articles (`connection`), other sessions, and
what a refusal means for the server (`health`).
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Sequence
from typing import NoReturn

from usenetsync_tui.codec.answers import Meaning, Stage, meaning
from usenetsync_tui.codec.lines import MultiLine
from usenetsync_tui.codec.nntp import Reply, Verb, parse_capabilities
from usenetsync_tui.errors import ProtocolError, SettingsError
from usenetsync_tui.model.servers import Server, Tls, password_variable
from usenetsync_tui.store.usenet import wire
from usenetsync_tui.store.usenet.exchanges import Counts, Exchanges
from usenetsync_tui.store.usenet.logins import Logins
from usenetsync_tui.store.usenet.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.throttle import TokenBucket

IDLE = 30.0
"""Seconds after which a session is probed before use."""


class Session(Exchanges):
    """One TCP connection, from `open()` to `close()`."""

    def __init__(
        self,
        server: Server,
        counts: Counts | None = None,
        *,
        throttles: Sequence[TokenBucket] = (),
        logins: Logins | None = None,
    ) -> None:
        """`logins` are those of all connections to the server; else it is the only one."""
        super().__init__(server, counts, throttles=throttles)
        self.posting_allowed = True
        self._logins = logins or Logins()
        self._login = 0
        """The era of `logins` that ours is of."""

    # Opening

    def open(self, context: ssl.SSLContext | None) -> None:
        """Connect, secure, greet, log in. After `Unreachable`, `Refused`, `Lost` it is closed.

        `context` is needed unless TLS is off.
        """
        try:
            if not self.server.username:
                self._open(context)
                return
            with self._logins.turn(lambda: self._aborted):
                self._open(context)
            self._login = self._logins.era
        except BaseException:
            self.abort()
            self.close()
            raise

    def _open(self, context: ssl.SSLContext | None) -> None:
        self.dial()
        if self.server.tls is Tls.IMPLICIT:
            self.encrypt(context)
        self.greet()
        if self.server.tls is Tls.STARTTLS:
            self.start_tls(context)
        self.log_in()

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
            if reply.code == 381 and not self.server.password:
                words = f"{reply} ({_no_password(self.server.name)})"
                raise Refused(Meaning.CREDENTIALS, words, opening=True)
            if reply.code == 381:
                reply = self._ask(Verb.AUTHINFO_PASS, self.server.password)
        except ValueError as error:
            raise SettingsError(f"Server {self.server.name}: {error}.") from None
        self._accept(reply, Stage.LOGIN)

    def _can_post_after_all(self) -> bool:
        """201 was said before the login; what is true now, CAPABILITIES says."""
        return bool(self.server.username) and "POST" in (self._capabilities() or ())

    def _capabilities(self) -> dict[str, tuple[str, ...]] | None:
        if self._ask(Verb.CAPABILITIES).code != 101:
            return None
        answer = MultiLine()
        while not answer.done:
            answer.add(self._mask(self._line()))
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

    def quit(self) -> None:
        """Say goodbye, without waiting for the answer, and close."""
        if not self.broken:
            with contextlib.suppress(OSError, ValueError, Lost), self._exchange():
                self._command(Verb.QUIT)
        self.close()

    def _log_in_again(self, reply: Reply) -> None:
        if not self.server.username:
            self._refuse(reply, Stage.LOGIN)
        self._logins.doubt(self._login)
        with self._logins.turn(lambda: self._aborted):
            self._authenticate()
        self._login = self._logins.era

    def _accept(self, reply: Reply, stage: Stage) -> None:
        if meaning(reply, stage=stage) is not Meaning.ACCEPTED:
            self._refuse(reply, stage)

    def _refuse(self, reply: Reply, stage: Stage) -> NoReturn:
        what = meaning(reply, stage=stage)
        if what is Meaning.LOGIN_NEEDED:
            what = Meaning.CREDENTIALS
            raise Refused(what, f"{reply} (it wants a username and a password)", opening=True)
        raise Refused(what, str(reply), opening=True)


def _no_password(name: str) -> str:
    return (
        "it wants a password and none is set: add password or password_file to server "
        f"{name} in config.toml, or set {password_variable(name)}"
    )
