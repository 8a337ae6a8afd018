"""Makes the store of a realm, with its retries around it, of the places that articles can be in.

Knows servers, shards and keys that are unwrapped already. Refuses to know the catalogue: with a
recovery string there is none (`recovery`).
"""

from __future__ import annotations

from dataclasses import replace

from usenetsync_tui.codec.envelope import HeaderStyle, PlainHeaders, SealedHeaders
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.folders import Realm, StoreKind
from usenetsync_tui.model.ports.stores import OpenRealm, Store
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.store.retrying import RetryingStore
from usenetsync_tui.store.usenet.store import Aliases, UsenetServers, UsenetStore

NO_SERVER = "There is no server: add a [[servers]] table to config.toml."
NO_DATABASE = "Its articles are in a database: give its address with --database."


@value_object
class RealmStores:
    """The places that articles can be in."""

    settings: Settings
    waits: Waits
    aliases: Aliases
    servers: UsenetServers | None
    """None: no server is configured."""
    shards: Store | None
    """None: no database is known."""
    memory: Store | None = None

    def opened(self, realm: Realm, key: bytes | None) -> OpenRealm:
        """A realm with its store and its key. `UsageError` when the store is not configured.

        The key of an index's realm is the folder's secret, from which all else follows.
        """
        if not realm.is_index or key is None:
            return self._made(realm, key)
        return replace(self._made(realm, IndexKeys(key).sealing, key), secret=key)

    def _made(self, realm: Realm, key: bytes | None, secret: bytes | None = None) -> OpenRealm:
        match realm.store:
            case StoreKind.SHARDS:
                return self._local(realm, self.shards, key)
            case StoreKind.MEMORY:
                return self._local(realm, self.memory, key)
            case StoreKind.USENET:
                return self._usenet(realm, key, secret)

    def _local(self, realm: Realm, store: Store | None, key: bytes | None) -> OpenRealm:
        if store is None:
            raise UsageError(NO_DATABASE)
        retried, reposts = self._retried(store), self.settings.reposts
        return OpenRealm(realm, retried, key, padded_to=self._padded_to, reposts=reposts)

    @property
    def _padded_to(self) -> int:
        return self.settings.chunk_size if self.settings.padding else 0

    def _usenet(self, realm: Realm, key: bytes | None, secret: bytes | None) -> OpenRealm:
        if self.servers is None:
            raise UsageError(NO_SERVER)
        style: HeaderStyle
        if realm.is_index and secret is not None:
            style = IndexKeys(secret).headers(realm.newsgroups)
        elif key is not None:
            style = SealedHeaders(key, realm.newsgroups, realm.header_style)
        else:
            style = PlainHeaders(
                realm.domain, realm.sender, realm.newsgroups, realm.header_style, realm.veil
            )
        store = UsenetStore(
            self.servers,
            style,
            self.aliases,
            tries=self.settings.retries,
            backoff=self.settings.retry_backoff,
        )
        checks, reposts = tuple(self.settings.check_delays), self.settings.reposts
        return OpenRealm(realm, store, key, checks, style.wire_id, self._padded_to, reposts)

    def _retried(self, store: Store) -> Store:
        return RetryingStore(
            store,
            tries=self.settings.retries,
            backoff=self.settings.retry_backoff,
            waits=self.waits,
        )
