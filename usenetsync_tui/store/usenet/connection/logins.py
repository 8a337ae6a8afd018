"""Which connections may log in to a server: one first, and none after a refusal.

Servers lock an account after a few wrong passwords. So until the server has accepted a login, one
connection tries and the others wait for its result: all of them log in when it was accepted, none
when it was refused. Knows threads and results; refuses to know how to log in (`session`) and what
a refusal does to the server (`health`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable

FINAL = frozenset({Meaning.CREDENTIALS, Meaning.ACCOUNT, Meaning.CONFIGURATION})
"""Refusals for which another try is useless."""

_Failure = Unreachable | Refused | Lost


class Logins:
    """The logins at one server with one password. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._era = 1
        self._is_good = False
        self._is_trying = False
        self._refusal: Refused | None = None
        self._failures = 0
        self._failure: _Failure | None = None

    @property
    def era(self) -> int:
        """Number of the login period; a new one begins when the server asks to log in again."""
        return self._era

    def invalidate(self, era: int) -> None:
        """The server asks for a login again in an `era`: one connection tries first, again."""
        with self._changed:
            if era == self._era:
                self._era += 1
                self._is_good = False

    def forget(self) -> None:
        """Forget a refusal, so that a login may be tried again (the user asked for it)."""
        with self._changed:
            self._refusal, self._is_good = None, False

    @contextmanager
    def turn(self, given_up: Callable[[], bool]) -> Iterator[None]:
        """Surrounds a login; waits for the connection that tries first.

        Raises that connection's failure, or an earlier refusal: then the caller must send
        nothing. If `given_up` returns true, our own failure does not count for the others.
        """
        alone = self._wait()
        try:
            yield
        except BaseException as error:
            is_ours = isinstance(error, _Failure) and not given_up()
            self._ended(alone, error if is_ours else None)
            raise
        with self._changed:
            self._is_good = True
            self._is_trying = self._is_trying and not alone
            self._changed.notify_all()

    def _wait(self) -> bool:
        """Wait for our turn; returns whether we try first, alone."""
        with self._changed:
            seen = self._failures
            while True:
                if self._refusal is not None:
                    raise _again(self._refusal)
                if self._is_good:
                    return False
                if not self._is_trying:
                    self._is_trying = True
                    return True
                self._changed.wait()
                if self._failures != seen and self._failure is not None:
                    raise _again(self._failure)

    def _ended(self, alone: bool, failure: BaseException | None) -> None:
        with self._changed:
            self._is_trying = self._is_trying and not alone
            if isinstance(failure, Refused) and failure.meaning in FINAL:
                self._refusal, self._is_good = failure, False
            elif alone and isinstance(failure, _Failure):
                self._failures += 1
                self._failure = failure
            self._changed.notify_all()


def _again(failure: _Failure) -> _Failure:
    """A copy of the failure, for another connection to raise."""
    match failure:
        case Unreachable():
            return Unreachable(failure.words, permanent=failure.permanent)
        case Refused():
            return Refused(failure.meaning, failure.words, opening=failure.opening)
        case Lost():
            return Lost(failure.words, innocent=True)
