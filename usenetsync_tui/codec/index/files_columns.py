"""The columns of a page of files: those of `IndexEntry`, a list of each (`files_page`).

An index of three million files is written and adopted column by column: an entry for each of them
would cost more than all the rest. `entries` makes them for the few who need them. Refuses to know
bytes (`files_writing`, `files_reading`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress
from operator import attrgetter, not_
from typing import Any, NamedTuple, TypeVar

from usenetsync_tui.codec.index.classes import FileClass
from usenetsync_tui.model.index.entries import Attribute, IndexEntry

FIRST_ATTRIBUTE = 64
"""The tags of columns below it have a meaning for all rows (`files_page`)."""
_Value = TypeVar("_Value")
_Other = TypeVar("_Other")
_LISTS = attrgetter("paths", "objects", "offsets", "sizes", "mtimes", "ctimes", "inodes", "digests")
"""The columns that need no more than to be put one after the other."""


class FilesColumns(NamedTuple):
    """The fields of `IndexEntry`, a list of each with one value for every row."""

    paths: Sequence[bytes]
    classes: Sequence[FileClass]
    """Those that rows may be of; one may be there more than once."""
    numbers: Sequence[int]
    """Which of them each row is of."""
    objects: Sequence[int | None]
    offsets: Sequence[int]
    sizes: Sequence[int]
    mtimes: Sequence[int]
    ctimes: Sequence[int]
    inodes: Sequence[int]
    digests: Sequence[bytes | None]
    links: Mapping[int, bytes]
    """By row."""
    attributes: Mapping[int, tuple[Attribute, ...]]
    """By row."""

    @classmethod
    def of(cls, entries: Sequence[IndexEntry]) -> FilesColumns:
        """Those of some entries."""
        classes = [FileClass(*e[1:9], e.object is not None) for e in entries]
        return cls(
            [e.path for e in entries],
            classes,
            range(len(entries)),
            [e.object for e in entries],
            [e.offset for e in entries],
            [e.size for e in entries],
            [e.mtime_ns for e in entries],
            [e.ctime_ns for e in entries],
            [e.inode for e in entries],
            [e.digest for e in entries],
            {row: e.link for row, e in enumerate(entries) if e.link is not None},
            {row: e.attributes for row, e in enumerate(entries) if e.attributes},
        )

    def entries(self) -> list[IndexEntry]:
        """The rows."""
        fields = [c[:8] for c in self.classes]
        links, attributes = self.links.get, self.attributes.get
        every = zip(
            self.paths,
            map(fields.__getitem__, self.numbers),
            self.objects,
            self.offsets,
            self.sizes,
            self.mtimes,
            self.ctimes,
            self.inodes,
            self.digests,
            strict=True,
        )
        return [
            IndexEntry._make((path, *of_class, *numbers, links(row), digest, attributes(row, ())))
            for row, (path, of_class, *numbers, digest) in enumerate(every)
        ]

    @classmethod
    def joined(cls, parts: Sequence[FilesColumns]) -> FilesColumns:
        """The rows of all of them, one after the other."""
        if len(parts) == 1:
            return parts[0]
        classes: list[FileClass] = []
        numbers: list[int] = []
        links: dict[int, bytes] = {}
        attributes: dict[int, tuple[Attribute, ...]] = {}
        for part in parts:
            before = len(numbers)
            numbers.extend(map(len(classes).__add__, part.numbers))
            classes += part.classes
            links.update((before + row, link) for row, link in part.links.items())
            attributes.update((before + row, each) for row, each in part.attributes.items())
        lists = (list(chain(*column)) for column in zip(*map(_LISTS, parts), strict=True))
        return cls._of(lists, classes, numbers, links, attributes)

    def part(self, begin: int, end: int) -> FilesColumns:
        """The rows from `begin` to before `end`."""
        links = {row - begin: link for row, link in self.links.items() if begin <= row < end}
        odd = {row - begin: each for row, each in self.attributes.items() if begin <= row < end}
        lists = (column[begin:end] for column in _LISTS(self))
        return self._of(lists, self.classes, self.numbers[begin:end], links, odd)

    @classmethod
    def _of(
        cls,
        lists: Iterable[Any],
        classes: Sequence[FileClass],
        numbers: Sequence[int],
        links: Mapping[int, bytes],
        attributes: Mapping[int, tuple[Attribute, ...]],
    ) -> FilesColumns:
        """`lists`: as of `_LISTS`."""
        paths, *others = lists
        return cls._make((paths, classes, numbers, *others, links, attributes))

    def only(self, rows: Sequence[int]) -> FilesColumns:
        """Some of the rows, ascending."""
        links = {at: self.links[row] for at, row in enumerate(rows) if row in self.links}
        odd = {at: self.attributes[row] for at, row in enumerate(rows) if row in self.attributes}
        lists = ([column[row] for row in rows] for column in _LISTS(self))
        return self._of(lists, self.classes, [self.numbers[row] for row in rows], links, odd)


class ColumnRows:
    """The rows that a column has values for."""

    def __init__(self, numbers: Sequence[int], of_classes: Sequence[bool]) -> None:
        """`numbers`: of the class of each row. `of_classes`: whether rows of a class have one."""
        self.where = list(map(of_classes.__getitem__, numbers))
        self.count = sum(self.where)
        self._others = list(compress(range(len(self.where)), map(not_, self.where)))

    def of(self, column: Sequence[_Value]) -> Sequence[_Value]:
        """The values of these rows in a column of all rows."""
        return list(compress(column, self.where)) if self._others else column

    def spread(self, values: Sequence[_Value], without: _Other) -> list[_Value | _Other]:
        """A column of all rows, of the values of these."""
        column: list[_Value | _Other] = []
        at = 0
        for before, row in enumerate(self._others):
            column += values[at : row - before]
            column.append(without)
            at = row - before
        column += values[at:]
        return column
