"""Marked files: ranges of paths, or all that match a filter, minus exceptions. Never a full list.

Knows paths and the filter that the user marked them under. Refuses to know the list: the caller
passes the row numbers of a range's ends in path order, from which its size follows.
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
        """The number of files when the user marked the range."""
        return 1 if self.first == self.last else self.end - self.begin + 1

    def joined(self, other: MarkedRange) -> MarkedRange:
        """The range from the first file of both to the last."""
        head = self if self.first <= other.first else other
        tail = self if self.last >= other.last else other
        return MarkedRange(head.first, tail.last, head.begin, tail.end)


@dataclass(frozen=True, slots=True)
class Marks:
    """The marked files, immutable: every change returns new marks."""

    runs: tuple[MarkedRange, ...] = ()
    """In path order; no two overlap."""
    everything: bool = False
    """Whether all files that match `filter` are marked; then `runs` is not used."""
    without: frozenset[bytes] = frozenset()
    """Paths inside the marked files that are not marked."""
    filter: FileFilter = _ALL
    """Only files that match it are marked, in a range and in everything."""
    made: FileFilter | None = None
    """The filter under which all were marked; None: nothing is marked, or several filters."""

    def __bool__(self) -> bool:
        """Whether anything is marked."""
        return self.everything or bool(self.runs)

    def holds(self, path: bytes) -> bool:
        """Whether a file that matches is marked."""
        return path not in self.without and (self.everything or self._run_of(path) is not None)

    def count(self, matching: int) -> int:
        """The number of marked files; `matching`: the files that match the filter."""
        rows = matching if self.everything else sum(run.rows for run in self.runs)
        return max(0, rows - len(self.without))

    def toggled(self, path: bytes, wanted: FileFilter) -> Marks:
        """Mark or unmark a file that is listed under the filter `wanted`."""
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
        """Also mark a range, of which only files that match `wanted` count.

        Marks have one filter, so marks made under another one are dropped.
        """
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
        """The marks that remain when the list changes to another filter."""
        return self if not self.filter and not self.everything else Marks()

    def selection(self, folder_id: int, version: int) -> FileSelection:
        """The marks as a selection for the engine."""
        ranges = None if self.everything else tuple((run.first, run.last) for run in self.runs)
        without = tuple(sorted(self.without))
        return FileSelection(folder_id, version, self.filter, ranges, without)

    def _run_of(self, path: bytes) -> MarkedRange | None:
        at = bisect_right(self.runs, path, key=_first) - 1
        return self.runs[at] if at >= 0 and path <= self.runs[at].last else None


def all_of(wanted: FileFilter) -> Marks:
    """Mark all files that match."""
    return Marks(everything=True, filter=wanted, made=wanted)


def _first(run: MarkedRange) -> bytes:
    return run.first
