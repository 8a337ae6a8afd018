"""The places of articles: each realm's store, with its retries around it, and its key."""

from __future__ import annotations

import os
from types import TracebackType

from anyio import to_thread

from usenetsync_tui.catalogue.aliases import CatalogueAliases
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.codec.envelope import Dress, PlainDress, SealedDress
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.errors import KeyUnavailableError, UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.folders import Folder, Realm, StoreKind
from usenetsync_tui.model.ports import Place, Store
from usenetsync_tui.model.servers import ServerStatus
from usenetsync_tui.pipeline.run import Run
from usenetsync_tui.settings import Settings
from usenetsync_tui.store.memory import MemoryStore
from usenetsync_tui.store.out_of_reach import OutOfReach
from usenetsync_tui.store.retrying import RetryingStore
from usenetsync_tui.store.shards import ShardsStore
from usenetsync_tui.store.usenet.store import UsenetServers, UsenetStore


class Stores:
    """The stores of one engine's life; implements `Places`. Leaving it closes the connections."""

    def __init__(self, catalogue: Catalogue, settings: Settings, locations: Locations) -> None:
        self.keys = KeyRing(settings, locations)
        self._catalogue = catalogue
        self._settings = settings
        self._shards = ShardsStore(catalogue.pool)
        self._memory = MemoryStore()
        self._places: dict[Realm, Place] = {}
        self.bandwidth_limit = settings.bandwidth_limit
        """Bytes a second posted to all servers together; 0: no limit."""
        self._servers: UsenetServers | None = None
        if settings.servers:
            self._servers = UsenetServers(
                settings.usenet_servers(os.environ),
                patience=settings.server_patience,
                bandwidth_limit=settings.bandwidth_limit,
            )

    async def __aenter__(self) -> Stores:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._servers is not None:
            await self._servers.aclose()

    @property
    def statuses(self) -> tuple[ServerStatus, ...]:
        """How the Usenet servers are doing."""
        return self._servers.statuses() if self._servers is not None else ()

    def limit_bandwidth(self, bytes_per_second: int) -> None:
        """Post no faster than this to all servers together; 0: as fast as it goes."""
        self.bandwidth_limit = bytes_per_second
        if self._servers is not None:
            self._servers.set_bandwidth_limit(bytes_per_second)

    async def run(self, folder: Folder, job_id: int, *, to_post: bool = True) -> Run:
        """A run of a job on a folder.

        One that is `to_post` needs the folder's own place; others may find in another one
        what they look for. `UsageError`, `KeyUnavailableError`.
        """
        place = await (self._reached if to_post else self.of)(folder.realm)
        return Run(self._catalogue, self, place, folder, job_id, self._settings.limits)

    async def of(self, realm: Realm) -> Place:
        """A realm's place; where it cannot be reached, one that says so of each article."""
        try:
            return await self._reached(realm)
        except (UsageError, KeyUnavailableError) as error:
            return Place(realm, OutOfReach(str(error)))

    async def _reached(self, realm: Realm) -> Place:
        if realm not in self._places:
            key = None
            if realm.wrapped_key is not None:
                key = await to_thread.run_sync(self.keys.unwrap, realm.wrapped_key)
            self._places[realm] = self._place(realm, key)
        return self._places[realm]

    def _place(self, realm: Realm, key: bytes | None) -> Place:
        match realm.store:
            case StoreKind.SHARDS:
                return Place(realm, self._retried(self._shards), key)
            case StoreKind.MEMORY:
                return Place(realm, self._retried(self._memory), key)
            case StoreKind.USENET:
                return self._usenet(realm, key)

    def _usenet(self, realm: Realm, key: bytes | None) -> Place:
        if self._servers is None:
            raise UsageError("There is no server: add a [[servers]] table to config.toml.")
        dress: Dress
        if key is not None:
            dress = SealedDress(key, realm.newsgroups)
        else:
            dress = PlainDress(realm.domain, realm.sender, realm.newsgroups)
        store = UsenetStore(
            self._servers,
            dress,
            CatalogueAliases(self._catalogue),
            tries=self._settings.retries,
            backoff=self._settings.retry_backoff,
        )
        return Place(realm, store, key, tuple(self._settings.check_delays), dress.wire_id)

    def _retried(self, store: Store) -> Store:
        return RetryingStore(
            store, tries=self._settings.retries, backoff=self._settings.retry_backoff
        )
