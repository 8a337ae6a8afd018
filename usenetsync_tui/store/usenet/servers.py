"""All servers together: which one is asked, who waits, and what a failure does to a server.

Knows roles, priorities and patience. Refuses to know articles (`posting`, `looking`). Lives in
one event loop; only `Lease.run` leaves it, for one worker-thread call.

Routing: of the servers that have the role and are well, those of the lowest priority number;
of these the one with the most free connections. One of a higher number serves when none of a
lower number is well, not when they are merely busy.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from types import TracebackType

import anyio
from anyio import to_thread

from usenetsync_tui.errors import StoreUnavailableError, StoreUnusableError
from usenetsync_tui.model.servers import Role, Server, ServerState, ServerStatus
from usenetsync_tui.store.usenet.health import BACKOFF
from usenetsync_tui.store.usenet.lease import Lease
from usenetsync_tui.store.usenet.slots import Place, Slot, post_lanes
from usenetsync_tui.store.usenet.threads import Threads
from usenetsync_tui.store.usenet.throttle import TokenBucket

_GOODBYE = 5.0
"""Seconds the connections in use get to end when everything is closed."""


@dataclass(eq=False, slots=True)
class _Waiter:
    role: Role
    among: Collection[str] | None
    event: anyio.Event = field(default_factory=anyio.Event)
    lease: Lease | None = None


class UsenetServers:
    """The servers of an engine, shared by all folders. Close it, or use it as a context."""

    def __init__(
        self,
        servers: Sequence[Server],
        *,
        patience: float | None = None,
        bandwidth_limit: int = 0,
        backoff: Sequence[float] = BACKOFF,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`patience`: seconds to wait while no server is well; None: for ever.

        `backoff`: seconds between attempts at a server that is down, the last one for ever.

        `bandwidth_limit`: bytes a second posted to all servers together; 0: no limit.
        """
        self._now = now
        self._patience = patience
        self._throttle = TokenBucket(bandwidth_limit)
        self._places = {s.name: Place(s, (self._throttle,), backoff=backoff) for s in servers}
        if len(self._places) < len(servers):
            raise ValueError("two servers have the same name")
        self.threads = Threads(sum(s.connections * max(1, s.pipeline) for s in servers))
        """Enough for every lane of every connection."""
        self._waiters: list[_Waiter] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._all_back = anyio.Event()

    def now(self) -> float:
        """Seconds, of the clock all times here are of."""
        return self._now()

    @property
    def lanes(self) -> int:
        """Articles posted at once to the servers of the best priority."""
        posting = [s for s in self._servers() if post_lanes(s)]
        best = min((s.priority for s in posting), default=0)
        return max(1, sum(post_lanes(s) for s in posting if s.priority == best))

    def statuses(self) -> tuple[ServerStatus, ...]:
        """All servers now, in the order of the settings."""
        now = self.now()
        return tuple(place.status(now) for place in self._places.values())

    def set_bandwidth_limit(self, bytes_per_second: int) -> None:
        """For all servers together; 0: no limit. At once, for what is under way too."""
        self._throttle.set_rate(bytes_per_second)

    def set_server_bandwidth_limit(self, name: str, bytes_per_second: int) -> None:
        """For one server."""
        self._places[name].throttle.set_rate(bytes_per_second)

    def usable(self, role: Role) -> list[str]:
        """Names of the servers that have a role and are not stopped, the best first."""
        places = [p for p in self._places.values() if self._is_usable(p, role)]
        return [p.server.name for p in sorted(places, key=lambda p: p.server.priority)]

    def stopped(self, role: Role) -> list[str]:
        """Names of the servers that were to have a role and are stopped."""
        places = [p for p in self._places.values() if role in p.server.roles]
        return [p.server.name for p in places if p.health.state is ServerState.STOPPED]

    def ranked(self, role: Role, spread: int) -> list[str]:
        """The usable servers, those of the best priority turned by `spread`, then the others."""
        names = self.usable(role)
        if not names:
            return []
        top = self._places[names[0]].server.priority
        best = [name for name in names if self._places[name].server.priority == top]
        turn = spread % len(best)
        return best[turn:] + best[:turn] + names[len(best) :]

    def is_well(self, name: str) -> bool:
        """The server may be used now, as far as we know."""
        return self._places[name].health.is_well

    def state(self, name: str) -> ServerState:
        """How a server is doing."""
        return self._places[name].health.state

    def has_role(self, role: Role) -> bool:
        """Any server is configured to have it."""
        return any(role in s.roles for s in self._servers())

    @contextlib.asynccontextmanager
    async def lease(
        self,
        role: Role,
        *,
        since: float,
        among: Collection[str] | None = None,
        prefer: str | None = None,
    ) -> AsyncIterator[Lease]:
        """A connection of a server that has a role, as soon as there is one.

        `among` restricts the choice to some names; `prefer` is taken if it is well. `since`
        is when our patience began, if the servers were ill before.
        `StoreUnusableError` when none of them can be used before the settings change, or when
        none was well for as long as we are patient: then no other article would fare better.
        `StoreUnavailableError` when only those `among` were not.
        """
        lease = await self._acquire(role, among, since, prefer)
        try:
            yield lease
        finally:
            lease.release()

    async def aclose(self) -> None:
        """Close all connections; whoever uses one gets an error."""
        self._closed = True
        slots = [slot for place in self._places.values() for slot in place.slots]
        for slot in slots:
            if slot.lanes:
                slot.abort()
        for waiter in self._waiters:
            waiter.event.set()
        with anyio.move_on_after(_GOODBYE, shield=True):
            await to_thread.run_sync(_quit, [slot for slot in slots if not slot.lanes])
            if any(slot.lanes for slot in slots):
                await self._all_back.wait()
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self.threads.close, 1.0)

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

    def give_back(self, slot: Slot) -> None:
        """A slot is free again: for the one who waits longest and can use it."""
        slot.place.give_back(slot)
        if self._closed:
            slot.drop()
            if not any(s.lanes for place in self._places.values() for s in place.slots):
                self._all_back.set()
            return
        for waiter in self._waiters:
            if waiter.lease is None:
                waiter.lease = self._try(waiter.role, waiter.among)
                if waiter.lease is not None:
                    waiter.event.set()
                    return

    def from_thread(self, give_back: Callable[[], None]) -> None:
        """Give a slot back, from a thread that was abandoned."""
        assert self._loop is not None
        # A loop that is closed has nobody who waits for the slot.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(give_back)

    def changed(self) -> None:
        """A server's health is another: all who wait look again."""
        for waiter in self._waiters:
            waiter.event.set()

    # Choosing and waiting

    def _servers(self) -> list[Server]:
        return [place.server for place in self._places.values()]

    def _is_usable(self, place: Place, role: Role) -> bool:
        return place.has(role) and place.health.state is not ServerState.STOPPED

    def _candidates(self, role: Role, among: Collection[str] | None) -> list[Place]:
        names = self._places if among is None else among
        places = [self._places[name] for name in names]
        return [p for p in places if self._is_usable(p, role)]

    def _try(self, role: Role, among: Collection[str] | None) -> Lease | None:
        now = self.now()
        places = self._candidates(role, among)
        probed = [p for p in places if not p.health.is_well and p.free(role, now) > 0]
        well = [p for p in places if p.health.is_well]
        best = min((p.server.priority for p in well), default=None)
        chosen = [p for p in well if p.server.priority == best]
        chosen.sort(key=lambda p: -p.free(role, now))
        # One that may be well again is tried by one article, if it would be the better choice.
        better = [p for p in probed if best is None or p.server.priority <= best]
        for place in (*better, *chosen):
            slot = place.take(role, now)
            if slot is not None:
                return Lease(self, slot)
        return None

    async def _acquire(
        self, role: Role, allowed: Collection[str] | None, since: float, prefer: str | None
    ) -> Lease:
        self._loop = self._loop or asyncio.get_running_loop()
        while True:
            among = self._narrowed(role, allowed, prefer)
            lease = self._try(role, among)
            if lease is not None:
                return lease
            places = self._candidates(role, among)
            wait = self._wait_limit(places, since)
            if wait is not None and wait <= 0:
                everywhere = len(places) == len(self.usable(role))
                kind = StoreUnusableError if everywhere else StoreUnavailableError
                raise kind(self._reasons(places))
            lease = await self._wait(_Waiter(role, among), wait)
            if lease is not None:
                return lease

    def _wait_limit(self, places: Sequence[Place], since: float) -> float | None:
        """Seconds until another look may help; 0: no patience left."""
        now = self.now()
        changes = [c for p in places if (c := p.health.next_change(now)) is not None]
        ill = [p.health.ill_since for p in places if p.health.ill_since is not None]
        if len(ill) < len(places) or self._patience is None:
            return min(changes, default=None)
        left = max(since, *ill) + self._patience - now
        return min([*changes, left]) if left > 0 else 0.0

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

    def _narrowed(
        self, role: Role, allowed: Collection[str] | None, prefer: str | None
    ) -> Collection[str] | None:
        """The names to choose from now; an error when there are none."""
        if self._closed:
            raise StoreUnavailableError("The connections are being closed.")
        candidates = self._candidates(role, allowed)
        if any(p.server.name == prefer and p.health.is_well for p in candidates):
            assert prefer is not None
            return (prefer,)
        if candidates:
            return allowed
        if allowed is not None and self.usable(role):
            raise StoreUnavailableError(self._reasons([self._places[n] for n in allowed], role))
        places = [p for p in self._places.values() if role in p.server.roles]
        if not places:
            raise StoreUnusableError(f"No server has the role {role.value!r} in the settings.")
        raise StoreUnusableError(self._reasons(places, role))

    def _reasons(self, places: Sequence[Place], role: Role | None = None) -> str:
        return "; ".join(
            f"{p.server.name} ({p.server.host}): "
            f"{(p.health.unfit.get(role) if role else None) or p.health.message}"
            for p in places
        )


def _quit(slots: Sequence[Slot]) -> None:
    for slot in slots:
        slot.quit()
