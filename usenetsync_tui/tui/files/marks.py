"""Marked files: ranges of paths, or all that match a filter, minus exceptions. Never a full list.

Knows paths and the filter that the user marked them under. Refuses to know the list: the caller
passes the row numbers of a range's ends in path order, from which its size follows.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from usenetsync_tui.model.lists.files import FileFilter, FileSelection, all_in
from usenetsync_tui.model.value_object import value_object

_ALL = FileFilter()


@value_object
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


@value_object
class Marks:
    """The marked files, immutable: every change returns new marks."""

    ranges: tuple[MarkedRange, ...] = ()
    """In path order; no two overlap."""
    everything: bool = False
    """Whether all files that match `filter` are marked; then `ranges` is not used."""
    without: frozenset[bytes] = frozenset()
    """Paths inside the marked files that are not marked."""
    filter: FileFilter = _ALL
    """Only files that match it are marked, in a range and in everything."""
    marked_under: FileFilter | None = None
    """The filter under which all were marked; None: nothing is marked, or several filters."""

    def __bool__(self) -> bool:
        """Whether anything is marked."""
        return self.everything or bool(self.ranges)

    def holds(self, path: bytes) -> bool:
        """Whether a file that matches is marked."""
        return path not in self.without and (self.everything or self._range_of(path) is not None)

    def count(self, matching: int) -> int:
        """The number of marked files; `matching`: the files that match the filter."""
        rows = matching if self.everything else sum(marked.rows for marked in self.ranges)
        return max(0, rows - len(self.without))

    def toggled(self, path: bytes, wanted: FileFilter, *, whole: bool = False) -> Marks:
        """Mark or unmark a file that is listed under the filter `wanted`.

        `whole`: the path is a directory, and means all in it; not for one that is `covered`.
        """
        under = wanted if not self or self.marked_under == wanted else None
        toggled = self._toggled_directory(path) if whole else self._toggled(path)
        return replace(toggled, marked_under=under)

    def covers(self, directory: bytes) -> bool:
        """Whether a directory is marked as a part of something longer."""
        marked = self._range_of(directory)
        longer = marked is not None and (marked.first, marked.last) != all_in(directory)
        return self.everything or (longer and marked is not None and marked.last != directory)

    def _toggled_directory(self, path: bytes) -> Marks:
        first, last = all_in(path)
        without = frozenset(p for p in self.without if not first <= p <= last)
        ranges = tuple(r for r in self.ranges if not first <= r.first <= last)
        if not any((r.first, r.last) == (first, last) for r in self.ranges):
            ranges = tuple(sorted((*ranges, MarkedRange(first, last)), key=_first))
        return replace(self, ranges=ranges, without=without)

    def _toggled(self, path: bytes) -> Marks:
        if path in self.without:
            return replace(self, without=self.without - {path})
        marked = None if self.everything else self._range_of(path)
        if self.everything or (marked is not None and marked.first != marked.last):
            return replace(self, without=self.without | {path})
        if marked is not None:
            return replace(self, ranges=tuple(r for r in self.ranges if r != marked))
        return replace(
            self, ranges=tuple(sorted((*self.ranges, MarkedRange(path, path)), key=_first))
        )

    def with_range(self, marked: MarkedRange, wanted: FileFilter) -> Marks:
        """Also mark a range, of which only files that match `wanted` count.

        Marks have one filter, so marks made under another one are dropped.
        """
        marks = self if not self.everything and wanted == self.marked_under else Marks()
        inside = frozenset(p for p in marks.without if marked.first <= p <= marked.last)
        apart = [r for r in marks.ranges if r.last < marked.first or marked.last < r.first]
        for other in marks.ranges:
            if other not in apart:
                marked = marked.joined(other)
        return replace(
            marks,
            filter=wanted,
            marked_under=wanted,
            ranges=tuple(sorted((*apart, marked), key=_first)),
            without=marks.without - inside,
        )

    def after_filter(self, wanted: FileFilter) -> Marks:
        """The marks that remain when the list changes to another filter."""
        return self if not self.filter and not self.everything else Marks()

    def selection(self, folder_id: int, version: int) -> FileSelection:
        """The marks as a selection for the engine."""
        ranges = (
            None
            if self.everything
            else tuple((marked.first, marked.last) for marked in self.ranges)
        )
        without = tuple(sorted(self.without))
        return FileSelection(folder_id, version, self.filter, ranges, without)

    def _range_of(self, path: bytes) -> MarkedRange | None:
        at = bisect_right(self.ranges, path, key=_first) - 1
        return self.ranges[at] if at >= 0 and path <= self.ranges[at].last else None


def all_of(wanted: FileFilter) -> Marks:
    """Mark all files that match."""
    return Marks(everything=True, filter=wanted, marked_under=wanted)


def _first(marked: MarkedRange) -> bytes:
    return marked.first
