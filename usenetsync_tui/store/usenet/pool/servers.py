"""All servers together: which task gets a connection, which waits, and what a user may change.

Knows waiting and closing. Refuses to know which server comes first (`roster`) and articles
(`posting`, `looking`). Lives in one event loop; only `Lease.run` leaves it, for one
worker-thread call.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType

import anyio
from anyio import to_thread

from usenetsync_tui.errors import StoreUnavailableError, StoreUnusableError, UsageError
from usenetsync_tui.model.servers import Role, Server, ServerStatus
from usenetsync_tui.model.waiting import Waiting, Waits
from usenetsync_tui.store.pause import pause
from usenetsync_tui.store.usenet.connection.shared import Newsgroups
from usenetsync_tui.store.usenet.connection.throttle import TokenBucket
from usenetsync_tui.store.usenet.pool.connection_slot import ConnectionSlot
from usenetsync_tui.store.usenet.pool.health import BACKOFF
from usenetsync_tui.store.usenet.pool.lease import Lease
from usenetsync_tui.store.usenet.pool.roster import Roster
from usenetsync_tui.store.usenet.pool.silence import silence
from usenetsync_tui.store.usenet.pool.slots import ServerSlots
from usenetsync_tui.store.usenet.pool.threads import Threads

_GOODBYE = 0.5
"""Seconds that connections get to end when the pool closes."""

Among = Collection[str] | None
"""Names of servers; None: all of them."""


@dataclass(eq=False, slots=True)
class _Waiter:
    role: Role
    among: Among
    event: anyio.Event = field(default_factory=anyio.Event)
    lease: Lease | None = None


class UsenetServers:
    """The servers of an engine, shared by all folders. Close it, or use it in `async with`."""

    def __init__(
        self,
        servers: Sequence[Server],
        *,
        patience: float | None = None,
        bandwidth_limit: int = 0,
        fetch_limit: int = 0,
        backoff: Sequence[float] = BACKOFF,
        now: Callable[[], float] = time.monotonic,
        waits: Waits | None = None,
    ) -> None:
        """`patience`: seconds to wait while no server is well; None: forever.

        `backoff`: seconds between attempts at a server that is down; the last one repeats.

        `bandwidth_limit`, `fetch_limit`: bytes a second posted to all servers together, and
        fetched from them; 0: no limit.

        `waits` announces what the servers wait for.
        """
        self.waits = waits or Waits()
        self._now = now
        self._announced = contextlib.ExitStack()
        self._announced.enter_context(self.waits.announced(self._silence))
        self._throttle = TokenBucket(bandwidth_limit)
        self._fetch_throttle = TokenBucket(fetch_limit)
        self.newsgroups = Newsgroups()
        """The groups of our articles, for servers that require a GROUP command first."""
        self.roster = Roster(
            servers,
            self._throttle,
            self._fetch_throttle,
            newsgroups=self.newsgroups,
            backoff=backoff,
            patience=patience,
        )
        self.threads = Threads(sum(s.connections * max(1, s.pipeline) for s in servers))
        """Enough for every lane of every connection."""
        self._waiters: list[_Waiter] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._all_back = anyio.Event()

    def now(self) -> float:
        """The time in seconds, of the clock that all times here use."""
        return self._now()

    @property
    def has_waiters(self) -> bool:
        """Whether a task waits for a slot."""
        return bool(self._waiters)

    @property
    def lanes(self) -> int:
        """Articles posted at once to the servers of the best priority, as they are configured."""
        return self.roster.lanes

    def statuses(self) -> tuple[ServerStatus, ...]:
        """The current state of all servers, in the order of the settings."""
        now = self.now()
        return tuple(place.status(now) for place in self.roster.places)

    async def pause(self, server: Server, words: str, seconds: float) -> None:
        """Wait before another try at a server; `words` say why the last one failed."""
        await pause(self.waits, f"waiting for {server.host}: {words}", seconds)

    def _silence(self) -> Waiting | None:
        return silence(self.roster.places)

    # What a user may change; `UsageError` when there is no server of the name

    def set_bandwidth_limit(self, bytes_per_second: int) -> None:
        """Limit posting to all servers together; 0: no limit. Takes effect at once."""
        self._throttle.set_rate(bytes_per_second)

    def set_server_bandwidth_limit(self, name: str, bytes_per_second: int) -> None:
        """Limit posting to one server; 0: only the limit of all servers applies."""
        self.roster.place(name).throttle.set_rate(bytes_per_second)

    def set_fetch_limit(self, bytes_per_second: int) -> None:
        """Limit fetching from all servers together; 0: no limit."""
        self._fetch_throttle.set_rate(bytes_per_second)

    def set_server_fetch_limit(self, name: str, bytes_per_second: int) -> None:
        """Limit fetching from one server; 0: only the limit of all servers applies."""
        self.roster.place(name).fetch_throttle.set_rate(bytes_per_second)

    def set_connections(self, name: str, count: int) -> None:
        """Set how many connections a server may have from now on, 1 to the configured number.

        Surplus idle connections close at once, the others when they are given back.
        """
        place = self.roster.place(name)
        if not 1 <= count <= place.server.connections:
            raise UsageError(
                f"Server {name} can have 1 to {place.server.connections} connections "
                "(connections in its settings)."
            )
        place.set_connections(count)
        self.changed()

    def hold(self, name: str) -> None:
        """Pause a server: it gets no new work, and its connections close.

        Other servers take over; if there is none, requests wait without losing patience.
        """
        self.roster.place(name).hold()
        self.changed()

    def release(self, name: str) -> None:
        """Resume a server: the next request tries it, whether it was paused, down or stopped."""
        self.roster.place(name).release(self.now())
        self.changed()

    @contextlib.asynccontextmanager
    async def lease(
        self,
        role: Role,
        *,
        since: float,
        among: Among | Callable[[], Among] = None,
        prefer: str | None = None,
        wait: bool = True,
    ) -> AsyncIterator[Lease]:
        """A connection of a server that has a role, as soon as one is free.

        `among` restricts the choice to some names; a callable is asked again whenever a server's
        health changes. `prefer` is chosen if it is well. `since` is when the caller's patience
        began. Without `wait`, only servers that are well are chosen, and waited for only while
        they stay well.

        `StoreUnusableError` when no server can be used until the settings change, or when none
        was well for as long as the patience lasts: then other articles would fail as well.
        `StoreUnavailableError` when this is so only for those `among`, or without `wait`.
        """
        lease = await self._acquire(role, among, since, prefer, wait=wait)
        try:
            yield lease
        finally:
            lease.release()

    async def aclose(self) -> None:
        """Close all connections; tasks that use one get an error."""
        self._closed = True
        slots = [slot for place in self.roster.places for slot in place.slots]
        for slot in slots:
            if slot.lanes:
                slot.abort()
        for waiter in self._waiters:
            waiter.event.set()
        idle = [slot for slot in slots if not slot.lanes]
        # A thread in a name lookup cannot be woken: do not wait, it ends with the process.
        with anyio.move_on_after(_GOODBYE, shield=True):
            await to_thread.run_sync(_quit, idle, abandon_on_cancel=True)
            if any(slot.lanes for slot in slots):
                await self._all_back.wait()
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self.threads.close, _GOODBYE)
        self._announced.close()

    async def __aenter__(self) -> UsenetServers:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    # What leases need

    def give_back(self, place: ServerSlots, slot: ConnectionSlot) -> None:
        """Free a slot; the task that waits longest and can use it gets it."""
        place.give_back(slot)
        if self._closed:
            slot.drop()
            if not any(s.lanes for every in self.roster.places for s in every.slots):
                self._all_back.set()
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

    # Waiting

    def _take(self, role: Role, among: Among) -> Lease | None:
        taken = self.roster.take(role, among, self.now())
        return Lease(self, *taken) if taken is not None else None

    async def _acquire(
        self,
        role: Role,
        allowed: Among | Callable[[], Among],
        since: float,
        prefer: str | None,
        *,
        wait: bool,
    ) -> Lease:
        self._loop = self._loop or asyncio.get_running_loop()
        while True:
            among = self._narrowed(role, allowed() if callable(allowed) else allowed, prefer)
            if not wait:
                among = self._well(role, among)
            lease = self._take(role, among)
            if lease is not None:
                return lease
            places = self.roster.candidates(role, among)
            limit = self.roster.wait_limit(places, since, self.now())
            if limit is not None and limit <= 0:
                everywhere = len(places) == len(self.roster.usable(role))
                kind = StoreUnusableError if everywhere else StoreUnavailableError
                raise kind(self.roster.reasons(places))
            with self.waits.announced(partial(self._why_ill, role, among)):
                lease = await self._wait(_Waiter(role, among), limit)
            if lease is not None:
                return lease

    def _why_ill(self, role: Role, among: Among) -> Waiting | None:
        """Why none of the servers serves; None when one is well and only busy."""
        places = self.roster.candidates(role, among)
        if not places or any(place.is_well for place in places):
            return None
        now = self.now()
        nexts = [n for p in places if (n := p.health.retry_at) is not None and n > now]
        reason = f"waiting for {self.roster.reasons(places, by_host=True)}"
        return Waiting(reason, min(nexts) - now if nexts else None)

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
        if any(p.server.name == prefer and p.is_well for p in candidates):
            assert prefer is not None
            return (prefer,)
        if candidates:
            return allowed
        if allowed is not None and roster.usable(role):
            raise StoreUnavailableError(roster.reasons(roster.named(allowed), role))
        places = roster.configured(role)
        if not places:
            raise StoreUnusableError(f"No server has the role {role.value!r} in the settings.")
        raise StoreUnusableError(roster.reasons(places, role))

    def _well(self, role: Role, among: Among) -> list[str]:
        """Which of the names are well now; an error when none is."""
        places = self.roster.candidates(role, among)
        well = [p.server.name for p in places if p.is_well]
        if not well:
            raise StoreUnavailableError(self.roster.reasons(places))
        return well


def _quit(slots: Sequence[ConnectionSlot]) -> None:
    for slot in slots:
        slot.quit()
