"""Which store a folder's articles go to, with its retries around it."""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.folders import Folder, StoreKind
from usenetsync_tui.model.ports import Store
from usenetsync_tui.settings import Settings
from usenetsync_tui.store.memory import MemoryStore
from usenetsync_tui.store.retrying import RetryingStore
from usenetsync_tui.store.shards import ShardsStore


class Stores:
    """The stores of one engine's life."""

    def __init__(self, catalogue: Catalogue, settings: Settings) -> None:
        self._settings = settings
        self._shards = ShardsStore(catalogue.pool)
        self._memory = MemoryStore()

    def of(self, folder: Folder) -> Store:
        """The folder's store. `UsageError` for one this version does not have."""
        match folder.realm.store:
            case StoreKind.SHARDS:
                store: Store = self._shards
            case StoreKind.MEMORY:
                store = self._memory
            case StoreKind.USENET:
                raise UsageError("The usenet store is not in this version yet: use --store shards.")
        return RetryingStore(
            store, tries=self._settings.retries, backoff=self._settings.retry_backoff
        )
