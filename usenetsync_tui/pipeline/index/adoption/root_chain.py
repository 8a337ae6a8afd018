"""root_chain: the roots that lead to all versions of a folder, or to one of them.

Knows which root leads to which versions. Refuses to know what is in their runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.codec.index.merging import runs_of
from usenetsync_tui.errors import IndexUnreadableError, UnknownSnapshotError
from usenetsync_tui.model.index.roots import IndexRoot, IndexRun, VersionLine
from usenetsync_tui.model.ports.stores import Store
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.index.adoption.wanted import Wanted
from usenetsync_tui.pipeline.index.find_root import fetch_root

_LATEST_US = 253_402_300_799_000_000
"""The end of the year 9999, in microseconds since 1970."""
_MOST_NUMBER = 1 << 62
_LARGEST_VERSION = (1 << 31) - 1


@value_object
class Link:
    """A root, and those of its runs and versions that are loaded from it."""

    root: IndexRoot
    runs: tuple[IndexRun, ...]
    versions: tuple[int, ...]


async def root_chain(
    store: Store, keys: IndexKeys, root: IndexRoot, wanted: Wanted | None
) -> list[Link]:
    """The roots that lead to all versions, or to the wanted one, oldest first."""
    listed = [line.version for line in (*root.older, root.current)]
    listed = list(filter(root.has, listed))
    if wanted is not None:
        if wanted.version not in listed:
            raise UnknownSnapshotError(f"The index does not have version {wanted.version}.")
        if not runs_of(root, wanted.version):
            root = await fetch_root(store, keys, wanted.version)
        return [Link(root, runs_of(root, wanted.version), (wanted.version,))]
    chain: list[Link] = []
    upto = root.current.version
    known: IndexRoot | None = root
    while known is not None:
        # A root may leave out the oldest versions; an older root lists them.
        older = [line.version for line in (*known.older, known.current)]
        listed = sorted({*listed, *filter(root.has, older)})
        first = known.runs[0].version
        mine = tuple([v for v in listed if first <= v <= upto])
        chain.insert(0, Link(known, known.runs, mine))
        known = None
        for version in reversed([v for v in listed if v < first]):
            try:
                known, upto = await fetch_root(store, keys, version), version
            except (UnknownSnapshotError, IndexUnreadableError):
                continue
            break
    return chain


def listed_in_chain(chain: Sequence[Link]) -> dict[int, VersionLine]:
    """What the roots say of kept versions, by version; the newest root counts."""
    lines = [line for link in chain for line in (*link.root.older, link.root.current)]
    return {line.version: line for line in lines if chain[-1].root.has(line.version)}


def check_numbers(root: IndexRoot) -> None:
    """`IndexUnreadableError` for numbers that no catalogue has."""
    for line in (*root.older, root.current):
        late = max(line.started_us, line.finished_us) > _LATEST_US
        if late or line.version > _LARGEST_VERSION:
            raise IndexUnreadableError("The root has an impossible version.")
    if root.next_object > _MOST_NUMBER:
        raise IndexUnreadableError("The root has an impossible number of objects.")
