"""All servers together: their connections for tasks, and what a user may change.

Knows limits and closing. Refuses to know which task waits (`lease_queue`), which server comes
first (`roster`) and articles (`posting`, `article_requests`). Lives in one event loop; only
`Lease.run` leaves it, for one worker-thread call.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType

import anyio
from anyio import to_thread

from usenetsync_tui.errors import StoreError, StoreUnusableError, UsageError
from usenetsync_tui.model.servers.servers import Role, Server, ServerStatus
from usenetsync_tui.model.waiting import Waiting, Waits
from usenetsync_tui.store.pause import pause
from usenetsync_tui.store.usenet.connection.sending.sender import Senders
from usenetsync_tui.store.usenet.connection.shared import Newsgroups
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.connection.throttle import TokenBucket
from usenetsync_tui.store.usenet.pool.connection_slot import ConnectionSlot
from usenetsync_tui.store.usenet.pool.health import BACKOFF
from usenetsync_tui.store.usenet.pool.lease import Lease
from usenetsync_tui.store.usenet.pool.lease_queue import Among, LeaseQueue
from usenetsync_tui.store.usenet.pool.roster import Roster
from usenetsync_tui.store.usenet.pool.silence import silence
from usenetsync_tui.threads import Threads

_GOODBYE = 0.5
"""Seconds that connections get to end when the pool closes."""


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
        self.senders = Senders()
        """The process that sends what is in shared memory, and encrypts."""
        self.roster = Roster(
            servers,
            self._throttle,
            self._fetch_throttle,
            newsgroups=self.newsgroups,
            senders=self.senders,
            backoff=backoff,
            patience=patience,
        )
        self.threads = Threads(sum(s.connections * max(1, s.pipeline) for s in servers), "usenet")
        """Enough for every lane of every connection."""
        self._queue = LeaseQueue(self.roster, self.threads, self.waits, now)

    def now(self) -> float:
        """The time in seconds, of the clock that all times here use."""
        return self._now()

    @property
    def lanes(self) -> int:
        """Articles posted at once to the servers of the best priority, as they are configured."""
        return self.roster.lanes

    def statuses(self) -> tuple[ServerStatus, ...]:
        """The current state of all servers, in the order of the settings."""
        now = self.now()
        return tuple(entry.status(now) for entry in self.roster.entries)

    async def pause(self, server: Server, words: str, seconds: float) -> None:
        """Wait before another try at a server; `words` say why the last one failed."""
        await pause(self.waits, f"waiting for {server.host}: {words}", seconds)

    def _silence(self) -> Waiting | None:
        return silence(self.roster.entries)

    # What a user may change; `UsageError` when there is no server of the name

    def set_bandwidth_limit(self, bytes_per_second: int) -> None:
        """Limit posting to all servers together; 0: no limit. Takes effect at once."""
        self._throttle.set_rate(bytes_per_second)

    def set_server_bandwidth_limit(self, name: str, bytes_per_second: int) -> None:
        """Limit posting to one server; 0: only the limit of all servers applies."""
        self.roster.entry(name).throttle.set_rate(bytes_per_second)

    def set_fetch_limit(self, bytes_per_second: int) -> None:
        """Limit fetching from all servers together; 0: no limit."""
        self._fetch_throttle.set_rate(bytes_per_second)

    def set_server_fetch_limit(self, name: str, bytes_per_second: int) -> None:
        """Limit fetching from one server; 0: only the limit of all servers applies."""
        self.roster.entry(name).fetch_throttle.set_rate(bytes_per_second)

    def set_connections(self, name: str, count: int) -> None:
        """Set how many connections a server may have from now on, 1 to the configured number.

        Surplus idle connections close at once, the others when they are given back.
        """
        entry = self.roster.entry(name)
        if not 1 <= count <= entry.server.connections:
            raise UsageError(
                f"Server {name} can have 1 to {entry.server.connections} connections "
                "(connections in its settings)."
            )
        entry.set_connections(count)
        self._queue.changed()

    def hold(self, name: str) -> None:
        """Pause a server: it gets no new work, and its connections close.

        Other servers take over; if there is none, requests wait without losing patience.
        """
        self.roster.entry(name).hold()
        self._queue.changed()

    def release(self, name: str) -> None:
        """Resume a server: the next request tries it, whether it was paused, down or stopped."""
        self.roster.entry(name).release(self.now())
        self._queue.changed()

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
        lease = await self._queue.acquire(role, among, since, prefer, wait=wait)
        try:
            yield lease
        finally:
            lease.release()

    async def open_lanes(self) -> None:
        """Open the connections on which articles are posted, of the servers that serve first."""
        async with anyio.create_task_group() as group:
            for _ in range(self.roster.free(Role.POST, self.now())):
                group.start_soon(self._open_lane)

    async def _open_lane(self) -> None:
        # What fails is known of the server from now on, and told to who posts.
        with contextlib.suppress(StoreError, StoreUnusableError, Lost, Unreachable, Refused):
            async with self.lease(Role.POST, since=self.now(), wait=False) as lease:
                await lease.run(lambda connection: None)

    async def aclose(self) -> None:
        """Close all connections; tasks that use one get an error."""
        self._queue.close()
        slots = [slot for entry in self.roster.entries for slot in entry.slots]
        for slot in slots:
            if slot.lanes:
                slot.abort()
        idle = [slot for slot in slots if not slot.lanes]
        # A thread in a name lookup cannot be woken: do not wait, it ends with the process.
        with anyio.move_on_after(_GOODBYE, shield=True):
            await to_thread.run_sync(_quit, idle, abandon_on_cancel=True)
            if any(slot.lanes for slot in slots):
                await self._queue.all_back.wait()
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self.threads.close, _GOODBYE)
            await to_thread.run_sync(self.senders.await_end)
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


def _quit(slots: Sequence[ConnectionSlot]) -> None:
    for slot in slots:
        slot.quit()
