"""find_root: finds the newest version of a folder with its secret and a store, and nothing else.

Old roots may have expired and copies may be lost, so it asks for versions in blocks, and ends with
the first block after the newest hit that has none.
"""

from __future__ import annotations

from functools import partial

from usenetsync_tui.codec.index.keys import ATTEMPTS, FIRST_ATTEMPTS, IndexKeys
from usenetsync_tui.codec.index.root import read_root
from usenetsync_tui.codec.sealing import open_sealed
from usenetsync_tui.errors import (
    ArticleCorruptError,
    ArticleMissingError,
    IndexUnreadableError,
    UnknownSnapshotError,
)
from usenetsync_tui.model.index_roots import IndexRoot
from usenetsync_tui.model.ports import Store

BLOCK = 1000
"""Versions to ask for at once."""
_COPIES = 2
_LOOKED_FOR = tuple((attempt, copy) for attempt in range(FIRST_ATTEMPTS) for copy in range(_COPIES))
"""The names by which versions are looked for."""
_NAMES = tuple((attempt, copy) for attempt in reversed(range(ATTEMPTS)) for copy in range(_COPIES))
"""The names of a version's root, that of the highest attempt first."""


async def newest_versions(store: Store, keys: IndexKeys) -> list[int]:
    """The versions of which the store may have a root, newest first."""
    found: list[int] = []
    first = 1
    while True:
        names = {
            keys.root_name(version, *name): version
            for version in range(first, first + BLOCK)
            for name in _LOOKED_FOR
        }
        presence = await store.present(names)
        hits = {names[name] for name in presence.there | presence.unknown.keys()}
        if not hits:
            return found[::-1]
        found += sorted(hits)
        first += BLOCK


async def fetch_root(store: Store, keys: IndexKeys, version: int) -> IndexRoot:
    """The root of a version, from whatever copy can be read, of its highest attempt if that can be.

    `UnknownSnapshotError` if there is none; `IndexUnreadableError` if what is there is no root.
    """
    problem: Exception | None = None
    names = [keys.root_name(version, *name) for name in _NAMES]
    found = await store.present(names)
    for name in [name for name in names if name in found.there or name in found.unknown]:
        try:
            data = await store.fetch(name, opened=partial(_opened, keys.sealing))
            return read_root(data, version)
        except (ArticleMissingError, ArticleCorruptError) as error:
            problem = problem or error
        except IndexUnreadableError as error:
            problem = error
    if isinstance(problem, IndexUnreadableError):
        raise problem
    raise UnknownSnapshotError(f"The store has no root of version {version}.") from problem


async def newest_root(store: Store, keys: IndexKeys) -> IndexRoot:
    """The newest root that can be read. `UnknownSnapshotError` if there is none."""
    for version in await newest_versions(store, keys):
        try:
            return await fetch_root(store, keys, version)
        except (UnknownSnapshotError, IndexUnreadableError):
            continue
    raise UnknownSnapshotError("The store has no version of this recovery string's folder.")


def _opened(key: bytes, payload: bytes) -> bytes:
    return open_sealed(key, payload)[1]
