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
from usenetsync_tui.model.servers.servers import Role, Server, ServerState
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.store.usenet.connection.sending.sender import Senders
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
        senders: Senders | None = None,
        backoff: Sequence[float],
        patience: float | None,
    ) -> None:
        self._patience = patience
        self._entries = {
            s.name: ServerSlots(
                s,
                (throttle,),
                (fetch_throttle,),
                backoff=backoff,
                newsgroups=newsgroups,
                senders=senders,
            )
            for s in servers
        }
        if len(self._entries) < len(servers):
            raise ValueError("two servers have the same name")

    @property
    def entries(self) -> Collection[ServerSlots]:
        """All servers with their slots."""
        return self._entries.values()

    def entry(self, name: str) -> ServerSlots:
        """The server with a name; `UsageError` when there is none."""
        if name not in self._entries:
            raise UsageError(f"There is no server {safe_name(name)!r} in the settings.")
        return self._entries[name]

    @property
    def lanes(self) -> int:
        """Articles posted at once to the servers of the best priority, as they are configured."""
        posting = [e.server for e in self.entries if post_lanes(e.server)]
        best = min((s.priority for s in posting), default=0)
        return max(1, sum(post_lanes(s) for s in posting if s.priority == best))

    @property
    def fetching_lanes(self) -> int:
        """Articles fetched at once from the servers of the best priority, as configured."""
        fetching = [e.server for e in self.configured(Role.FETCH)]
        best = min((s.priority for s in fetching), default=0)
        mine = [s for s in fetching if s.priority == best]
        return max(1, sum(s.connections * max(1, s.pipeline) for s in mine))

    def connections(self, role: Role) -> int:
        """The connections of all servers that have a role, as they are configured; at least 1."""
        return max(1, sum(e.server.connections for e in self.configured(role)))

    def has_role(self, role: Role) -> bool:
        """Whether the settings give any server this role."""
        return any(role in e.server.roles for e in self.entries)

    def configured(self, role: Role) -> list[ServerSlots]:
        """The servers that have a role in the settings."""
        return [e for e in self.entries if role in e.server.roles]

    def usable(self, role: Role) -> list[str]:
        """Names of the servers that have a role and are not stopped, the best first."""
        entries = self.candidates(role, None)
        return [e.server.name for e in sorted(entries, key=lambda e: e.server.priority)]

    def stopped(self, role: Role) -> list[str]:
        """Names of the stopped servers that have a role in the settings."""
        stopped = [e for e in self.configured(role) if e.health.state is ServerState.STOPPED]
        return [e.server.name for e in stopped]

    def ranked(self, role: Role, spread: int) -> list[str]:
        """The usable servers: those of the best priority, rotated by `spread`, then the others."""
        names = self.usable(role)
        if not names:
            return []
        top = self._entries[names[0]].server.priority
        best = [name for name in names if self._entries[name].server.priority == top]
        turn = spread % len(best)
        return best[turn:] + best[:turn] + names[len(best) :]

    def is_well(self, name: str) -> bool:
        """Whether the server may be used now, as far as we know."""
        return self._entries[name].is_well

    def is_resting(self, name: str) -> bool:
        """Whether it is paused, by its own request or by the user."""
        entry = self._entries[name]
        return entry.held or entry.health.state is ServerState.PAUSED

    def words(self, name: str) -> str:
        """Why a server is not well."""
        return self._entries[name].message

    def candidates(self, role: Role, among: Collection[str] | None) -> list[ServerSlots]:
        """Servers that have a role and are not stopped, `among` some names or all."""
        names = self._entries if among is None else among
        entries = [self._entries[name] for name in names]
        return [e for e in entries if e.has(role) and e.health.state is not ServerState.STOPPED]

    def free(self, role: Role, now: float) -> int:
        """Connections that are free for a role now, of the servers that serve first."""
        well = [e for e in self.candidates(role, None) if e.is_well]
        best = min((e.server.priority for e in well), default=None)
        return sum(max(0, e.free(role, now)) for e in well if e.server.priority == best)

    def take(
        self, role: Role, among: Collection[str] | None, now: float
    ) -> tuple[ServerSlots, ConnectionSlot] | None:
        """The server that serves now, and a slot of it; None when all are busy or not well."""
        entries = self.candidates(role, among)
        probed = [e for e in entries if not e.is_well and e.free(role, now) > 0]
        well = [e for e in entries if e.is_well]
        best = min((e.server.priority for e in well), default=None)
        chosen = [e for e in well if e.server.priority == best]
        chosen.sort(key=lambda e: -e.free(role, now))
        # A server whose back-off is over is tried with one article, if it is a better choice.
        better = [e for e in probed if best is None or e.server.priority <= best]
        for entry in (*better, *chosen):
            slot = entry.take(role, now)
            if slot is not None:
                return entry, slot
        return None

    def wait_limit(self, entries: Sequence[ServerSlots], since: float, now: float) -> float | None:
        """Seconds until a retry may help; 0: no patience left; None: until a change is reported.

        A server that the user paused costs no patience: the user decides when it resumes.
        """
        changes = [c for e in entries if (c := e.health.next_change(now)) is not None]
        ill = [i for e in entries if not e.held and (i := e.health.ill_since) is not None]
        if len(ill) < len(entries) or self._patience is None:
            return min(changes, default=None)
        left = max(since, *ill) + self._patience - now
        return min([*changes, left]) if left > 0 else 0.0

    def reasons(
        self, entries: Sequence[ServerSlots], role: Role | None = None, *, by_host: bool = False
    ) -> str:
        """Why none of these serves. `by_host`: name only the host, for a short line."""
        return "; ".join(
            f"{e.server.host if by_host else f'{e.server.name} ({e.server.host})'}: "
            f"{(e.health.unfit.get(role) if role else None) or e.message}"
            for e in entries
        )

    def named(self, names: Collection[str]) -> list[ServerSlots]:
        """The servers with these names."""
        return [self._entries[name] for name in names]
