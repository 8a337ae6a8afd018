"""find_root: finds the newest version of a folder with its secret and a store, and nothing else.

Old roots may have expired, copies may be lost, and a server may not answer. So it asks for versions
in blocks, and ends with the first block after the newest hit that has none. Almost all roots have
their first names (attempt 0, copies 0 and 1), so for others it asks only around the newest hit. If
nothing is found at all, the oldest versions may have expired: it then asks for every hundredth one.

Of a version it takes the highest attempt whose root opens. If the newest root cannot be read, it
takes the one before, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from functools import partial

import anyio

from usenetsync_tui.codec.index.keys import ATTEMPTS, IndexKeys
from usenetsync_tui.codec.index.root import read_root
from usenetsync_tui.codec.sealing import open_sealed
from usenetsync_tui.errors import (
    ArticleCorruptError,
    ArticleMissingError,
    IndexUnreadableError,
    StoreError,
    StoreUnavailableError,
    UnknownSnapshotError,
)
from usenetsync_tui.model.index.roots import IndexRoot
from usenetsync_tui.model.ports.stores import Presence, Store
from usenetsync_tui.model.value_object import value_object

BLOCK = 1000
"""Versions to ask for at once."""
STRIDE = 100
"""Distance of the versions to ask for, when none of the first block is there."""
BEFORE, AFTER = 10, 50
"""Versions around the newest hit for which all names are asked for."""
_COPIES = 2
"""Every root is posted in so many copies at least."""
_MOST_COPIES = 10
_ASKED_AT_ONCE = 1000
"""Names in one question to a store."""


@value_object
class FoundRoot:
    """The newest root that can be read, and what may be newer."""

    root: IndexRoot
    unreadable: dict[int, str] = field(default_factory=dict)
    """Newer versions whose roots are there and cannot be read, with the reason."""
    unsure: str = ""
    """The words of a server that did not say whether it has a newer one; empty: all did."""


async def newest_root(store: Store, keys: IndexKeys) -> FoundRoot:
    """The newest root that can be read.

    `UnknownSnapshotError` if there is none; `StoreUnavailableError` if that is not certain.
    """
    search = _Search(store, keys)
    versions = await search.versions()
    unreadable: dict[int, str] = {}
    for version in versions:
        try:
            root = await fetch_root(store, keys, version)
        except (UnknownSnapshotError, StoreError, IndexUnreadableError) as error:
            unreadable[version] = str(error)
        else:
            return FoundRoot(root, unreadable, search.unsure)
    if unreadable:
        version, why = next(iter(unreadable.items()))
        raise IndexUnreadableError(
            f"Version {version} is in the store, but its root cannot be read: {why}", whole=True
        )
    if search.unsure:
        raise StoreUnavailableError(
            f"No version was found, but not every server answered: {search.unsure}", whole=True
        )
    raise UnknownSnapshotError("No version of this recovery string's folder was found.")


async def fetch_root(store: Store, keys: IndexKeys, version: int) -> IndexRoot:
    """The root of a version: of the highest attempt that can be read, from whatever copy.

    `UnknownSnapshotError` if there is none; `IndexUnreadableError` if what is there is no root;
    `StoreUnavailableError` if a server that may have it does not answer.
    """
    names = [(a, c) for a in reversed(range(ATTEMPTS)) for c in range(_MOST_COPIES)]
    by_name = {keys.root_name(version, *name): name for name in names}
    found = await store.present(by_name)
    opened = partial(_opened, keys.sealing, version)
    problem: StoreError | None = None
    for name in by_name:
        wait = name in found.there
        if not wait and name not in found.unknown:
            continue
        try:
            data = await store.fetch(name, wait=wait, opened=opened)
        except ArticleMissingError:
            continue
        except StoreError as error:
            problem = error if problem is None or not error.retryable else problem
        else:
            return read_root(data, version)
    if isinstance(problem, ArticleCorruptError):
        raise IndexUnreadableError(*problem.args) from problem
    if problem is not None:
        raise problem
    raise UnknownSnapshotError(f"The store has no root of version {version}.")


async def last_of_base(
    store: Store, keys: IndexKeys, root: IndexRoot, later: Sequence[int]
) -> IndexRoot:
    """The newest root with the base of a root: it may tell new names of articles, that one none.

    `later`: the versions after the root's, ascending, as many as can have its base. Halves them
    each time; a root that cannot be read counts as one of another base.
    """
    base, low, high = root.runs[0].version, 0, len(later)
    while low < high:
        middle = (low + high) // 2
        try:
            other = await fetch_root(store, keys, later[middle])
        except (UnknownSnapshotError, StoreError, IndexUnreadableError):
            high = middle
            continue
        if other.runs[0].version == base:
            root, low = other, middle + 1
        else:
            high = middle
    return root


async def root_page(
    store: Store, keys: IndexKeys, version: int, names: Sequence[bytes]
) -> bytes | None:
    """The page of a root, from the first of these names that has it; None: none has it."""
    for name in names:
        try:
            return await store.fetch(name, opened=partial(_opened, keys.sealing, version))
        except StoreError:
            continue
    return None


class _Search:
    """Asks a store for the names of roots."""

    def __init__(self, store: Store, keys: IndexKeys) -> None:
        self._store = store
        self._keys = keys
        self._found: set[int] = set()
        self.unsure = ""

    async def versions(self) -> list[int]:
        """The versions of which the store has a root, newest first."""
        await self._dense(1)
        if not self._found:
            await self._ask(range(STRIDE, STRIDE * BLOCK + 1, STRIDE))
            if self._found:
                await self._dense(max(self._found) - STRIDE + 1)
        while True:  # the newest may have only later names
            newest = max(self._found, default=0)
            around = range(max(1, newest - BEFORE), newest + AFTER + 1)
            await self._ask(around, range(ATTEMPTS), _MOST_COPIES)
            if max(self._found, default=0) == newest:
                return sorted(self._found, reverse=True)

    async def _dense(self, first: int) -> None:
        """Ask for the first names of all versions from one on, until a block has none."""
        while await self._ask(range(first, first + BLOCK)):
            first += BLOCK

    async def _ask(
        self, versions: Iterable[int], attempts: Sequence[int] = (0,), copies: int = _COPIES
    ) -> bool:
        """Whether the store has any of the roots."""
        names = {
            self._keys.root_name(version, attempt, copy): version
            for version in versions
            for attempt in attempts
            for copy in range(copies)
        }
        hits: set[int] = set()
        for presence in await _asked(self._store, list(names)):
            hits |= {names[name] for name in presence.there}
            self.unsure = self.unsure or next(iter(presence.unknown.values()), "")
        self._found |= hits
        return bool(hits)


async def _asked(store: Store, names: list[bytes]) -> list[Presence]:
    """What a store says about names, asked over all its connections at once."""
    answers: list[Presence] = []
    limit = anyio.CapacityLimiter(max(1, store.inquiries))

    async def ask(some: list[bytes]) -> None:
        async with limit:
            answers.append(await store.present(some))

    async with anyio.create_task_group() as group:
        for at in range(0, len(names), _ASKED_AT_ONCE):
            group.start_soon(ask, names[at : at + _ASKED_AT_ONCE])
    return answers


def _opened(key: bytes, version: int, payload: bytes) -> bytes:
    """The page of a root. The store asks the next server where a copy is damaged."""
    data = open_sealed(key, payload)[1]
    try:
        read_root(data, version)
    except IndexUnreadableError as error:
        raise ArticleCorruptError(*error.args) from error
    return data
