"""Merging the runs of a version: what is in it, in path order, from the base and its deltas.

Streams: holds one entry of each run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge

from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.index.entries import EntryChange, IndexEntry
from usenetsync_tui.model.index.roots import IndexRoot, IndexRun


def runs_of(root: IndexRoot, version: int) -> tuple[IndexRun, ...]:
    """The runs that make a version, oldest first; none for one before the base."""
    return tuple([run for run in root.runs if run.version <= version])


def merged(runs: Sequence[Iterable[IndexEntry]]) -> Iterator[IndexEntry]:
    """The entries of a version in path order, from the entries of its runs, oldest first.

    The newest run that has a path says what it is; removed ones are left out.
    `IndexUnreadableError` when a run is out of order.
    """
    streams = [_ordered(run) for run in runs]
    if len(streams) == 1:
        yield from (entry for entry in streams[0] if entry.change != EntryChange.REMOVED)
        return
    newest_first = [_ranked(entries, -age) for age, entries in enumerate(streams)]
    before: bytes | None = None
    for path, _, entry in merge(*newest_first):
        if path == before:
            continue
        before = path
        if entry.change != EntryChange.REMOVED:
            yield entry


def _ranked(entries: Iterable[IndexEntry], rank: int) -> Iterator[tuple[bytes, int, IndexEntry]]:
    for entry in entries:
        yield entry.path, rank, entry


def _ordered(entries: Iterable[IndexEntry]) -> Iterator[IndexEntry]:
    """The entries of a run, whose pages must follow one another in path order."""
    before: bytes | None = None
    for entry in entries:
        path = entry.path
        if before is not None and path <= before:
            raise IndexUnreadableError("The pages of a run are not in order.")
        before = path
        yield entry
