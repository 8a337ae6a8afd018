"""`servers test`: examines a server step by step, and gives advice for each failure.

Knows common configuration mistakes. Refuses to know the pool: it opens one connection of its own,
in the same way as the pool, and a short one to each address if there are several.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from anyio import to_thread

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.codec.nntp import NntpCommand
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.servers.servers import Role, Server, Tls
from usenetsync_tui.model.status.tasks import TrialStep
from usenetsync_tui.store.usenet.connection import tls_wire
from usenetsync_tui.store.usenet.connection.addresses import Address
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.shared import CLOCK_SKEW, skew_of
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.trial_post import Finding, StepFailure, TrialPost

_SKEW = 120.0
"""Seconds between our clock and the server's from which the test warns."""

_ADVICE = {
    Meaning.CREDENTIALS: "Login refused: {}. Check username and password.",
    Meaning.ACCOUNT: "The server refuses the account: {}. Ask the provider.",
    Meaning.TOO_MANY_CONNECTIONS: "{}. Other programs use this account: set fewer connections.",
    Meaning.IN_USE_ELSEWHERE: "{}. The account is in use at another address.",
    Meaning.SESSION_OVER: "{}. The server accepts no connections now: try again later.",
    Meaning.FORBIDDEN: "{}. Posting is not allowed here: remove 'post' from the server's roles.",
    Meaning.CONFIGURATION: "{}. Check the newsgroups (and tls) in the settings.",
    Meaning.RATE: "{}. Too much was posted lately: try again later.",
    Meaning.DATE: "{}. Check the clock of this machine.",
    Meaning.TOO_LARGE: "{}. Set max_article to the largest article that the server accepts.",
}


Check = tuple[str, Callable[[], Finding]]


async def diagnose(
    server: Server,
    *,
    newsgroups: Sequence[str] = (),
    poster: str = "",
    patience: float = 20.0,
) -> AsyncIterator[TrialStep]:
    """Yield each step as soon as it is done; stop after the first failure.

    If the server has the role POST and `newsgroups` are given, the test posts an article of a
    kilobyte there as uploads of sealed folders do, and with a `poster` another one as uploads of
    plain folders do. `patience`: seconds that the first article may take to appear.
    """
    examination = _Examination(server, newsgroups, poster, patience)
    try:
        for name, check in examination.checks():
            step = await to_thread.run_sync(
                partial(_timed, name, check, server), abandon_on_cancel=True
            )
            yield step
            if step.ok is False:
                return
    finally:
        examination.end()


def _timed(name: str, check: Callable[[], Finding], server: Server) -> TrialStep:
    begun = time.monotonic()
    try:
        ok, detail = check()
    except Refused as refusal:
        ok, detail = False, _advice(refusal, server)
    except Lost as lost:
        ok, detail = False, f"The connection broke: {lost.words}. Check port and tls."
    except Unreachable as failure:
        ok, detail = False, failure.words
    except (StepFailure, UsenetSyncError) as failure:
        ok, detail = False, str(failure)
    return TrialStep(name, ok, time.monotonic() - begun, detail)


def _advice(refusal: Refused, server: Server) -> str:
    """The server's reply, and what the user can do about it."""
    words = str(refusal).rstrip(".")
    if refusal.meaning is Meaning.CREDENTIALS and not server.username:
        return f"The server requires a login: {words}. Set username and password."
    return _ADVICE.get(refusal.meaning, "Server reply: {}.").format(words)


class _Examination:
    """The steps of the test of one server."""

    def __init__(
        self, server: Server, newsgroups: Sequence[str], poster: str, patience: float
    ) -> None:
        self._server = server
        self._newsgroups = newsgroups
        self._poster = poster
        self._patience = patience
        self._connection = Connection(server)
        self._connection.shared.newsgroups.add(newsgroups)
        self._addresses: list[Address] = []
        self._curious: list[Connection] = []
        self._ended = False

    def checks(self) -> Iterator[Check]:
        """In the order of a session."""
        yield "resolve", self._resolve
        if len(self._addresses) > 1:
            yield "addresses", self._try_each
        yield "connect", self._connect
        if self._server.tls is Tls.IMPLICIT:
            yield "tls", self._tls
        yield "greeting", self._greeting
        if self._server.tls is Tls.STARTTLS:
            yield "tls", self._tls
        if self._server.tls is Tls.NONE:
            yield "tls", lambda: (None, "Off: anyone on the way can read and change the traffic.")
        yield "login", self._login
        yield "capabilities", self._capabilities
        yield "clock", self._clock
        if Role.POST not in self._server.roles:
            return
        yield "posting", self._posting
        if self._newsgroups:
            yield from TrialPost(self._connection, self._newsgroups, self._patience).checks()
        if self._newsgroups and self._poster:
            trial_post = TrialPost(self._connection, self._newsgroups, self._patience)
            yield "post plain", lambda: trial_post.post_plain(self._poster)

    def end(self) -> None:
        """Close the connections, whatever they are doing."""
        self._ended = True
        for connection in (self._connection, *self._curious):
            connection.abort()
            connection.close()

    def _resolve(self) -> Finding:
        if self._server.proxy:
            return None, f"done by {self._server.proxy}"
        try:
            self._addresses = self._connection.addresses()
        except Unreachable as failure:
            hint = "Check the host's spelling, and that this machine has a name server."
            raise StepFailure(f"{failure.words}. {hint}") from failure
        return True, ", ".join(map(str, self._addresses))

    def _try_each(self) -> Finding:
        """All of them at once, since a dead one takes long to fail."""
        with ThreadPoolExecutor(len(self._addresses)) as threads:
            found = list(threads.map(self._greeting_at, self._addresses))
        said = "; ".join(
            f"{a}: {said}" for a, (_, said) in zip(self._addresses, found, strict=True)
        )
        good = sum(ok for ok, _ in found)
        self._addresses = self._connection.shared.addresses.ordered(self._addresses)
        if good == len(found):
            return True, said
        return None, f"{said}. {good} of {len(found)} addresses work."

    def _greeting_at(self, address: Address) -> tuple[bool, str]:
        connection = Connection(self._server, shared=self._connection.shared)
        self._curious.append(connection)
        if self._ended:
            connection.abort()
        try:
            connection.dial([address])
            greeting = connection.enter(self._context())
        except (Unreachable, Refused, Lost) as failure:
            self._connection.shared.addresses.failed(address)
            return False, failure.words
        finally:
            connection.abort()
            connection.close()
        return True, str(greeting)

    def _context(self) -> ssl.SSLContext | None:
        return None if self._server.tls is Tls.NONE else tls_wire.tls_context(self._server)

    def _connect(self) -> Finding:
        server = self._server
        try:
            address = self._connection.dial(self._addresses)
        except Unreachable as failure:
            hint = "Check the port (563 with implicit TLS, 119 without), and any firewall."
            hint = f"Check the proxy. {hint}" if server.proxy else hint
            raise StepFailure(f"{failure.words}. {hint}") from failure
        self._addresses = [address]
        way = f" through {server.proxy}" if server.proxy else ""
        return True, f"{address} port {server.port}{way}"

    def _tls(self) -> Finding:
        context = tls_wire.tls_context(self._server)
        try:
            if self._server.tls is Tls.IMPLICIT:
                self._connection.encrypt(context)
            else:
                self._connection.start_tls(context)
        except Unreachable as failure:
            raise StepFailure(self._why_no_tls(failure)) from failure
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
            return f"{failure.words}. Check the port, or set tls to {other!r}."
        if "mismatch" in cause.verify_message:
            names = ", ".join(self._names_in_certificate()) or "something else"
            return f"The certificate is for {names}, not {self._server.host}. Use that host name."
        return (
            f"{failure.words}. For a private server set ca_file to its CA; if you have none, "
            "verify_tls = false skips the check."
        )

    def _names_in_certificate(self) -> list[str]:
        """Connect again to a server whose certificate is good except for its name, and read it."""
        context = tls_wire.tls_context(self._server)
        context.check_hostname = False
        curious = Connection(self._server)
        try:
            curious.dial(self._addresses)
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
        self._connection.log_in(self._context())
        without = ""
        if self._connection.shared.optional.is_left_out(NntpCommand.MODE_READER):
            without = "; without MODE READER, at which the server closes the connection"
        if self._server.username:
            return True, f"as {self._server.username}{without}"
        return None, f"none configured, and the server has not asked for one{without}"

    def _capabilities(self) -> Finding:
        found = self._connection.read_capabilities(self._context())
        if self._connection.shared.optional.is_left_out(NntpCommand.CAPABILITIES):
            return None, "The server closes the connection at this command; that does no harm."
        if found is None:
            return None, "The server does not list them (old software); that does no harm."
        return True, ", ".join(" ".join((label, *rest)) for label, rest in found.items())

    def _clock(self) -> Finding:
        reply = self._connection.read_clock(self._context())
        if reply is None:
            return None, "The server closes the connection at DATE; that does no harm."
        skew = skew_of(reply, datetime.now(UTC))
        if skew is None:
            return None, f"The server does not tell its time: {reply}"
        if abs(skew) < _SKEW:
            return True, f"{abs(skew):.0f} s apart"
        way = "ahead of" if skew > 0 else "behind"
        words = f"This machine's clock is {abs(skew):,.0f} s {way} the server's: set it right."
        if abs(skew) > CLOCK_SKEW:
            words += " Until then, articles are posted without a Date."
        return None, words

    def _posting(self) -> Finding:
        if self._connection.posting_allowed:
            return True, "allowed"
        if self._server.username:
            return None, "The server greets with 201 (no posting); a login may change that."
        raise Refused(Meaning.FORBIDDEN, "The server greets with 201, no posting")
