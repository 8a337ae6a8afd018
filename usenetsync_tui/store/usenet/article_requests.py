"""Which servers to ask: whether they have articles (`PresenceCheck`), for one (`ArticleRequest`).

Knows that one server's no is not the others', and that no answer is not a no. Refuses to know
what follows from an article that is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from usenetsync_tui.errors import StoreUnavailableError
from usenetsync_tui.model.backoff import Backoff
from usenetsync_tui.model.servers.servers import Role
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.inquiry import Inquiry, ask_many
from usenetsync_tui.store.usenet.pool.lease import Lease
from usenetsync_tui.store.usenet.pool.servers import UsenetServers

_NOT_NOW = "no answer now"
_STOPPED = "stopped, and might have them"

BATCH = 1_000
"""Articles in one worker-thread call of STATs; then others get a turn on the connection."""


@value_object
class RequestSettings:
    """The parameters that all requests share: servers, their role, tries and back-off."""

    servers: UsenetServers
    role: Role
    tries: int
    backoff: Backoff

    def stopped(self) -> dict[str, str]:
        """The stopped servers and why they are stopped: what they have is not known."""
        roster = self.servers.roster
        return {n: f"{_STOPPED} ({roster.words(n)})" for n in roster.stopped(self.role)}


class ArticleRequest:
    """One name of an article on its way from server to server, until one has answered.

    Knows which servers may be asked next. Refuses to know connections (`fetch_lane`).
    """

    def __init__(self, settings: RequestSettings, *, wait: bool) -> None:
        """`wait`: also wait for servers that are not well now."""
        self._settings = settings
        self._servers = settings.servers
        self._wait = wait
        self._tries: Counter[str] = Counter()
        self._asked: set[str] = set()
        self._failures: dict[str, str] = {}
        self._words = ""
        self.since = self._servers.now()
        """When the request began, for the patience with servers that do not answer."""

    @property
    def is_over(self) -> bool:
        """Whether no server is left to ask."""
        return not self._left() and bool(self._usable() or self._asked)

    def among(self) -> list[str] | None:
        """The servers to choose from now; None: any, as none can be asked."""
        left = self._left()
        # A server that failed gets its next try after the others had theirs. If no server can
        # be asked, the lease raises the reason.
        fewest = min((self._tries[n] for n in left), default=0)
        return [n for n in left if self._tries[n] == fewest] or None

    def answered(self, name: str) -> None:
        """A server has said no, or has sent a damaged article."""
        self._asked.add(name)

    def broke(self, name: str, failure: Lost | Refused | Unreachable) -> None:
        """A server has not answered. `Unreachable`: its health decides when it is tried again."""
        self._words = ""
        if isinstance(failure, Unreachable):
            return
        self._words = failure.words
        is_excused = failure.innocent if isinstance(failure, Lost) else failure.opening
        if not is_excused:
            self._tries[name] += 1
            if self._tries[name] >= self._settings.tries:
                self._failures[name] = failure.words

    async def pause(self, lease: Lease) -> None:
        """Wait before another try at a server that failed, unless another one can be asked."""
        name = lease.server.name
        if self._tries[name] and name not in self._asked and not self._another_is_due(name):
            seconds = self._settings.backoff(self._tries[name])
            await self._servers.pause(lease.server, self._words, seconds)

    def raise_if_unknown(self) -> None:
        """`StoreUnavailableError` unless every server has answered."""
        unknown = self._settings.stopped() | self._failures
        unknown = {n: words for n, words in unknown.items() if n not in self._asked}
        if unknown:
            raise StoreUnavailableError(_each(unknown))

    def _usable(self) -> list[str]:
        return self._servers.roster.usable(self._settings.role)

    def _left(self) -> list[str]:
        """The servers that may still be asked; without `wait`, ill ones are given up."""
        left = [n for n in self._usable() if n not in self._asked and n not in self._failures]
        if self._wait:
            return left
        ill = [n for n in left if not self._servers.roster.is_well(n)]
        self._failures |= {n: self._servers.roster.words(n) or _NOT_NOW for n in ill}
        return [n for n in left if n not in self._failures]

    def _another_is_due(self, name: str) -> bool:
        """Whether another server failed less often than this one, so that it is asked at once."""
        roster, role = self._servers.roster, self._settings.role
        return any(
            self._tries[n] < self._tries[name] and roster.is_well(n)
            for n in roster.usable(role)
            if n not in self._asked and n not in self._failures
        )


class PresenceCheck:
    """A check of many articles: asks each server that has the role for those not found yet."""

    def __init__(self, settings: RequestSettings, wire_ids: Sequence[str]) -> None:
        self._settings = settings
        self._servers = settings.servers
        self._wire_ids = wire_ids
        self._inquiries: dict[str, Inquiry] = {}
        self._ill: dict[str, str] = {}
        """Servers that did not get well while the check waited for them, with the reason."""
        self._since = self._servers.now()
        self.there: set[str] = set()

    async def run(self) -> None:
        """Ask until each server has answered or is given up.

        `StoreUnusableError` when no server can be asked at all.
        """
        while True:
            usable = self._servers.roster.usable(self._settings.role)
            left = [name for name in usable if name not in self._ill and self._is_wanted(name)]
            if not left and (usable or self._was_heard()):
                return
            failures = 0
            try:
                # If no server can be asked, the lease raises the reason.
                async with self._servers.lease(
                    self._settings.role, since=self._since, among=left or None
                ) as lease:
                    inquiry = self._inquiry(lease.server.name)
                    await self._ask(lease, inquiry)
                    failures = inquiry.failures
            except StoreUnavailableError as unavailable:
                roster = self._servers.roster
                self._ill |= {n: roster.words(n) or str(unavailable) for n in left}
            if failures:
                await self._servers.pause(
                    lease.server, inquiry.words, self._settings.backoff(failures)
                )

    def unknown(self) -> dict[str, str]:
        """Articles not found, but which some server may have: by wire id, why it is unclear."""
        silent = self._settings.stopped() | self._ill
        found = {}
        for wire_id in self._wire_ids:
            if wire_id in self.there:
                continue
            words = {n: i.unknown[wire_id] for n, i in self._inquiries.items()
                     if wire_id in i.unknown}  # fmt: skip
            for name, why in silent.items():
                inquiry = self._inquiries.get(name)
                if name not in words and (inquiry is None or wire_id not in inquiry.missing):
                    words[name] = why
            if words:
                found[wire_id] = _each(words)
        return found

    def _was_heard(self) -> bool:
        """Whether any server has answered about any article."""
        return any(i.there or i.missing or i.unknown for i in self._inquiries.values())

    def _is_wanted(self, name: str) -> bool:
        return bool(self._inquiry(name).next(self.there))

    def _inquiry(self, name: str) -> Inquiry:
        if name not in self._inquiries:
            self._inquiries[name] = Inquiry(self._wire_ids, tries=self._settings.tries)
        return self._inquiries[name]

    async def _ask(self, lease: Lease, inquiry: Inquiry) -> None:
        go = inquiry.next(self.there)
        try:
            inquiry.answered(await lease.run(partial(ask_many, go)))
        except Lost as lost:
            inquiry.broke(lost)
        except Refused as refusal:
            if refusal.lookup:
                inquiry.refused(refusal.words)
        except Unreachable:
            pass  # the server's health decides when it is tried again
        self.there |= inquiry.there


def _each(words: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {said}" for name, said in words.items())
