"""From the secret of a folder to its versions, without a catalogue: servers or a database suffice.

Knows where to look: in the database that the user names, else on the servers of the settings, then
in the database of the settings, then in the embedded one if there is one. Refuses to know how a
user types the secret, and what is done with a version. Creates nothing.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from anyio import to_thread

from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.engine.opening import acquired, application_name
from usenetsync_tui.engine.realm_stores import RealmStores
from usenetsync_tui.errors import IndexUnreadableError, UnknownSnapshotError, UsageError
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.folders import Profile, Realm, StoreKind
from usenetsync_tui.model.index.roots import IndexRealm, IndexRoot
from usenetsync_tui.model.ports.stores import OpenRealm, Store
from usenetsync_tui.model.text.figures import in_ranges
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.pipeline.index.find_root import FoundRoot, fetch_root, last_of_base, newest_root
from usenetsync_tui.pipeline.index.read_version import VersionReader
from usenetsync_tui.pipeline.index.sizes import MOST_DELTAS
from usenetsync_tui.postgres.address import shown
from usenetsync_tui.postgres.embedded.server import EmbeddedServer
from usenetsync_tui.postgres.pool import open_pool
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.store.shards import ShardsStore
from usenetsync_tui.store.usenet.store import UsenetServers

_POOL = 8
"""Connections to a database that is only read."""


class IndexAliases:
    """The usenet store's `Aliases`, as far as the index has told them."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str, ...]] = {}

    def add(self, message_id: bytes, wire_ids: Sequence[str]) -> None:
        """Remember the further names of an article; few articles have some."""
        self._known[message_id] = tuple(wire_ids)

    async def of(self, message_id: bytes) -> Sequence[str]:
        """The further names of an article."""
        return self._known.get(message_id, ())

    async def adopted(self, message_ids: Collection[bytes]) -> Mapping[bytes, str]:
        """None: the index does not tell which names servers gave."""
        return {}

    async def adopt(self, message_id: bytes, wire_id: str) -> None:
        """Remember a server's name of an article."""
        self.add(message_id, [wire_id])


@value_object
class Recovery:
    """A folder that was found with its secret."""

    keys: IndexKeys
    store: Store
    """Where its index is."""
    found: FoundRoot
    where: str
    """Where that is, in words."""
    places: RealmStores
    aliases: IndexAliases

    @property
    def root(self) -> IndexRoot:
        """The newest root that can be read."""
        return self.found.root

    async def root_of(self, version: int | None) -> IndexRoot:
        """The newest root that leads to a version; None: the newest of all.

        `UnknownSnapshotError` names the versions that there are; `IndexUnreadableError` when the
        version's own root is needed and cannot be read.
        """
        root = self.root
        if version is None or version == root.current.version:
            return root
        if not root.has(version):  # its own root may still be there: nothing is deleted on Usenet
            raise UnknownSnapshotError(self._no_such(version))
        known = [line.version for line in root.older]
        if root.runs[0].version <= version and version in known:
            return root
        if version in self.found.unreadable:
            why = self.found.unreadable[version]
            raise IndexUnreadableError(f"The root of version {version}: {why}")
        try:
            own = await fetch_root(self.store, self.keys, version)
            later = [each for each in known if each > version][:MOST_DELTAS]
            return await last_of_base(self.store, self.keys, own, later)
        except UnknownSnapshotError as error:
            if version in known:
                raise UnknownSnapshotError(
                    f"The root of version {version} is no longer in {self.where}, and the newest "
                    f"index reaches back to version {root.runs[0].version} only."
                ) from error
            raise UnknownSnapshotError(self._no_such(version)) from error

    def _no_such(self, version: int) -> str:
        """The sentence about a version that the folder does not have."""
        root, newest = self.root, self.root.current.version
        every = [line.version for line in (*root.older, root.current)]
        is_gone = 0 < version < newest and not root.has(version)
        why = (
            f"Version {version} of {root.name} was forgotten"
            if is_gone
            else (f"There is no version {version} of {root.name}")
        )
        return f"{why}. Versions: {in_ranges(every)}."

    async def reader(self, version: int | None) -> VersionReader:
        """A reader of a version; None: the newest. Errors as of `root_of`."""
        root = await self.root_of(version)
        wanted = root.current.version if version is None else version
        return VersionReader(self.store, self.keys, root, wanted, self.aliases.add)

    def of(self, realm: IndexRealm) -> OpenRealm:
        """A realm of a root, with its store and key. `UsageError` when it cannot be reached."""
        return self.places.opened(_realm(realm), realm.key)


def _realm(realm: IndexRealm) -> Realm:
    return Realm(
        0,
        StoreKind(realm.store),
        Profile(realm.profile),
        realm.domain,
        realm.newsgroups,
        realm.sender,
        header_style=realm.header_style,
        veil=realm.veil,
        digest=DigestAlgorithm(realm.digest),
    )


@asynccontextmanager
async def open_recovery(
    secret: bytes,
    settings: Settings,
    locations: Locations,
    *,
    database: str | None = None,
    waits: Waits | None = None,
    servers: UsenetServers | None = None,
) -> AsyncIterator[Recovery]:
    """Find the folder of a secret; its stores stay open inside the block.

    `database`: the address of a PostgreSQL server with the articles; None: look where the settings
    say. `servers`: those of the settings, if the caller has them open. `UsageError` when there is
    no place to look, `UnknownSnapshotError` when none has a version; errors of `newest_root` and of
    the stores.
    """
    waits, aliases = waits or Waits(), IndexAliases()
    async with AsyncExitStack() as stack:
        if settings.servers and servers is None:
            servers = await stack.enter_async_context(_servers(settings, waits))
        shards, address = await stack.enter_async_context(
            open_shards(settings, locations, database=database, waits=waits)
        )
        places = RealmStores(settings, waits, aliases, servers, shards)
        kinds: dict[StoreKind, str] = {}
        if servers is not None and database is None:
            names = ", ".join(server.name for server in settings.servers)
            kinds[StoreKind.USENET] = f"{'servers' if ',' in names else 'server'} {names}"
        if shards is not None:
            kinds[StoreKind.SHARDS] = address
        if not kinds:
            raise UsageError(
                f"There is no place to look: add a [[servers]] table to "
                f"{locations.config_dir / 'config.toml'}, or give --database ADDRESS."
            )
        yield await _found(IndexKeys(secret), places, aliases, kinds)


async def _found(
    keys: IndexKeys, places: RealmStores, aliases: IndexAliases, kinds: Mapping[StoreKind, str]
) -> Recovery:
    for kind, words in kinds.items():
        # Message-IDs of an index do not depend on its newsgroups.
        newsgroups = tuple(places.settings.newsgroups)
        realm = Realm(0, kind, Profile.SEALED, "", newsgroups, is_index=True)
        store = places.opened(realm, keys.secret).store
        try:
            found = await newest_root(store, keys)
        except UnknownSnapshotError:
            continue
        return Recovery(keys, store, found, words, places, aliases)
    raise UnknownSnapshotError(
        "No version of this recovery string's folder was found. Asked: "
        f"{'; '.join(kinds.values())}. Perhaps its articles are on other servers."
    )


@asynccontextmanager
async def _servers(settings: Settings, waits: Waits) -> AsyncIterator[UsenetServers]:
    servers = UsenetServers(
        settings.usenet_servers(os.environ),
        patience=settings.server_patience,
        bandwidth_limit=settings.bandwidth_limit,
        waits=waits,
        fetch_limit=settings.fetch_limit,
    )
    async with servers:
        yield servers


@asynccontextmanager
async def open_shards(
    settings: Settings, locations: Locations, *, database: str | None, waits: Waits
) -> AsyncIterator[tuple[Store | None, str]]:
    """The articles in a database, and its address in words; None: no database is known.

    `UsageError` when the database that the user names has none.
    """
    conninfo, embedded, words = database, None, "the embedded database"
    if conninfo is None and settings.database_url is not None:
        conninfo = settings.database_url.get_secret_value()
    if conninfo is not None:
        words = f"the database {shown(conninfo)}"
    else:
        embedded = EmbeddedServer(locations)
        if settings.servers or not await to_thread.run_sync(embedded.exists):
            yield None, ""
            return
        conninfo = await acquired(embedded, waits)
    try:
        name = application_name("recovery")
        async with open_pool(conninfo, max_size=_POOL, application_name=name, waits=waits) as pool:
            store = ShardsStore(pool)
            if await store.exists():
                yield store, words
            elif database is None:
                yield None, ""
            else:
                raise UsageError(f"{words[0].upper()}{words[1:]} has no articles of UsenetSync.")
    finally:
        if embedded is not None:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(embedded.release)
