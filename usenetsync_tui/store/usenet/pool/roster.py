"""The servers of an engine: which may be used for what, and which comes first.

Knows roles, priorities, what the user paused, and patience. Refuses to know which task waits for
a connection (`servers`) and why.

Of the servers that have the role and are well, those with the lowest priority number serve; of
these, the one with the most free connections. One with a higher number serves when none with a
lower number is well, not when they are only busy.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.servers import Role, Server, ServerState
from usenetsync_tui.store.usenet.connection.shared import Newsgroups
from usenetsync_tui.store.usenet.connection.throttle import TokenBucket
from usenetsync_tui.store.usenet.pool.connection_slot import ConnectionSlot
from usenetsync_tui.store.usenet.pool.slots import ServerSlots, post_lanes


class Roster:
    """The servers by name, in the order of the settings."""

    def __init__(
        self,
        servers: Sequence[Server],
        throttle: TokenBucket,
        fetch_throttle: TokenBucket,
        *,
        newsgroups: Newsgroups,
        backoff: Sequence[float],
        patience: float | None,
    ) -> None:
        self._patience = patience
        self._places = {
            s.name: ServerSlots(
                s, (throttle,), (fetch_throttle,), backoff=backoff, newsgroups=newsgroups
            )
            for s in servers
        }
        if len(self._places) < len(servers):
            raise ValueError("two servers have the same name")

    @property
    def places(self) -> Collection[ServerSlots]:
        """All servers with their slots."""
        return self._places.values()

    def place(self, name: str) -> ServerSlots:
        """The server with a name; `UsageError` when there is none."""
        if name not in self._places:
            raise UsageError(f"There is no server {safe_name(name)!r} in the settings.")
        return self._places[name]

    @property
    def lanes(self) -> int:
        """Articles posted at once to the servers of the best priority, as they are configured."""
        posting = [p.server for p in self.places if post_lanes(p.server)]
        best = min((s.priority for s in posting), default=0)
        return max(1, sum(post_lanes(s) for s in posting if s.priority == best))

    def has_role(self, role: Role) -> bool:
        """Whether the settings give any server this role."""
        return any(role in p.server.roles for p in self.places)

    def configured(self, role: Role) -> list[ServerSlots]:
        """The servers that have a role in the settings."""
        return [p for p in self.places if role in p.server.roles]

    def usable(self, role: Role) -> list[str]:
        """Names of the servers that have a role and are not stopped, the best first."""
        places = self.candidates(role, None)
        return [p.server.name for p in sorted(places, key=lambda p: p.server.priority)]

    def stopped(self, role: Role) -> list[str]:
        """Names of the stopped servers that have a role in the settings."""
        stopped = [p for p in self.configured(role) if p.health.state is ServerState.STOPPED]
        return [p.server.name for p in stopped]

    def ranked(self, role: Role, spread: int) -> list[str]:
        """The usable servers: those of the best priority, rotated by `spread`, then the others."""
        names = self.usable(role)
        if not names:
            return []
        top = self._places[names[0]].server.priority
        best = [name for name in names if self._places[name].server.priority == top]
        turn = spread % len(best)
        return best[turn:] + best[:turn] + names[len(best) :]

    def is_well(self, name: str) -> bool:
        """Whether the server may be used now, as far as we know."""
        return self._places[name].is_well

    def is_resting(self, name: str) -> bool:
        """Whether it is paused, by its own request or by the user."""
        place = self._places[name]
        return place.held or place.health.state is ServerState.PAUSED

    def words(self, name: str) -> str:
        """Why a server is not well."""
        return self._places[name].message

    def candidates(self, role: Role, among: Collection[str] | None) -> list[ServerSlots]:
        """Servers that have a role and are not stopped, `among` some names or all."""
        names = self._places if among is None else among
        places = [self._places[name] for name in names]
        return [p for p in places if p.has(role) and p.health.state is not ServerState.STOPPED]

    def free(self, role: Role, now: float) -> int:
        """Connections that are free for a role now, of the servers that serve first."""
        well = [p for p in self.candidates(role, None) if p.is_well]
        best = min((p.server.priority for p in well), default=None)
        return sum(max(0, p.free(role, now)) for p in well if p.server.priority == best)

    def take(
        self, role: Role, among: Collection[str] | None, now: float
    ) -> tuple[ServerSlots, ConnectionSlot] | None:
        """The server that serves now, and a slot of it; None when all are busy or not well."""
        places = self.candidates(role, among)
        probed = [p for p in places if not p.is_well and p.free(role, now) > 0]
        well = [p for p in places if p.is_well]
        best = min((p.server.priority for p in well), default=None)
        chosen = [p for p in well if p.server.priority == best]
        chosen.sort(key=lambda p: -p.free(role, now))
        # A server whose back-off is over is tried with one article, if it is a better choice.
        better = [p for p in probed if best is None or p.server.priority <= best]
        for place in (*better, *chosen):
            slot = place.take(role, now)
            if slot is not None:
                return place, slot
        return None

    def wait_limit(self, places: Sequence[ServerSlots], since: float, now: float) -> float | None:
        """Seconds until a retry may help; 0: no patience left; None: until a change is reported.

        A server that the user paused costs no patience: the user decides when it resumes.
        """
        changes = [c for p in places if (c := p.health.next_change(now)) is not None]
        ill = [i for p in places if not p.held and (i := p.health.ill_since) is not None]
        if len(ill) < len(places) or self._patience is None:
            return min(changes, default=None)
        left = max(since, *ill) + self._patience - now
        return min([*changes, left]) if left > 0 else 0.0

    def reasons(
        self, places: Sequence[ServerSlots], role: Role | None = None, *, by_host: bool = False
    ) -> str:
        """Why none of these serves. `by_host`: name only the host, for a short line."""
        return "; ".join(
            f"{p.server.host if by_host else f'{p.server.name} ({p.server.host})'}: "
            f"{(p.health.unfit.get(role) if role else None) or p.message}"
            for p in places
        )

    def named(self, names: Collection[str]) -> list[ServerSlots]:
        """The servers with these names."""
        return [self._places[name] for name in names]
