"""How well a server is: how its replies change its state, and when it is tried again.

Knows states, reasons and times; `now` is an argument. Refuses to know connections.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.model.backoff import steps
from usenetsync_tui.model.servers.servers import Role, Server, ServerState
from usenetsync_tui.store.usenet.connection.logins import FINAL
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable

BACKOFF = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds between attempts at a server that does not answer; the last one repeats forever."""

LONG_PAUSE = 600.0
"""Seconds that a server rests after "too many connections" or "in use elsewhere"."""

_LOSSES = 10
"""Connections lost in a row after which a server counts as down."""

_REFUSALS = 5
"""Questions about articles in a row that the server answers by refusing the account, after which
the refusal counts: a single one may concern only its article."""


_SAME_REFUSALS = 10
"""Different articles in a row, refused with the same text, after which the server is at fault."""

_SUSPICIOUS = 5
"""The same from a server that has never accepted one: then no article is worth another try."""

_PARTICULARS = re.compile(r"<[^<>]*>|[0-9]+")
"""The parts of a refusal's text that differ between articles."""


class Health:
    """One server's state."""

    def __init__(self, server: Server, backoff: Sequence[float] = BACKOFF) -> None:
        self.state = ServerState.IDLE
        self.message = ""
        self.retry_at: float | None = None
        self.ill_since: float | None = None
        self.allowed = server.connections
        self.unfit: dict[Role, str] = {}
        """Roles that the server refuses, with its reply."""
        self._configured = server.connections
        self._backoff = steps(backoff)
        self._grow_at: float | None = None
        self._failures = 0
        self._losses = 0
        self._refusals = 0
        self._has_posted = False
        self._host = server.host
        self._refused: set[bytes] = set()
        """Articles that it refused in a row with the same text."""
        self._refusal = ""

    @property
    def is_well(self) -> bool:
        """Whether it may be used, as far as we know."""
        return self.state in (ServerState.UP, ServerState.IDLE)

    def may_be_probed(self, now: float) -> bool:
        """Whether its back-off is over, so that one article may try it."""
        return self.retry_at is not None and now >= self.retry_at

    def next_change(self, now: float) -> float | None:
        """Seconds until its state may change by itself; None: it does not."""
        times = [t - now for t in (self.retry_at, self._grow_at) if t is not None and t > now]
        return min(times, default=None)

    def grow(self, now: float) -> None:
        """Allow all configured connections again once the pause is over."""
        if self._grow_at is not None and now >= self._grow_at:
            self._grow_at = None
            self.allowed = self._configured
            if self.is_well:
                self.message = ""

    def took_an_article(self) -> None:
        """Record that it accepted an article: it does not forbid posting altogether."""
        self._has_posted = True
        self._refused.clear()

    @property
    def has_posted(self) -> bool:
        """Whether it has accepted an article: then a refusal is the refused article's fault."""
        return self._has_posted

    @property
    def refuses_others(self) -> bool:
        """Whether it refused several articles with the same text and never accepted one: then
        another try of one of them is unlikely to help."""
        return not self._has_posted and len(self._refused) >= _SUSPICIOUS

    def refused_article(self, article: bytes, words: str, now: float) -> bool:
        """Record that it refused an article. Returns whether the server is at fault."""
        gist = _PARTICULARS.sub("", words)
        if gist != self._refusal:
            self._refused.clear()
        self._refusal = gist
        self._refused.add(article)
        if len(self._refused) < _SAME_REFUSALS:
            return False
        said = f"{self._host} refuses every article: {words}"
        if self._has_posted:  # it may recover
            self._back_off(ServerState.PAUSED, said, now)
        else:
            self.cannot(Role.POST, said)
        return True

    def answered(self, now: float) -> None:
        """Record a success. It does not end a pause: the request began before the pause."""
        self._losses = self._refusals = 0
        if self.state is ServerState.PAUSED and not self.may_be_probed(now):
            return
        self._failures = 0
        if self.state is not ServerState.UP:
            self.state = ServerState.UP
            self.retry_at = self.ill_since = None
            if self._grow_at is None:
                self.message = ""

    def try_again(self, now: float) -> None:
        """Reset the back-off on user request; one article tries the server."""
        self.unfit.clear()
        self._refused.clear()
        self._grow_at, self.allowed = None, self._configured
        if self.is_well:
            self.message = ""
            return
        if self.state is ServerState.STOPPED:
            self.state = ServerState.DOWN
        self._failures = self._losses = self._refusals = 0
        self.retry_at = self.ill_since = now

    def cannot(self, role: Role, words: str) -> None:
        """Record that it refuses a role; lasts until the user asks to try again."""
        self.unfit[role] = words

    def lost(self, failure: Lost, now: float) -> None:
        """Record a lost connection; `_LOSSES` in a row make the server count as down.

        Answers that are out of step do not count: the server does answer.
        """
        if failure.innocent or failure.out_of_step:
            return
        self._losses += 1
        if self._losses >= _LOSSES:
            self._back_off(ServerState.DOWN, failure.words, now)

    def unreachable(self, failure: Unreachable, now: float) -> None:
        """Record that no connection could be opened."""
        if failure.permanent:
            self._stop(failure.words)
        else:
            self._back_off(ServerState.DOWN, failure.words, now)

    def refused(self, refusal: Refused, now: float, *, connections: int) -> None:
        """Record a refusal. `connections`: how many are open or being opened now."""
        if refusal.lookup and refusal.meaning in FINAL:
            self._refusals += 1
            if self._refusals < _REFUSALS:
                return
        match refusal.meaning:
            case Meaning.TOO_MANY_CONNECTIONS if connections:
                self.allowed = connections
                self.message = refusal.words
                self._grow_at = now + LONG_PAUSE
            case Meaning.TOO_MANY_CONNECTIONS:
                self.allowed = 1  # other programs use them all: wait for the first free one
                self._grow_at = now + LONG_PAUSE
                self._back_off(ServerState.PAUSED, refusal.words, now)
            case Meaning.IN_USE_ELSEWHERE:
                self._fall_ill(ServerState.PAUSED, refusal.words, now, LONG_PAUSE)
            case Meaning.CREDENTIALS | Meaning.ACCOUNT | Meaning.CONFIGURATION:
                self._stop(refusal.words)
            case Meaning.RATE:
                self._back_off(ServerState.PAUSED, refusal.words, now)
            case Meaning.FORBIDDEN if not self._has_posted:
                self.cannot(Role.POST, refusal.words)
            case Meaning.FORBIDDEN:  # it accepted articles before: it will again
                self._back_off(ServerState.PAUSED, refusal.words, now)
            case _ if refusal.opening:
                self._back_off(ServerState.DOWN, refusal.words, now)
            case _:
                pass  # about one request

    def _back_off(self, state: ServerState, words: str, now: float) -> None:
        if self.retry_at is not None and now < self.retry_at:
            return  # another connection failed for the same reason
        self._failures += 1
        self._fall_ill(state, words, now, self._backoff(self._failures))

    def _fall_ill(self, state: ServerState, words: str, now: float, seconds: float) -> None:
        if self.is_well:
            self.ill_since = now
        self.state, self.message, self.retry_at = state, words, now + seconds

    def _stop(self, words: str) -> None:
        self.state, self.message, self.retry_at = ServerState.STOPPED, words, None
