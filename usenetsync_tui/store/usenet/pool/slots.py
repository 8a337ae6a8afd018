"""The connections of one server: which are in use, and for which role one is free.

Knows slots, roles and lanes. Refuses to know other servers, and waiting (`servers`). Used by the
event loop only.

A server that posts and has other roles reserves one of its connections for those: an upload never
blocks verification. So it has `connections - 1` lanes for posting.
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.model.servers.servers import Role, Server, ServerStatus, Tls
from usenetsync_tui.store.usenet.connection.sending.sender import Senders
from usenetsync_tui.store.usenet.connection.shared import Newsgroups
from usenetsync_tui.store.usenet.connection.throttle import TokenBucket
from usenetsync_tui.store.usenet.pool.connection_maker import ConnectionMaker
from usenetsync_tui.store.usenet.pool.connection_slot import ConnectionSlot
from usenetsync_tui.store.usenet.pool.health import Health

_HELD = "paused by you"


def post_lanes(server: Server) -> int:
    """How many articles a server posts at once."""
    if Role.POST not in server.roles:
        return 0
    shared = len(server.roles) > 1 and server.connections > 1
    return server.connections - shared


class ServerSlots:
    """One server with its slots and its health."""

    def __init__(
        self,
        server: Server,
        throttles: Sequence[TokenBucket] = (),
        fetch_throttles: Sequence[TokenBucket] = (),
        *,
        backoff: Sequence[float],
        newsgroups: Newsgroups | None = None,
        senders: Senders | None = None,
    ) -> None:
        self.server = server
        self.health = Health(server, backoff)
        self.throttle = TokenBucket(server.bandwidth_limit)
        self.fetch_throttle = TokenBucket(server.fetch_limit)
        self._maker = ConnectionMaker(
            server,
            (self.throttle, *throttles),
            (self.fetch_throttle, *fetch_throttles),
            newsgroups,
            senders,
        )
        self.slots = tuple(
            ConnectionSlot(self._maker, number + 1) for number in range(server.connections)
        )
        self.held = False
        """Whether the user paused it."""
        self.latency = 0.0
        """Moving mean of the seconds until an answer."""
        self._most = server.connections
        self._post_limit = post_lanes(server)
        self._probing: ConnectionSlot | None = None

    def has(self, role: Role) -> bool:
        """Whether the role is configured, and the server did not refuse it."""
        return role in self.server.roles and role not in self.health.unfit

    @property
    def is_well(self) -> bool:
        """Whether it may be used now, as far as we know."""
        return self.health.is_well and not self.held

    @property
    def allowed(self) -> int:
        """Connections it may have: the lower of the server's and the user's limit."""
        return min(self.health.allowed, self._most)

    @property
    def message(self) -> str:
        """Why it is not used, or not for all roles: the user's pause, or the server's reply."""
        words = [_HELD] if self.held else []
        if self.health.message:
            words.append(self.health.message)
        elif not self.held:
            words += self.health.unfit.values()
        return "; ".join(words)

    def set_connections(self, count: int) -> None:
        """Limit its connections; surplus ones close when no task uses them."""
        self._most = count
        self._close_surplus()

    def hold(self) -> None:
        """Pause it: no new work; its connections close when no task uses them."""
        self.held = True
        self._close_surplus()

    def release(self, now: float) -> None:
        """Resume it, whatever the reason it was not used."""
        # What a connection learnt when it opened (no posting) may have changed.
        self._close_idle(len(self.slots))
        self.held = False
        self._maker.shared.logins.forget()
        self.health.try_again(now)

    def _close_surplus(self) -> None:
        self._close_idle(self.connections() - (0 if self.held else self._most))

    def _close_idle(self, most: int) -> None:
        idle = [slot for slot in self.slots if slot.is_open and not slot.lanes]
        for slot in idle[: max(0, most)]:
            slot.drop()

    def busy(self) -> int:
        """Slots in use."""
        return sum(slot.lanes > 0 for slot in self.slots)

    def connections(self) -> int:
        """Connections that are open or being opened."""
        return sum(slot.is_open or slot.connecting for slot in self.slots)

    def free(self, role: Role, now: float) -> int:
        """How many more tasks of a role can get a slot now."""
        self.health.grow(now)
        if self.held:
            return 0
        if not self.health.is_well:
            return int(self._probing is None and self.health.may_be_probed(now))
        free = self.allowed - self.busy()
        if role is not Role.POST:
            # With too many connections, those in use must become idle first.
            return free if free < 0 else max(free, self._free_lanes(role))
        reserved = self.server.connections - self._post_limit
        limit = max(1, self.allowed - reserved)
        return min(free, limit - sum(slot.role is Role.POST for slot in self.slots))

    def take(self, role: Role, now: float) -> ConnectionSlot | None:
        """A slot for a role, None when none is free; return it with `give_back`."""
        if self.free(role, now) <= 0:
            return None
        slot = self._pick(role)
        if slot is None:
            return None
        if not self.health.is_well:
            self._probing = slot
        if not slot.lanes:
            slot.taken()
        slot.role = role
        slot.lanes += 1
        return slot

    def give_back(self, slot: ConnectionSlot) -> None:
        """One task that took the slot returns it."""
        slot.lanes -= 1
        if not slot.lanes:
            slot.role = None
            self._close_surplus()
        if self._probing is slot:
            self._probing = None
        if slot.counts.latency:
            mean = self.latency or slot.counts.latency
            self.latency = mean + (slot.counts.latency - mean) * 0.05

    def _pick(self, role: Role) -> ConnectionSlot | None:
        if self.busy() < self.allowed:
            unused = [slot for slot in self.slots if not slot.lanes]
            return next((slot for slot in unused if slot.is_open), unused[0])
        shared = [slot for slot in self.slots if self._has_lane(slot, role)]
        return min(shared, key=lambda slot: slot.lanes, default=None)

    def _free_lanes(self, role: Role) -> int:
        return sum(self._has_lane(slot, role) for slot in self.slots)

    def _has_lane(self, slot: ConnectionSlot, role: Role) -> bool:
        return (
            role is slot.role is Role.FETCH
            and 0 < slot.lanes < self.server.pipeline
            and slot.is_open
        )

    def status(self, now: float) -> ServerStatus:
        """The server's current state, for the screen."""
        self.health.grow(now)
        health, server = self.health, self.server
        tls = server.tls is not Tls.NONE
        counts = [slot.counts for slot in self.slots]
        return ServerStatus(
            name=server.name,
            host=server.host,
            state=health.state,
            message=self.message,
            retry_in=None if health.retry_at is None else max(0.0, health.retry_at - now),
            roles=server.roles,
            open=sum(slot.is_open and not slot.connecting for slot in self.slots),
            busy=self.busy(),
            allowed=self.allowed,
            configured=server.connections,
            bytes=sum(c.bytes for c in counts),
            articles=sum(c.articles for c in counts),
            errors=sum(c.errors for c in counts),
            latency=self.latency,
            encrypted=tls,
            tls_verified=tls and server.verify_tls,
            connections=tuple(slot.status() for slot in self.slots),
            held=self.held,
            bandwidth_limit=self.throttle.rate,
            fetch_limit=self.fetch_throttle.rate,
        )
