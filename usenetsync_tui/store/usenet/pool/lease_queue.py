"""The tasks that wait for a connection, and who gets the one that becomes free.

Knows waiting, patience and the order of the waiting tasks. Refuses to know which server comes first
(`roster`) and what a user may change (`servers`). Lives in one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial

import anyio

from usenetsync_tui.errors import StoreUnavailableError, StoreUnusableError
from usenetsync_tui.model.servers.servers import Role
from usenetsync_tui.model.waiting import Waiting, Waits, WaitsFor
from usenetsync_tui.store.usenet.pool.connection_slot import ConnectionSlot
from usenetsync_tui.store.usenet.pool.lease import Lease
from usenetsync_tui.store.usenet.pool.roster import Roster
from usenetsync_tui.store.usenet.pool.slots import ServerSlots
from usenetsync_tui.threads import Threads

Among = Collection[str] | None
"""Names of servers; None: all of them."""


@dataclass(eq=False, slots=True)
class _Waiter:
    role: Role
    among: Among
    event: anyio.Event = field(default_factory=anyio.Event)
    lease: Lease | None = None


class LeaseQueue:
    """Lends the slots of all servers; implements `Lender`."""

    def __init__(
        self, roster: Roster, threads: Threads, waits: Waits, now: Callable[[], float]
    ) -> None:
        self.roster = roster
        self.threads = threads
        self.waits = waits
        self.now = now
        self._waiters: list[_Waiter] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self.all_back = anyio.Event()
        """Set after `close`, when the last slot is given back."""

    @property
    def has_waiters(self) -> bool:
        """Whether a task waits for a slot. From any thread."""
        return bool(self._waiters)

    def close(self) -> None:
        """Lend nothing more; tasks that wait get an error."""
        self._closed = True
        self.changed()

    async def acquire(
        self,
        role: Role,
        allowed: Among | Callable[[], Among],
        since: float,
        prefer: str | None,
        *,
        wait: bool,
    ) -> Lease:
        """A lease as soon as a slot is free; see `UsenetServers.lease`."""
        self._loop = self._loop or asyncio.get_running_loop()
        while True:
            among = self._narrowed(role, allowed() if callable(allowed) else allowed, prefer)
            if not wait:
                among = self._well(role, among)
            lease = self._take(role, among)
            if lease is not None:
                return lease
            entries = self.roster.candidates(role, among)
            limit = self.roster.wait_limit(entries, since, self.now())
            if limit is not None and limit <= 0:
                everywhere = len(entries) == len(self.roster.usable(role))
                kind = StoreUnusableError if everywhere else StoreUnavailableError
                raise kind(self.roster.reasons(entries))
            with self.waits.announced(partial(self._why_ill, role, among)):
                lease = await self._wait(_Waiter(role, among), limit)
            if lease is not None:
                return lease

    def give_back(self, entry: ServerSlots, slot: ConnectionSlot) -> None:
        """Free a slot; the task that waits longest and can use it gets it."""
        entry.give_back(slot)
        if self._closed:
            slot.drop()
            if not any(s.lanes for every in self.roster.entries for s in every.slots):
                self.all_back.set()
            return
        for waiter in self._waiters:
            if waiter.lease is None:
                waiter.lease = self._take(waiter.role, waiter.among)
                if waiter.lease is not None:
                    waiter.event.set()
                    return

    def from_thread(self, give_back: Callable[[], None]) -> None:
        """Give a slot back, from a thread that was abandoned."""
        assert self._loop is not None
        # In a closed loop no task waits for the slot.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(give_back)

    def changed(self) -> None:
        """A server's health has changed: all waiting tasks choose again."""
        for waiter in self._waiters:
            waiter.event.set()

    def _take(self, role: Role, among: Among) -> Lease | None:
        taken = self.roster.take(role, among, self.now())
        return Lease(self, *taken) if taken is not None else None

    def _why_ill(self, role: Role, among: Among) -> Waiting | None:
        """Why none of the servers serves; None when one is well and only busy."""
        entries = self.roster.candidates(role, among)
        if not entries or any(entry.is_well for entry in entries):
            return None
        now = self.now()
        nexts = [n for e in entries if (n := e.health.retry_at) is not None and n > now]
        reason = f"waiting for {self.roster.reasons(entries, by_host=True)}"
        return Waiting(reason, min(nexts) - now if nexts else None, what=WaitsFor.SERVER)

    async def _wait(self, waiter: _Waiter, seconds: float | None) -> Lease | None:
        self._waiters.append(waiter)
        try:
            with anyio.move_on_after(seconds):
                await waiter.event.wait()
        except BaseException:
            if waiter.lease is not None:
                waiter.lease.release()
            raise
        finally:
            self._waiters.remove(waiter)
        return waiter.lease

    def _narrowed(self, role: Role, allowed: Among, prefer: str | None) -> Among:
        """The names to choose from now; an error when there are none. None: all."""
        if self._closed:
            raise StoreUnavailableError("The connections are being closed.")
        roster = self.roster
        candidates = roster.candidates(role, allowed)
        if any(e.server.name == prefer and e.is_well for e in candidates):
            assert prefer is not None
            return (prefer,)
        if candidates:
            return allowed
        if allowed is not None and roster.usable(role):
            raise StoreUnavailableError(roster.reasons(roster.named(allowed), role))
        entries = roster.configured(role)
        if not entries:
            raise StoreUnusableError(f"No server has the role {role.value!r} in the settings.")
        raise StoreUnusableError(roster.reasons(entries, role))

    def _well(self, role: Role, among: Among) -> list[str]:
        """Which of the names are well now; an error when none is."""
        entries = self.roster.candidates(role, among)
        well = [e.server.name for e in entries if e.is_well]
        if not well:
            raise StoreUnavailableError(self.roster.reasons(entries))
        return well
