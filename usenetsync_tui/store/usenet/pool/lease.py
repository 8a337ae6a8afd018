"""A slot lent to one task, and the step into a worker thread and back.

Knows cancellation, and how a failure changes the server's health. Refuses to know how the server
was chosen (`servers`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.pool.connection_slot import ConnectionSlot
from usenetsync_tui.store.usenet.pool.slots import ServerSlots
from usenetsync_tui.store.usenet.pool.threads import Threads

T = TypeVar("T")


class Lender(Protocol):
    """The lender of slots, who gets them back."""

    threads: Threads
    """Enough for every lane of every connection."""

    def now(self) -> float:
        """The time in seconds, of any steady clock."""

    @property
    def has_waiters(self) -> bool:
        """Whether a task waits for a slot."""

    def changed(self) -> None:
        """A server's health has changed."""

    def give_back(self, entry: ServerSlots, slot: ConnectionSlot) -> None:
        """The slot of a server is free again."""

    def from_thread(self, give_back: Callable[[], None]) -> None:
        """Call `give_back` in the event loop, soon."""


_LONGEST = 1.0
"""Seconds after which a lease for many requests ends: a better server may be well again."""
_TURN = 0.05
"""The same while another task waits for a slot."""


class Lease:
    """A slot of a server, lent until `release`."""

    def __init__(self, lender: Lender, entry: ServerSlots, slot: ConnectionSlot) -> None:
        self.slot = slot
        self.entry = entry
        self.server = entry.server
        self._lender = lender
        self._lock = threading.Lock()
        self._in_thread = False
        self._released = False
        self._abandoned = False
        self._took = False

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` on an open connection, in one worker-thread call.

        `Unreachable`, `Refused` and `Lost` change the server's health. When cancelled, it returns
        at once; the slot is free again when the thread has ended.
        """
        try:
            result = await self._lender.threads.run(partial(self._work, work))
        except (Unreachable, Refused, Lost) as failure:
            if self._took:
                self.entry.health.answered(self._lender.now())
            self.note(failure)
            raise
        except asyncio.CancelledError:
            with self._lock:
                self._abandoned = self._in_thread
            if self._abandoned:
                self.slot.abandon()
            raise
        self.entry.health.answered(self._lender.now())
        return result

    def took_an_article(self) -> None:
        """Record that the server accepted an article. From any thread."""
        self._took = True
        self.entry.health.took_an_article()

    def got_an_article(self) -> None:
        """Record that the server sent an article. From any thread."""
        self._took = True

    def may_continue(self, since: float) -> bool:
        """Whether a lease for many requests may begin another. From any thread.

        `since`: when the first one began, in seconds of `time.monotonic`.
        """
        entry, used = self.entry, time.monotonic() - since
        if used > _LONGEST or not entry.is_well or entry.busy() > entry.allowed:
            return False
        return used < _TURN or not self._lender.has_waiters

    def note(self, failure: Unreachable | Refused | Lost) -> None:
        """Record a failure in the server's health."""
        health, now = self.entry.health, self._lender.now()
        match failure:
            case Unreachable():
                health.unreachable(failure, now)
            case Refused():
                health.refused(failure, now, connections=self.entry.connections())
            case Lost():
                health.lost(failure, now)
        self._lender.changed()

    def refused(self, article: bytes, words: str) -> bool:
        """Record a refused article. Returns whether the server is at fault, refusing them all."""
        at_fault = self.entry.health.refused_article(article, words, self._lender.now())
        if at_fault:
            self._lender.changed()
        return at_fault

    def release(self) -> None:
        """Give the slot back: now, or when the thread that was abandoned has ended."""
        with self._lock:
            self._released = True
            if self._in_thread:
                return
        self._given_back()

    def _work(self, work: Callable[[Connection], T]) -> T:
        with self._lock:
            if self._released:  # cancelled before the thread began
                raise Lost("the request was cancelled")
            self._in_thread = True
        try:
            return self.slot.run(work)
        finally:
            with self._lock:
                self._in_thread = False
                abandoned = self._released
            if abandoned:
                self._lender.from_thread(self._given_back)

    def _given_back(self) -> None:
        if self._abandoned:
            self.slot.abandoned -= 1
        self._lender.give_back(self.entry, self.slot)
