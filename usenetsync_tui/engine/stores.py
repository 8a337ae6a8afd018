"""The open realms: each one's store, with its retries around it, and its key."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables.aliases import CatalogueAliases
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.engine.realm_stores import NO_SERVER, RealmStores
from usenetsync_tui.errors import KeyUnavailableError, UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.folders import Folder, Realm
from usenetsync_tui.model.ports.stores import OpenRealm, Store
from usenetsync_tui.model.servers.servers import ServerStatus
from usenetsync_tui.model.status.engine import Limits
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.store.memory import MemoryStore
from usenetsync_tui.store.out_of_reach import OutOfReach
from usenetsync_tui.store.shards import ShardsStore
from usenetsync_tui.store.usenet.store import UsenetServers

_Wish = Callable[[UsenetServers], None]


class Stores:
    """One engine's stores; implements `OpenRealms`. Leaving the block closes the connections."""

    def __init__(
        self,
        catalogue: Catalogue,
        settings: Settings,
        locations: Locations,
        waits: Waits | None = None,
        *,
        shards: Store | None = None,
        unwrap: Callable[[bytes], bytes] | None = None,
        servers: UsenetServers | None = None,
    ) -> None:
        """`shards`: articles in another database than the catalogue's. `unwrap`: unwraps keys that
        the user's own secret did not wrap. `servers`: connections that the caller shares, and
        closes."""
        self.waits = waits or Waits()
        """What the stores and the runs that use them wait for."""
        self.keys = KeyRing(settings, locations)
        self._unwrap = unwrap
        self._locations = locations
        self._catalogue = catalogue
        self._settings = settings
        self._shards = shards or ShardsStore(catalogue.pool)
        self._memory = MemoryStore()
        self._open_realms: dict[Realm, OpenRealm] = {}
        self.bandwidth_limit = settings.bandwidth_limit
        """Bytes a second posted to all servers together; 0: no limit."""
        self.fetch_limit = settings.fetch_limit
        """Bytes a second fetched from all servers together; 0: no limit."""
        self._wishes: dict[tuple[str, str], _Wish] = {}
        """The user's requests to servers while the engine runs, by server name and kind."""
        self._shares_servers = servers is not None
        self._servers = servers or self._open()

    def _open(self) -> UsenetServers | None:
        if not self._settings.servers:
            return None
        return UsenetServers(
            self._settings.usenet_servers(os.environ),
            patience=self._settings.server_patience,
            bandwidth_limit=self.bandwidth_limit,
            waits=self.waits,
            fetch_limit=self.fetch_limit,
        )

    @property
    def settings(self) -> Settings:
        """The settings in use."""
        return self._settings

    async def renew(self, settings: Settings) -> None:
        """Use new settings from now on; no job may be running. `SettingsError`."""
        before, self._settings = self._settings, settings
        try:
            servers = self._open()
        except UsageError:
            self._settings = before
            raise
        old, self._servers = self._servers, servers
        self.keys = KeyRing(settings, self._locations)
        self._open_realms.clear()
        if servers is not None:
            names = {status.name for status in servers.statuses()}
            for (name, _), wish in self._wishes.items():
                if name in names:
                    with suppress(UsageError):  # it may have fewer connections now
                        wish(servers)
        if old is not None:
            await old.aclose()

    async def __aenter__(self) -> Stores:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._servers is not None and not self._shares_servers:
            await self._servers.aclose()

    @property
    def statuses(self) -> tuple[ServerStatus, ...]:
        """The status of each Usenet server."""
        return self._servers.statuses() if self._servers is not None else ()

    def limit_bandwidth(self, bytes_per_second: int) -> None:
        """Limit posting to all servers together, in bytes a second; 0: no limit. `UsageError`."""
        self._need_servers().set_bandwidth_limit(bytes_per_second)
        self.bandwidth_limit = bytes_per_second

    def limit_fetching(self, bytes_per_second: int) -> None:
        """Limit fetching from all servers together, bytes a second; 0: no limit. `UsageError`."""
        self._need_servers().set_fetch_limit(bytes_per_second)
        self.fetch_limit = bytes_per_second

    def limit_server(self, name: str, bytes_per_second: int) -> None:
        """Limit posting to one server. `UsageError` when there is no such server."""
        self._ask(name, "limit", lambda s: s.set_server_bandwidth_limit(name, bytes_per_second))

    def limit_fetching_from(self, name: str, bytes_per_second: int) -> None:
        """Limit fetching from one server. `UsageError` when there is no such server."""
        self._ask(name, "fetch limit", lambda s: s.set_server_fetch_limit(name, bytes_per_second))

    def set_connections(self, name: str, count: int) -> None:
        """Use at most `count` connections to a server. `UsageError`."""
        self._ask(name, "connections", lambda s: s.set_connections(name, count))

    def hold(self, name: str) -> None:
        """Pause a server: it gets nothing new. `UsageError`."""
        self._ask(name, "held", lambda s: s.hold(name))

    def release(self, name: str) -> None:
        """Resume a server. `UsageError`."""
        self._ask(name, "held", lambda s: s.release(name))

    def _ask(self, name: str, what: str, wish: _Wish) -> None:
        wish(self._need_servers())
        self._wishes[name, what] = wish

    def _need_servers(self) -> UsenetServers:
        """The servers; `UsageError` when there is none."""
        if self._servers is None:
            raise UsageError(NO_SERVER)
        return self._servers

    def wire_id(self, realm: Realm, message_id: bytes) -> str | None:
        """A Message-ID as sent to servers; None if the realm has not been opened yet."""
        found = (made for known, made in self._open_realms.items() if known.id == realm.id)
        open_realm = next(found, None)  # with any headers: the Message-ID does not depend on them
        return None if open_realm is None else open_realm.wire_id(message_id)

    async def run(
        self, folder: Folder, job_id: int, *, to_post: bool = True, limits: Limits | None = None
    ) -> JobRun:
        """Make the run of a job on a folder. `limits`: its part of those of the settings.

        With `to_post` the folder's own realm must be usable; other runs may find their articles
        in another realm. `UsageError`, `KeyUnavailableError`.
        """
        open_realm = await (self._reached if to_post else self.of)(folder.realm)
        limits = limits or self._settings.limits
        return JobRun(self._catalogue, self, open_realm, folder, job_id, limits, waits=self.waits)

    @property
    def servers(self) -> UsenetServers | None:
        """The Usenet servers, if there are any."""
        return self._servers

    async def of(self, realm: Realm) -> OpenRealm:
        """Open a realm; if its store is not usable, every call of that fails with the reason."""
        try:
            return await self._reached(realm)
        except (UsageError, KeyUnavailableError) as error:
            return OpenRealm(realm, OutOfReach(str(error)))

    async def _reached(self, realm: Realm) -> OpenRealm:
        if realm not in self._open_realms:
            key = None
            if realm.wrapped_key is not None:
                unwrap = self._unwrap or self.keys.unwrap
                key = await to_thread.run_sync(unwrap, realm.wrapped_key)
            self._open_realms[realm] = self._opened(realm, key)
        return self._open_realms[realm]

    def _opened(self, realm: Realm, key: bytes | None) -> OpenRealm:
        places = RealmStores(
            self._settings,
            self.waits,
            CatalogueAliases(self._catalogue),
            self._servers,
            self._shards,
            self._memory,
        )
        return places.opened(realm, key)
