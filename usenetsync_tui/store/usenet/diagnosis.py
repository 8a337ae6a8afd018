"""`servers test`: a server examined step by step, each failure with what can be done about it.

Knows what users get wrong. Refuses to know the pool: it has one connection of its own, made as
the pool makes them.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime

from anyio import to_thread

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.codec.envelope import SealedDress
from usenetsync_tui.codec.nntp import Verb
from usenetsync_tui.codec.yenc import WireArticle, encode
from usenetsync_tui.errors import ArticleCorruptError, UsenetSyncError
from usenetsync_tui.model.segments import Article
from usenetsync_tui.model.servers import Role, Server, Tls
from usenetsync_tui.model.status import TrialStep
from usenetsync_tui.store.usenet import wire
from usenetsync_tui.store.usenet.connection import Connection
from usenetsync_tui.store.usenet.signals import Lost, Refused, Unreachable

_SKEW = 120.0
"""Seconds between our clock and the server's that are worth a word."""

_SIZE = 1_024

_ADVICE = {
    Meaning.CREDENTIALS: "Login refused: {}. Check username and password.",
    Meaning.ACCOUNT: "The account is refused: {}. Ask the provider.",
    Meaning.TOO_MANY_CONNECTIONS: "{}. Other programs use this account: set fewer connections.",
    Meaning.IN_USE_ELSEWHERE: "{}. The account is in use at another address.",
    Meaning.SESSION_OVER: "{}. The server takes nobody now: try again later.",
    Meaning.FORBIDDEN: "{}. The account or this server may not post: take 'post' off its roles.",
    Meaning.CONFIGURATION: "{}. Check the newsgroups (and tls) in the settings.",
    Meaning.RATE: "{}. Too much was posted lately: try again later.",
    Meaning.DATE: "{}. Check the clock of this machine.",
    Meaning.TOO_LARGE: "{}. Set max_article to what the server takes.",
}


class _Failure(Exception):
    """The step went wrong; the text says what can be done."""


Finding = tuple[bool | None, str]
Check = tuple[str, Callable[[], Finding]]


async def diagnose(
    server: Server, *, newsgroups: Sequence[str] = (), patience: float = 20.0
) -> AsyncIterator[TrialStep]:
    """Each step as soon as it is done; the first that fails is the last.

    One article of a kilobyte is posted to `newsgroups`, if there are any and the server has
    the role; `patience` is how many seconds it may take to appear.
    """
    examination = _Examination(server, newsgroups, patience)
    try:
        for name, check in examination.checks():
            step = await to_thread.run_sync(_timed, name, check, abandon_on_cancel=True)
            yield step
            if step.ok is False:
                return
    finally:
        examination.end()


def _timed(name: str, check: Callable[[], Finding]) -> TrialStep:
    begun = time.monotonic()
    try:
        ok, detail = check()
    except Refused as refusal:
        ok, detail = False, _ADVICE.get(refusal.meaning, "The server says {}.").format(refusal)
    except Lost as lost:
        ok, detail = False, f"The connection broke: {lost.words}. Check port and tls."
    except Unreachable as failure:
        ok, detail = False, failure.words
    except (_Failure, UsenetSyncError) as failure:
        ok, detail = False, str(failure)
    return TrialStep(name, ok, time.monotonic() - begun, detail)


class _Examination:
    """One server on the couch."""

    def __init__(self, server: Server, newsgroups: Sequence[str], patience: float) -> None:
        self._server = server
        self._newsgroups = newsgroups
        self._patience = patience
        self._connection = Connection(server)
        self._payload = os.urandom(_SIZE)
        self._message_id = os.urandom(16)
        self._wire_id = ""

    def checks(self) -> Iterator[Check]:
        """In the order of a session."""
        yield "resolve", self._resolve
        yield "connect", self._connect
        if self._server.tls is Tls.IMPLICIT:
            yield "tls", self._tls
        yield "greeting", self._greeting
        if self._server.tls is Tls.STARTTLS:
            yield "tls", self._tls
        if self._server.tls is Tls.NONE:
            yield "tls", lambda: (None, "None: everybody in between can read and change it.")
        yield "login", self._login
        yield "capabilities", self._capabilities
        yield "clock", self._clock
        if Role.POST not in self._server.roles:
            return
        yield "posting", self._posting
        if self._newsgroups:
            yield "post", self._post
            yield "appear", self._appear
            yield "read back", self._read_back

    def end(self) -> None:
        """Close the connection, wherever it stands."""
        self._connection.abort()
        self._connection.close()

    def _resolve(self) -> Finding:
        try:
            addresses = dict.fromkeys(str(address[0]) for _, address in wire.resolve(self._server))
        except Unreachable as failure:
            hint = "Check the host's spelling, and that this machine has a name server."
            raise _Failure(f"{failure.words}. {hint}") from failure
        return True, ", ".join(addresses)

    def _connect(self) -> Finding:
        try:
            self._connection.dial()
        except Unreachable as failure:
            hint = "Check the port (563 with implicit TLS, 119 without), and any firewall."
            raise _Failure(f"{failure.words}. {hint}") from failure
        return True, f"port {self._server.port}"

    def _tls(self) -> Finding:
        context = wire.tls_context(self._server)
        try:
            if self._server.tls is Tls.IMPLICIT:
                self._connection.encrypt(context)
            else:
                self._connection.start_tls(context)
        except Unreachable as failure:
            raise _Failure(self._why_no_tls(failure)) from failure
        tls = self._connection.tls
        assert tls is not None
        cipher = tls.cipher()
        how = f"{tls.version()}, {cipher[0] if cipher else 'no cipher'}"
        if self._server.verify_tls:
            return True, f"{how}, certificate verified"
        return None, f"{how}, certificate NOT verified (verify_tls is off)"

    def _why_no_tls(self, failure: Unreachable) -> str:
        cause = failure.__cause__
        if not isinstance(cause, ssl.SSLCertVerificationError):
            other = "starttls" if self._server.tls is Tls.IMPLICIT else "implicit"
            return f"{failure.words}. Is this the right port for it? Perhaps tls is {other!r}."
        if "mismatch" in cause.verify_message:
            names = ", ".join(self._names_in_certificate()) or "something else"
            return f"The certificate is for {names}, not {self._server.host}. Use that host name."
        return (
            f"{failure.words}. For a private server give its CA in ca_file; if you cannot, "
            "verify_tls = false leaves it unverified."
        )

    def _names_in_certificate(self) -> list[str]:
        """Of a server whose certificate is good, but for another name: ask again."""
        context = wire.tls_context(self._server)
        context.check_hostname = False
        curious = Connection(self._server)
        try:
            curious.dial()
            if self._server.tls is Tls.STARTTLS:
                curious.greet()
                curious.start_tls(context)
            else:
                curious.encrypt(context)
            certificate = (curious.tls.getpeercert() if curious.tls else None) or {}
        except (Unreachable, Refused, Lost):
            return []
        finally:
            curious.abort()
            curious.close()
        names = certificate.get("subjectAltName", ())
        assert isinstance(names, tuple)
        return [str(name) for _, name in names]

    def _greeting(self) -> Finding:
        return True, str(self._connection.greet())

    def _login(self) -> Finding:
        self._connection.log_in()
        if self._server.username:
            return True, f"as {self._server.username}"
        return None, "none configured, none wanted so far"

    def _capabilities(self) -> Finding:
        found = self._connection.read_capabilities()
        if found is None:
            return None, "The server does not tell (it is an old one); that does no harm."
        return True, ", ".join(" ".join((label, *rest)) for label, rest in found.items())

    def _clock(self) -> Finding:
        reply = self._connection.ask(Verb.DATE)
        try:
            theirs = datetime.strptime(reply.text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return None, f"The server does not tell the time: {reply}"
        skew = (datetime.now(UTC) - theirs).total_seconds()
        if abs(skew) < _SKEW:
            return True, f"{abs(skew):.0f} s apart"
        way = "ahead of" if skew > 0 else "behind"
        return None, f"Our clock is {abs(skew):,.0f} s {way} the server's: check the time here."

    def _posting(self) -> Finding:
        if not self._connection.posting_allowed:
            raise Refused(Meaning.FORBIDDEN, "The server greets with 201, no posting")
        return True, "allowed"

    def _post(self) -> Finding:
        begun = self._connection.post(self._article)
        meaning = begun.meaning()
        if meaning is not Meaning.ACCEPTED:
            raise Refused(meaning, str(begun.reply))
        return True, str(begun.reply)

    def _article(self) -> WireArticle:
        dress = SealedDress(os.urandom(32), self._newsgroups)
        article = Article(self._message_id, self._payload)
        self._wire_id = dress.wire_id(self._message_id)
        return encode(article, dress.envelope(article), date=datetime.now(UTC))

    def _appear(self) -> Finding:
        deadline = time.monotonic() + self._patience
        while self._connection.stat(self._wire_id).meaning() is not Meaning.ACCEPTED:
            if time.monotonic() > deadline:
                return None, (
                    f"Not there after {self._patience:.0f} s. Some servers take minutes; "
                    "if articles never appear, they are thrown away: ask the provider."
                )
            time.sleep(0.5)
        return True, "STAT finds it"

    def _read_back(self) -> Finding:
        try:
            payload = self._connection.fetch(self._wire_id)
        except ArticleCorruptError as damage:
            raise _Failure(f"{damage} The server changes articles: do not use it.") from damage
        if payload is None:
            return None, "Not there yet."
        if payload != self._payload:
            raise _Failure("What comes back is not what was sent: do not use this server.")
        return True, f"{len(payload):,} bytes, identical"
