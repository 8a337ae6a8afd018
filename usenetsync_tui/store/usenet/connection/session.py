"""A session with a server: opened, secured, logged in, probed and left.

Knows the order of an NNTP session after its greeting (`opening`). Refuses to know articles
(`connection`), other sessions, and what a refusal means for the server (`health`).
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Iterator, Sequence

from usenetsync_tui.codec.answers import ConversationStage, Meaning
from usenetsync_tui.codec.lines import MultiLine
from usenetsync_tui.codec.nntp import NntpCommand, Reply, parse_capabilities
from usenetsync_tui.errors import OutOfStepError, ProtocolError, SettingsError
from usenetsync_tui.model.servers.servers import Server, password_variable
from usenetsync_tui.store.usenet.connection.exchanges import Counts
from usenetsync_tui.store.usenet.connection.opening import Opening
from usenetsync_tui.store.usenet.connection.pace import Pace
from usenetsync_tui.store.usenet.connection.shared import Shared
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused
from usenetsync_tui.store.usenet.connection.throttle import TokenBucket

_SOME_GROUP = "alt.test"
_GOODBYE = 1.0
"""Most seconds that we wait for the answer to QUIT, and as many for the connection's end."""
IDLE = 30.0
"""Seconds after which a session is probed before use."""


class Session(Opening):
    """One TCP connection, from `open()` to `close()`."""

    def __init__(
        self,
        server: Server,
        counts: Counts | None = None,
        *,
        throttles: Sequence[TokenBucket] = (),
        fetch_throttles: Sequence[TokenBucket] = (),
        shared: Shared | None = None,
    ) -> None:
        """`shared`: what all connections to the server share; None for a single connection."""
        super().__init__(
            server, counts, throttles=throttles, fetch_throttles=fetch_throttles, shared=shared
        )
        self.posting_allowed = True
        """Whether the last greeting was 200, not 201. After a 201 and a login, try POST."""
        self._logins = self.shared.logins
        self._login = 0
        """The era of `logins` in which this session logged in."""

    # Opening

    def open(self, context: ssl.SSLContext | None) -> None:
        """Connect, secure, greet, log in; any failure closes the connection.

        `context` is needed unless TLS is off. A connection that breaks meanwhile is the server's
        fault, not that of the question to come: `Unreachable`.
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
        try:
            self.reach(context)
            self.log_in(context)
        except Lost as lost:
            raise self._not_opened(lost) from lost

    def log_in(self, context: ssl.SSLContext | None) -> None:
        """MODE READER, then AUTHINFO if a username is set (RFC 3977 section 5.3, RFC 4643).

        If the server closes the connection at MODE READER, dial again without it.
        """
        left_out = self.shared.optional.is_left_out(NntpCommand.MODE_READER)
        try:
            self._log_in()
        except Lost:
            if left_out or not self._may_do_without(NntpCommand.MODE_READER):
                raise
            self._reset()
            self.reach(context)
            self._log_in()

    def read_capabilities(
        self, context: ssl.SSLContext | None
    ) -> dict[str, tuple[str, ...]] | None:
        """Ask for the capabilities; None when the server does not know the command.

        Also None when the server closes the connection at it; then dial again.
        """
        try:
            with self._exchange():
                return self._capabilities()
        except Lost:
            if not self._may_do_without(NntpCommand.CAPABILITIES):
                raise
        self._open_again(context)
        return None

    def read_clock(self, context: ssl.SSLContext | None) -> Reply | None:
        """The answer to DATE; None if the server closes the connection at it; then dial again."""
        try:
            return self.ask(NntpCommand.DATE)
        except Lost as lost:
            if not self.is_over_date(lost):
                raise
        self._open_again(context)
        return None

    def _open_again(self, context: ssl.SSLContext | None) -> None:
        self._reset()
        self.reach(context)
        self.log_in(context)

    def _may_do_without(self, verb: NntpCommand) -> bool:
        """Whether the connection was lost, not cancelled, and this command is to blame."""
        return not self._aborted and self.shared.optional.is_left_out(verb)

    def is_over_date(self, lost: Lost) -> bool:
        """Whether DATE is to blame for a connection lost while its answer was due."""
        if self._aborted or lost.innocent or lost.out_of_step:
            return False
        return self.shared.optional.broke(NntpCommand.DATE)

    def _log_in(self) -> None:
        with self._exchange():
            mode = self._mode_reader()
            if self.server.username:
                self._authenticate()
                if mode == 480:
                    self._ask(NntpCommand.MODE_READER)
            self.posting_allowed = self.talk.posting_allowed

    def _mode_reader(self) -> int | None:
        """The code of the reply; None if the command is left out."""
        if self.shared.optional.is_left_out(NntpCommand.MODE_READER):
            self.talk.reader()
            return None
        with self._blamed(NntpCommand.MODE_READER):
            reply = self._ask(NntpCommand.MODE_READER)
        self.shared.optional.answered(NntpCommand.MODE_READER)
        if reply.code == 480 and not self.server.username:
            self._refuse(reply, ConversationStage.LOGIN)
        return reply.code

    @contextlib.contextmanager
    def _blamed(self, verb: NntpCommand) -> Iterator[None]:
        """In an exchange: a connection that breaks inside is blamed on a command."""
        try:
            yield
        except (OSError, ProtocolError) as error:
            if not (self._aborted or isinstance(error, OutOfStepError)):
                self.shared.optional.broke(verb)
            raise

    def _authenticate(self) -> None:
        try:
            reply = self._ask(NntpCommand.AUTHINFO_USER, self.server.username)
            if reply.code == 381 and not self.server.password:
                words = f"{reply} ({_no_password(self.server.name)})"
                raise Refused(Meaning.CREDENTIALS, words, opening=True)
            if reply.code == 381:
                reply = self._ask(NntpCommand.AUTHINFO_PASS, self.server.password)
        except ValueError as error:
            raise SettingsError(f"Server {self.server.name}: {error}.") from None
        self._accept(reply, ConversationStage.LOGIN)

    def _capabilities(self) -> dict[str, tuple[str, ...]] | None:
        if self.shared.optional.is_left_out(NntpCommand.CAPABILITIES):
            return None
        with self._blamed(NntpCommand.CAPABILITIES):
            if self._ask(NntpCommand.CAPABILITIES).code != 101:
                return None
            answer = MultiLine()
            deadline = time.monotonic() + self.server.timeout
            while not answer.done:
                answer.add(self._mask(self._line(deadline)))
        self.talk.capabilities = parse_capabilities(answer.lines)
        return self.talk.capabilities

    # Asking

    def probe(self) -> None:
        """Ask something if the connection was idle for `IDLE`. `Lost` when it is gone."""
        if time.monotonic() - self._used_at > IDLE:
            self.ask(*self._proof())

    def _proof(self) -> tuple[NntpCommand, str]:
        """A question whose answer cannot be mistaken for one about an article: DATE, or GROUP if
        the server breaks at DATE. The group need not exist."""
        if not self.shared.optional.is_left_out(NntpCommand.DATE):
            return NntpCommand.DATE, ""
        return NntpCommand.GROUP, next(iter(self.shared.newsgroups), _SOME_GROUP)

    def ask(self, verb: NntpCommand, argument: str = "") -> Reply:
        """Send one command and return its reply; log in again when the server asks for it."""
        with self._exchange():
            reply = self._ask(verb, argument)
            if reply.code == 480:
                self._log_in_again(reply)
                reply = self._ask(verb, argument)
        return reply

    def quit(self) -> None:
        """Send QUIT, do not wait for the reply, and close."""
        if not self.broken:
            with contextlib.suppress(OSError, ValueError, Lost), self._exchange():
                self._command(NntpCommand.QUIT)
        self.close()

    def leave(self) -> None:
        """Send QUIT, and close once the server has, or soon: it may count its connections."""
        if not self.broken:
            with contextlib.suppress(OSError, ValueError, Lost), self._exchange():
                self._answer_within = min(_GOODBYE, self.server.timeout)
                self._ask(NntpCommand.QUIT)
                self._await_end(time.monotonic() + _GOODBYE)
        self.close()

    def _await_end(self, until: float) -> None:
        assert self._wire is not None
        with contextlib.suppress(OSError):  # either way, the session is over
            while (left := until - time.monotonic()) > 0:
                if not self._wire.receive(Pace(left, 0, left)):
                    return

    def _log_in_again(self, reply: Reply) -> None:
        if not self.server.username:
            self._refuse(reply, ConversationStage.LOGIN)
        self._logins.invalidate(self._login)
        with self._logins.turn(lambda: self._aborted):
            self._authenticate()
        self._login = self._logins.era


def _no_password(name: str) -> str:
    return (
        "the server requires a password and none is set: add password or password_file to server "
        f"{name} in config.toml, or set {password_variable(name)}"
    )
