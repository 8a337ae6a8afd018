"""Marked files: runs of paths, or everything that matches, but for some. Never a list of all.

Knows paths and what they were marked under; refuses to know the list they come from. How
many rows a run has says the caller that marks it: their numbers in path order.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from usenetsync_tui.model.files import FileFilter, FileSelection

_ALL = FileFilter()


@dataclass(frozen=True, slots=True)
class MarkedRange:
    """Files from `first` to `last`, both included, and their numbers in path order."""

    first: bytes
    last: bytes
    begin: int = 0
    end: int = 0

    @property
    def rows(self) -> int:
        """How many files it was when it was marked."""
        return 1 if self.first == self.last else self.end - self.begin + 1

    def joined(self, other: MarkedRange) -> MarkedRange:
        """The run from the first of both to the last."""
        head = self if self.first <= other.first else other
        tail = self if self.last >= other.last else other
        return MarkedRange(head.first, tail.last, head.begin, tail.end)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is marked. Every change makes other ones."""

    runs: tuple[MarkedRange, ...] = ()
    """In path order, no two of them overlap."""
    everything: bool = False
    without: frozenset[bytes] = frozenset()
    filter: FileFilter = _ALL
    """Of runs and of everything only what matches is meant."""
    made: FileFilter | None = None
    """What all of them were marked under; None: nothing yet, or several filters."""

    def __bool__(self) -> bool:
        """Whether anything is marked."""
        return self.everything or bool(self.runs)

    def holds(self, path: bytes) -> bool:
        """Whether a file that matches is marked."""
        return path not in self.without and (self.everything or self._run_of(path) is not None)

    def count(self, matching: int) -> int:
        """How many files are marked, where `matching` match the filter."""
        rows = matching if self.everything else sum(run.rows for run in self.runs)
        return max(0, rows - len(self.without))

    def toggled(self, path: bytes, wanted: FileFilter) -> Marks:
        """One file more, or less, seen under this filter."""
        made = wanted if not self or self.made == wanted else None
        return replace(self._toggled(path), made=made)

    def _toggled(self, path: bytes) -> Marks:
        if path in self.without:
            return replace(self, without=self.without - {path})
        run = None if self.everything else self._run_of(path)
        if self.everything or (run is not None and run.rows > 1):
            return replace(self, without=self.without | {path})
        if run is not None:
            return replace(self, runs=tuple(r for r in self.runs if r != run))
        return replace(self, runs=tuple(sorted((*self.runs, MarkedRange(path, path)), key=_first)))

    def with_run(self, run: MarkedRange, wanted: FileFilter) -> Marks:
        """A run of files that match more. One filter holds for all of it: others are let go."""
        marks = self if not self.everything and wanted == self.made else Marks()
        inside = frozenset(p for p in marks.without if run.first <= p <= run.last)
        apart = [r for r in marks.runs if r.last < run.first or run.last < r.first]
        for other in marks.runs:
            if other not in apart:
                run = run.joined(other)
        return replace(
            marks,
            filter=wanted,
            made=wanted,
            runs=tuple(sorted((*apart, run), key=_first)),
            without=marks.without - inside,
        )

    def under(self, wanted: FileFilter) -> Marks:
        """What is left when another filter is looked through."""
        return self if not self.filter and not self.everything else Marks()

    def selection(self, folder_id: int, version: int) -> FileSelection:
        """As the engine takes it."""
        ranges = None if self.everything else tuple((run.first, run.last) for run in self.runs)
        without = tuple(sorted(self.without))
        return FileSelection(folder_id, version, self.filter, ranges, without)

    def _run_of(self, path: bytes) -> MarkedRange | None:
        at = bisect_right(self.runs, path, key=_first) - 1
        return self.runs[at] if at >= 0 and path <= self.runs[at].last else None


def all_of(wanted: FileFilter) -> Marks:
    """Everything that matches."""
    return Marks(everything=True, filter=wanted, made=wanted)


def _first(run: MarkedRange) -> bytes:
    return run.first
