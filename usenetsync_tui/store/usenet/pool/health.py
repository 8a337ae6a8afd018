"""How a server is doing: what its answers do to it, and when it is tried again.

Knows states, reasons and times, `now` being an argument. Refuses to know connections.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.model.backoff import steps
from usenetsync_tui.model.servers import Role, Server, ServerState
from usenetsync_tui.store.usenet.connection.logins import FINAL
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable

BACKOFF = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds between attempts at a server that does not answer, the last one for ever."""

LONG_PAUSE = 600.0
"""Seconds a server gets after "too many connections" or "in use elsewhere"."""

_LOSSES = 10
"""Connections lost in a row after which a server counts as down."""

_REFUSALS = 5
"""Questions about articles in a row that are answered with a refusal of the account, after which
that is believed: one alone may be about one article."""


_SAME_REFUSALS = 10
"""Different articles refused in a row with the same words, after which it is the server's fault."""

_SUSPICIOUS = 5
"""So many of them from the very start, and none taken: another try of one is not worth it."""

_PARTICULARS = re.compile(r"<[^<>]*>|[0-9]+")
"""What differs in the words of one refusal for two articles."""


class Health:
    """One server's state."""

    def __init__(self, server: Server, backoff: Sequence[float] = BACKOFF) -> None:
        self.state = ServerState.IDLE
        self.message = ""
        self.retry_at: float | None = None
        self.ill_since: float | None = None
        self.allowed = server.connections
        self.unfit: dict[Role, str] = {}
        """Roles it cannot have, with its words."""
        self._configured = server.connections
        self._backoff = steps(backoff)
        self._grow_at: float | None = None
        self._failures = 0
        self._losses = 0
        self._refusals = 0
        self._has_posted = False
        self._host = server.host
        self._refused: set[bytes] = set()
        """Articles that it refused in a row with the same words."""
        self._refusal = ""

    @property
    def is_well(self) -> bool:
        """It may be used, as far as we know."""
        return self.state in (ServerState.UP, ServerState.IDLE)

    def may_be_probed(self, now: float) -> bool:
        """It is down or paused, and that has lasted long enough."""
        return self.retry_at is not None and now >= self.retry_at

    def next_change(self, now: float) -> float | None:
        """Seconds until waiting for this server may make sense again."""
        times = [t - now for t in (self.retry_at, self._grow_at) if t is not None and t > now]
        return min(times, default=None)

    def grow(self, now: float) -> None:
        """After a while all connections may be tried again."""
        if self._grow_at is not None and now >= self._grow_at:
            self._grow_at = None
            self.allowed = self._configured
            if self.is_well:
                self.message = ""

    def took_an_article(self) -> None:
        """So it cannot forbid posting altogether."""
        self._has_posted = True
        self._refused.clear()

    @property
    def has_posted(self) -> bool:
        """It has taken an article: what it refuses is that article's trouble."""
        return self._has_posted

    @property
    def refuses_others(self) -> bool:
        """It has refused several articles with the same words and taken none ever: that another
        try of one of them helps is not likely."""
        return not self._has_posted and len(self._refused) >= _SUSPICIOUS

    def refused_article(self, article: bytes, words: str, now: float) -> bool:
        """It refused an article. Whether that is the server's fault, and none of the article's."""
        gist = _PARTICULARS.sub("", words)
        if gist != self._refusal:
            self._refused.clear()
        self._refusal = gist
        self._refused.add(article)
        if len(self._refused) < _SAME_REFUSALS:
            return False
        said = f"{self._host} refuses every article: {words}"
        if self._has_posted:  # it may come to itself again
            self._back_off(ServerState.PAUSED, said, now)
        else:
            self.cannot(Role.POST, said)
        return True

    def answered(self, now: float) -> None:
        """Something went well. That ends no pause: it was under way when the pause began."""
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
        """Somebody knows better: what kept us from it counts no more; one article tries."""
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
        """It refuses one of its roles, for good."""
        self.unfit[role] = words

    def lost(self, failure: Lost, now: float) -> None:
        """A connection broke; that can happen, but not all the time.

        Answers that are out of step say nothing of how the server is: it does answer.
        """
        if failure.innocent or failure.out_of_step:
            return
        self._losses += 1
        if self._losses >= _LOSSES:
            self._back_off(ServerState.DOWN, failure.words, now)

    def unreachable(self, failure: Unreachable, now: float) -> None:
        """No connection came about."""
        if failure.permanent:
            self._stop(failure.words)
        else:
            self._back_off(ServerState.DOWN, failure.words, now)

    def refused(self, refusal: Refused, now: float, *, connections: int) -> None:
        """It said something about itself. `connections` are those it lets us have now."""
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
                self.allowed = 1  # others hold them all: wait for the first that gets free
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
            case Meaning.FORBIDDEN:  # it took articles before: it will again
                self._back_off(ServerState.PAUSED, refusal.words, now)
            case _ if refusal.opening:
                self._back_off(ServerState.DOWN, refusal.words, now)
            case _:
                pass  # about one request

    def _back_off(self, state: ServerState, words: str, now: float) -> None:
        if self.retry_at is not None and now < self.retry_at:
            return  # another connection with the same trouble
        self._failures += 1
        self._fall_ill(state, words, now, self._backoff(self._failures))

    def _fall_ill(self, state: ServerState, words: str, now: float, seconds: float) -> None:
        if self.is_well:
            self.ill_since = now
        self.state, self.message, self.retry_at = state, words, now + seconds

    def _stop(self, words: str) -> None:
        self.state, self.message, self.retry_at = ServerState.STOPPED, words, None
